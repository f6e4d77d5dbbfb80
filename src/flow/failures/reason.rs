//! Why a message failed.

/// The reason of a failure. Its code is the log's, the metric's and the store's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// It carries CC or BCC headers.
    Copied,
    /// It was not sealed by a node, or its body is no envelope.
    Malformed,
    /// Sealed by a node that is not known here.
    UnknownSender,
    /// Published by another broker user than the node that sealed it.
    SenderMismatch,
    /// A signature of the hop does not verify.
    SignMismatch,
    /// It speaks for a region that is not the sender's.
    ForeignRegion,
    /// Its version lies in the future.
    Ahead,
    /// Its routing key is not that of its records.
    KeyMismatch,
    /// This node has no dataset of its business code.
    UnknownBusicode,
    /// Its records cannot be merged.
    InvalidRecords,
    /// The random was used for another content.
    RandomReused,
    /// It modifies or deletes records that were never added.
    MissingKey,
    /// PostgreSQL refuses it.
    RefusedByStore,
    /// The parent refuses it.
    RefusedByParent,
    /// This program cannot work on it.
    Internal,
}

impl Reason {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Reason::Copied => "COPIED",
            Reason::Malformed => "MALFORMED",
            Reason::UnknownSender => "UNKNOWN_SENDER",
            Reason::SenderMismatch => "SENDER_MISMATCH",
            Reason::SignMismatch => "SIGN_MISMATCH",
            Reason::ForeignRegion => "FOREIGN_REGION",
            Reason::Ahead => "AHEAD",
            Reason::KeyMismatch => "KEY_MISMATCH",
            Reason::UnknownBusicode => "UNKNOWN_BUSICODE",
            Reason::InvalidRecords => "INVALID_RECORDS",
            Reason::RandomReused => "RANDOM_REUSED",
            Reason::MissingKey => "MISSING_KEY",
            Reason::RefusedByStore => "REFUSED_BY_STORE",
            Reason::RefusedByParent => "REFUSED_BY_PARENT",
            Reason::Internal => "INTERNAL",
        }
    }

    /// The reason in Chinese, as the interface log shows it.
    pub fn title(self) -> &'static str {
        match self {
            Reason::Copied => "报文带有 CC 或 BCC 头，可绕过消息队列权限",
            Reason::Malformed => "报文不是 sesame 节点发出的",
            Reason::UnknownSender => "发送节点未登记",
            Reason::SenderMismatch => "签名节点与消息队列用户不符",
            Reason::SignMismatch => "节点间签名校验失败",
            Reason::ForeignRegion => "行政区划超出发送节点的范围",
            Reason::Ahead => "接收时间超前：请校准时钟",
            Reason::KeyMismatch => "路由键与记录不符",
            Reason::UnknownBusicode => "本节点没有该业务分类代码的数据字典",
            Reason::InvalidRecords => "记录无法处理",
            Reason::RandomReused => "请求随机标识已用于内容不同的另一批次",
            Reason::MissingKey => "修改或删除的记录从未新增",
            Reason::RefusedByStore => "数据库拒绝写入",
            Reason::RefusedByParent => "上级拒绝接收",
            Reason::Internal => "程序内部错误",
        }
    }
}
