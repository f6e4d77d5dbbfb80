//! Why a message failed, and what to do about it.

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
    /// The app that sent it is not granted it any more.
    NotGranted,
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
    /// It ends or stalls whatever works on it.
    Poison,
    /// No queue took it: the topology is not as declared.
    Unrouted,
}

/// A code that is no reason's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown reason {code:?}: one of {}", Reason::ALL.map(Reason::code).join(", "))]
pub struct UnknownReason {
    code: String,
}

impl Reason {
    /// All of them.
    pub const ALL: [Reason; 18] = [
        Reason::Copied,
        Reason::Malformed,
        Reason::UnknownSender,
        Reason::SenderMismatch,
        Reason::SignMismatch,
        Reason::NotGranted,
        Reason::ForeignRegion,
        Reason::Ahead,
        Reason::KeyMismatch,
        Reason::UnknownBusicode,
        Reason::InvalidRecords,
        Reason::RandomReused,
        Reason::MissingKey,
        Reason::RefusedByStore,
        Reason::RefusedByParent,
        Reason::Internal,
        Reason::Poison,
        Reason::Unrouted,
    ];

    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Reason::Copied => "COPIED",
            Reason::Malformed => "MALFORMED",
            Reason::UnknownSender => "UNKNOWN_SENDER",
            Reason::SenderMismatch => "SENDER_MISMATCH",
            Reason::SignMismatch => "SIGN_MISMATCH",
            Reason::NotGranted => "NOT_GRANTED",
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
            Reason::Poison => "POISON",
            Reason::Unrouted => "UNROUTED",
        }
    }

    /// Whether nothing is gained by trying again before somebody has looked.
    pub fn is_final(self) -> bool {
        self == Reason::Poison
    }

    /// The reason in Chinese, as the interface log shows it.
    pub fn title(self) -> &'static str {
        match self {
            Reason::Copied => "报文带有 CC 或 BCC 头，可绕过消息队列权限",
            Reason::Malformed => "报文不是 sesame 节点发出的",
            Reason::UnknownSender => "发送节点未登记",
            Reason::SenderMismatch => "签名节点与消息队列用户不符",
            Reason::SignMismatch => "节点间签名校验失败",
            Reason::NotGranted => "报送的应用账号现已无此授权",
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
            Reason::Poison => "处理该报文使程序崩溃或停滞",
            Reason::Unrouted => "没有队列接收该报文",
        }
    }

    /// What an operator can do about it.
    pub fn remedy(self) -> &'static str {
        match self {
            Reason::Copied => "联系发送节点：只能用本系统发送，不得加 CC、BCC 头",
            Reason::Malformed => "联系发送节点核对其程序版本；不是本系统发出的报文应放弃",
            Reason::UnknownSender => "核对发送节点的 appid；确属下级的，在 [[children]] 中登记后重放",
            Reason::SenderMismatch => "核对下级节点的消息队列用户与其 appid 是否一致",
            Reason::SignMismatch => {
                "核对双方密钥（下级 [node] key 与本级 [[children]] key）；换过密钥的，把旧密钥写入 former_keys，然后重放"
            }
            Reason::NotGranted => {
                "用 sesame app show 核对该应用的授权；确应报送的，恢复授权（sesame app grant、enable）后重放，否则放弃"
            }
            Reason::ForeignRegion => "核对 [[children]] 中该节点的 region；数据确不属其辖区的应放弃",
            Reason::Ahead => "校准发送节点与本节点的时钟（NTP），到时自动重试",
            Reason::KeyMismatch => "核对双方行政区划表是否一致，更新后重放",
            Reason::UnknownBusicode => "在本节点数据字典目录加入该数据集，然后重放",
            Reason::InvalidRecords => "按所列记录和字段更正数据后由来源重新上报，或更正本级规则后重放",
            Reason::RandomReused => "来源须换新的请求随机标识重新上报；本批应放弃",
            Reason::MissingKey => "先上报新增，再等待重试或重放；无需修改的应放弃",
            Reason::RefusedByStore => "按数据库给出的原因处理（约束、编码、权限），然后重放",
            Reason::RefusedByParent => "按上级给出的原因处理（权限、大小、路由），然后重放",
            Reason::Internal => "记下日志中的报错并报告给开发者；升级后重放",
            Reason::Poison => {
                "不会自动重试。查明原因（日志、内存、数据库）并报告给开发者；排除后重放，重放时单独隔离处理"
            }
            Reason::Unrouted => {
                "运行 sesame topology check，按提示执行 apply 修复交换机和绑定；之后自动重试，也可立即重放"
            }
        }
    }
}

impl std::str::FromStr for Reason {
    type Err = UnknownReason;

    fn from_str(code: &str) -> Result<Self, UnknownReason> {
        Self::ALL
            .into_iter()
            .find(|reason| reason.code() == code)
            .ok_or_else(|| UnknownReason { code: code.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operators_manual_has_every_reason() {
        let manual = include_str!("../../docs/operations.md");
        for reason in Reason::ALL {
            assert!(manual.contains(&format!("| `{}` |", reason.code())), "{}", reason.code());
        }
    }

    #[test]
    fn every_reason_is_read_as_it_is_written() {
        for reason in Reason::ALL {
            assert_eq!(reason.code().parse(), Ok(reason));
        }
        let unknown = "MISSING_KEYS".parse::<Reason>().unwrap_err().to_string();
        assert!(unknown.contains("MISSING_KEY,"), "{unknown}");
    }
}
