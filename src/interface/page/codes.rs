//! Refusals, rules and limits.

use super::html::{Html, badge, code, words};
use crate::interface::Interface;
use crate::interface::bilingual::both;
use crate::interface::contract::{FAULT, LEVELS, RULES, UNANNOUNCED_BYTES, explain};
use crate::standard::refusal::RefusalCode;
use serde_json::json;

/// The table of refusals.
pub(super) fn refusals(html: &mut Html) {
    html.section("refusals", both("拒绝代码", "Refusals"));
    html.paragraph(both(
        "`message` 以方括号中的代码开头，代码不会改变。除“结果未知”的外，被拒绝的请求没有产生任何效果。不要对 4xx（429 除外）自动反复重试。",
        "`message` begins with a code in brackets, and codes never change. Except where the outcome is unknown, a refused request had no \
         effect. Do not repeat 4xx automatically, 429 apart.",
    ));
    let rows = RefusalCode::ALL.map(|refusal| {
        let explanation = explain(refusal);
        [
            code(refusal.as_str()),
            format!("<span class=\"status s{}\">{}</span>", refusal.status() / 100, refusal.status()),
            words(explanation.meaning),
            words(explanation.remedy),
            words(explanation.reuse.words()),
        ]
    });
    html.table(
        "wide",
        [
            both("代码", "Code"),
            both("HTTP", "HTTP"),
            both("含义", "Meaning"),
            both("怎么办", "What to do"),
            both("random", "random"),
        ],
        rows,
    );
    html.paragraph(both(
        "random 一列：**新**，改正后用新的 random；**原**，用原报文重发。429、503 带 `Retry-After`（整秒），405 带 `Allow`。",
        "random: **new**, correct it and take a new one; **same**, send the same envelope again. 429 and 503 have `Retry-After` in whole \
         seconds, 405 has `Allow`.",
    ));
    html.end();
}

/// What `validate` and `INVALID_RECORDS` list.
pub(super) fn rules(html: &mut Html) {
    html.section("rules", both("校验", "Validation"));
    html.paragraph(both(
        "`validate` 的请求与 `exchange` 的 01、02、03 完全相同，走同样的检查，但不报送，也不看主键是否已存在。它用掉自己的 random，正式报送要用新的。",
        "`validate` takes the same request as `exchange` with 01, 02, 03, runs the same checks and sends nothing; it does not look whether \
         keys exist. It uses up its random: take a new one to send.",
    ));
    html.paragraph(both(
        "错误分两级。有 `error` 的，整批不接收（INVALID_RECORDS），busilist 列出最多前 100 处。只有 `warning` 的批次照常接收，`message` 说明警告数；\
         用 `validate` 可以列出它们。",
        "Faults have two levels. With an `error` the whole batch is refused (INVALID_RECORDS) and busilist lists the first 100. A batch with \
         warnings alone is accepted, and `message` says how many; `validate` lists them.",
    ));
    html.table(
        "",
        [both("名称", "Name"), both("说明", "Meaning")],
        FAULT.map(|member| [code(member.name), words(member.meaning)]),
    );
    html.json(
        both("INVALID_RECORDS 的 busilist", "busilist of INVALID_RECORDS"),
        &json!([
            {"INDEX": "3", "FIELD": "SYDW", "RULE": "required", "ERROR": "“使用单位名称”（SYDW）为必填项，未提供"},
            {"INDEX": "3", "FIELD": "DJRQ", "RULE": "format",
             "ERROR": "“登记(发证)日期”（DJRQ）应为：yyyy-MM-dd 形式的真实日期；给出的是“2025/08/01”"},
        ]),
    );
    html.table(
        "",
        [both("LEVEL", "LEVEL"), both("结果", "Outcome")],
        LEVELS.map(|(level, outcome)| [badge(level, both(level, level)), words(outcome)]),
    );
    html.table(
        "",
        [both("RULE", "RULE"), both("含义", "Meaning")],
        RULES.map(|(rule, meaning)| [code(rule), words(meaning)]),
    );
    html.end();
}

/// §7.3.
pub(super) fn limits(html: &mut Html, interface: &Interface) {
    html.section("limits", both("限制（§7.3）", "Limits (§7.3)"));
    let limits = interface.limits();
    let row = |what, value: String| [words(what), value];
    html.table(
        "",
        [both("项目", "What"), both("本节点", "This node")],
        [
            row(both("请求体", "Body of a request"), mebibytes(limits.body_bytes)),
            row(
                both("没有 Content-Length 的请求体", "Body without Content-Length"),
                mebibytes(UNANNOUNCED_BYTES.min(limits.body_bytes)),
            ),
            row(both("一次交换的记录数", "Records of an exchange"), limits.records.to_string()),
            row(both("一条记录的字段数", "Fields of a record"), "256".to_owned()),
            row(both("一页查询", "Rows of a page"), "2000".to_owned()),
        ],
    );
    html.paragraph(both(
        "提供方还可以按应用、按节点约定每次条数和字节数（超过为 TOO_LARGE），每秒次数、每秒字节数、同时处理的次数（超过为 RATE_LIMITED，当场拒绝，\
         message 写明是哪一项、数值和等待时间）。等够 `Retry-After` 后用原报文重发，random 没有被用掉。每批不超过 2000 条为宜。",
        "Operators may also agree, per app and per node, records and bytes of one exchange (more is TOO_LARGE), exchanges and bytes a second, \
         and exchanges at once (more is RATE_LIMITED, refused at once; the message says which limit, its value and how long to wait). \
         After `Retry-After` send the same envelope: its random is not used up. Up to 2,000 records a batch is a good size.",
    ));
    html.end();
}

fn mebibytes(bytes: usize) -> String {
    match bytes % (1 << 20) {
        0 => format!("{} MiB", bytes >> 20),
        _ => format!("{bytes} B"),
    }
}
