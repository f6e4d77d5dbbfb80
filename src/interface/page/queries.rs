//! The queries: of records, and of the interface log.

use super::html::{Html, code, words};
use crate::dataset::Dictionary;
use crate::interface::bilingual::both;
use crate::interface::contract::{
    BATCH_CODES, Condition, LOG_CONDITIONS, LOG_FIELDS, RECORD_CONDITIONS, STATES, tier_fields, upper_tier_fields,
};
use crate::interface::example::Records;
use crate::standard::code::Action;
use crate::standard::region::Tier;
use serde_json::{Value, json};

fn conditions(html: &mut Html, before: Option<[String; 2]>, conditions: &[Condition]) {
    let rows = conditions.iter().map(|condition| [code(condition.name), words(condition.meaning)]);
    html.table("", [both("条件", "Condition"), both("说明", "Meaning")], before.into_iter().chain(rows));
}

/// Action 04.
pub(super) fn records(html: &mut Html, records: &Records, dictionary: &Dictionary) {
    html.section("query", both("查询", "Query"));
    html.paragraph(both(
        "`exchange`，动作 `04`。busilist 中放**一个**条件对象，各条件同时成立；`[]` 等于 `[{}]`，即授权范围内的全部。时间写作 \
         `yyyy-MM-dd HH:mm:ss`（北京时间）或带时区的 RFC 3339。不认识或写错的条件为 INVALID_RECORDS。",
        "`exchange` with action `04`. busilist holds **one** object of conditions, all of which must hold; `[]` is `[{}]`, everything \
         granted. Times are `yyyy-MM-dd HH:mm:ss` Beijing time, or RFC 3339. Unknown or wrong conditions are INVALID_RECORDS.",
    ));
    let key = both("全部或一部分，等值比较（全角半角视为相同）", "some or all, compared for equality after NFKC");
    let key = [words(both("主键字段", "Fields of the primary key")), words(key)];
    conditions(html, Some(key), &RECORD_CONDITIONS);
    let example =
        dictionary.datasets().find_map(|dataset| records.of_action(dataset, Action::Query)).unwrap_or_default();
    html.json(both("按主键", "By key"), &json!([Value::Object(example)]));
    html.json(
        both("按区划和时间，一页", "By region and time, a page"),
        &json!([{"REGION": "370203", "SINCE": "2025-08-01 00:00:00", "SIZE": "100"}]),
    );
    html.list(
        false,
        &[
            both(
                "每行是记录当前的字段，值为报送的原文；没有值的字段不出现，次序不定。没有命中也是 `0001`，busilist 为 `[]`。",
                "Rows are the present fields as text as sent; fields without a value are absent, their order is not fixed. No hit is `0001` \
                 with `[]`.",
            ),
            both(
                "**翻页**：datalist 有 `after` 就还有下一页（即使这一页不满）：放进 `AFTER`，其他条件不变，换新的 random，再查。",
                "**Pages**: there is a next page exactly when datalist has `after`, even if this one is not full: repeat the query with it as \
                 `AFTER` and a new random.",
            ),
            both(
                "次序是在本节点生效的先后。翻页期间不会漏掉记录；又变化的记录会在后面再出现，以后出现的为准。",
                "Rows come in the order applied here. No record is missed; one that changes meanwhile appears again later, and the later counts.",
            ),
            both(
                "**增量取数**：SINCE 取上次开始的时间再提前几分钟，翻到没有 after 为止，按主键覆盖；要同步删除须带 `DELETED`。",
                "**Incremental reading**: SINCE a few minutes before the start of the last run, pages to the end, overwrite by key; include \
                 `DELETED` to learn of deletions.",
            ),
        ],
    );
    html.end();
}

/// interFlag `log`.
pub(super) fn log(html: &mut Html) {
    html.section("log", both("接口日志", "Interface log"));
    html.paragraph(both(
        "interFlag `log`，动作 `04`，busicode `000`（全部）或某个业务分类代码。应用只能看到自己的交换，有运维授权的可看全部。翻页同上。",
        "interFlag `log`, action `04`, busicode `000` (all) or one code. An app sees its own exchanges, an app with the operator grant all. \
         Pages as above.",
    ));
    conditions(html, None, &LOG_CONDITIONS);
    html.heading(both("每行的字段", "Fields of a row"));
    let own = LOG_FIELDS.iter().map(|field| [code(field.name), words(field.meaning)]);
    // A county lies above nothing.
    let upper = Tier::ALL.into_iter().filter(|tier| *tier != Tier::County).flat_map(upper_tier_fields);
    let tiers = Tier::ALL.into_iter().flat_map(tier_fields).chain(upper);
    let tiers = tiers.map(|(name, meaning)| [code(&name), words(meaning)]);
    html.table("", [both("字段", "Field"), both("说明", "Meaning")], own.chain(tiers));
    html.heading(both("STATE", "STATE"));
    html.table(
        "",
        [both("状态", "State"), both("含义", "Meaning")],
        STATES.map(|(state, meaning)| [code(state), words(meaning)]),
    );
    html.heading(both("批次的 CODE", "CODE of a batch"));
    html.table(
        "",
        [both("CODE", "CODE"), both("含义", "Meaning")],
        BATCH_CODES.map(|(name, meaning)| [code(name), words(meaning)]),
    );
    html.paragraph(both(
        "追踪一个批次按 `BATCH` 查；刚接收的批次可能还没有行，那表示仍在队列中，不是丢失。连续取日志时请让时间段有所重叠。",
        "To follow one batch ask by `BATCH`; no row yet means it is queued. When reading by time, let spans overlap: batches stand at their \
         acceptance and may be persisted later.",
    ));
    html.end();
}
