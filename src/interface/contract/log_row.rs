//! The rows of the interface log (§6.1 接口日志信息查询).

use crate::interface::Bilingual;
use crate::interface::bilingual::both;
use crate::standard::region::Tier;

/// A field of a row.
#[derive(Debug, Clone, Copy)]
pub struct LogField {
    /// Its name.
    pub name: &'static str,
    /// What it says.
    pub meaning: Bilingual,
}

const fn field(name: &'static str, zh: &'static str, en: &'static str) -> LogField {
    LogField { name, meaning: both(zh, en) }
}

/// The fields of every row, in order; those of the tiers follow ([`tier_fields`]).
pub const LOG_FIELDS: [LogField; 14] = [
    field(
        "TIME",
        "北京时间；批次为进入联邦的节点接收它的时间",
        "Beijing time; of a batch, when its entering node accepted it",
    ),
    field("APPID", "应用账号；被拒绝的请求照报送的样子截短", "Account; of refused requests as sent, shortened"),
    field("BUSICODE", "业务分类代码，同上", "Business code, likewise"),
    field("ACTION", "请求动作代码，同上", "Action, likewise"),
    field(
        "REGION",
        "覆盖批次全部记录的最小区划；没有批次的为空",
        "The smallest region that covers the batch; empty without one",
    ),
    field("RANDOM", "请求随机标识", "Random of the request"),
    field("BATCH", "批次号；查询、校验和被拒绝的请求为空", "Batch id; empty for queries, validations and refusals"),
    field(
        "RECORDS",
        "批次的条数；查询返回的行数；校验的条数；被拒绝时的条数",
        "Records of the batch, rows answered, records validated, or records of a refused batch",
    ),
    field(
        "BYTES",
        "批次为 busilist 的字节数，其他为请求体的字节数",
        "Bytes of a batch's busilist, else of the request's body",
    ),
    field("RESULT", "`0001` 成功，`0000` 失败", "`0001` success, `0000` failure"),
    field("CODE", "拒绝代码或失败原因；成功为空", "Code of the refusal or failure; empty for a success"),
    field("MESSAGE", "说明，供人阅读", "Words for people"),
    field("MILLIS", "在接口处的耗时，毫秒", "Time at the door, in milliseconds"),
    field("STATE", "批次在本节点的状态；没有批次的为空", "State of the batch at this node; empty without one"),
];

/// The fields a row has for each tier it knows something of.
pub fn tier_fields(tier: Tier) -> [(String, Bilingual); 2] {
    let name = tier.as_str().to_uppercase();
    [
        (format!("{name}_STATE"), both("该层级的状态", "State at this tier")),
        (format!("{name}_TIME"), both("该层级的时间，北京时间", "Time of that state, Beijing time")),
    ]
}

/// The further fields of a tier above, as its receipt tells them.
pub fn upper_tier_fields(tier: Tier) -> [(String, Bilingual); 3] {
    let name = tier.as_str().to_uppercase();
    [
        (format!("{name}_RECORDS"), both("上级该层级已入库的条数", "Of a tier above: records applied there")),
        (
            format!("{name}_CODE"),
            both("上级该层级失败的原因代码；正常为空", "Of a tier above: code of the failure; empty where all is well"),
        ),
        (
            format!("{name}_MESSAGE"),
            both(
                "上级该层级失败的说明，包括未入库的记录、字段和规则（前 10 处）；正常为空",
                "Of a tier above: the reason in words, with the records, fields and rules at fault (the first 10); empty where all is \
                 well",
            ),
        ),
    ]
}

/// The states of a batch.
pub const STATES: [(&str, Bilingual); 6] = [
    ("accepted", both("已接收，等待入库", "Accepted, waiting to be persisted")),
    ("persisted", both("已入库", "In the store")),
    (
        "failed",
        both(
            "处理失败，正在重试（一轮 3 次，间隔数秒）：看 CODE",
            "An attempt failed; tried again, three a round: see CODE",
        ),
    ),
    (
        "parked",
        both(
            "一轮 3 次均失败，已标记，24 小时后重新校验处理（§7.4）：看 CODE",
            "Three attempts failed; marked, verified and tried again after 24 hours (§7.4): see CODE",
        ),
    ),
    (
        "abandoned",
        both(
            "各轮均失败，或由操作员放弃：联系提供方",
            "All rounds failed, or given up by an operator: ask the operator",
        ),
    ),
    ("resolved", both("曾经失败，现已入库", "Failed once, in the store since")),
];

/// What CODE of a batch says that its sender can act on; others are the operator's affair, and nothing is lost.
pub const BATCH_CODES: [(&str, Bilingual); 6] = [
    (
        "STALE",
        both(
            "已入库，其中有的记录比已有数据旧，未生效：核对 SJGXSJ",
            "Persisted; some records were older than what was there: compare SJGXSJ",
        ),
    ),
    (
        "MISSING_KEY",
        both(
            "02、03 的记录从未新增，整批未生效：用 01 补报缺少的记录，原批次下一次重试时自动成功",
            "02 or 03 of a record never added, nothing of the batch applied: add it by 01, and the batch succeeds at its next \
             attempt",
        ),
    ),
    (
        "RANDOM_REUSED",
        both(
            "random 已用于内容不同的另一批次：用新的 random 重新报送",
            "The random was used for another batch: send again with a new one",
        ),
    ),
    (
        "INVALID_RECORDS",
        both(
            "有记录不符合本节点的规则，暂未采用：看 MESSAGE，改正后另行报送",
            "Some records break rules of this node and wait: see MESSAGE, correct and send anew",
        ),
    ),
    (
        "NOT_GRANTED",
        both(
            "重试时应用账号已无此授权，未生效：联系提供方恢复授权，下一次重试时自动成功",
            "When it was tried again the app was not granted it any more: ask the operator; granted again, it succeeds at its next attempt",
        ),
    ),
    (
        "REFUSED_BY_PARENT",
        both(
            "本节点已入库，上级节点的消息服务拒收：由提供方处理",
            "Persisted here, refused by the parent's broker: the operator's affair",
        ),
    ),
];
