//! The data dictionary: a table of fields for each dataset, and the code lists.

use super::html::{Html, badge, code, escape, words};
use crate::dataset::field::{Field, Kind, ListMode};
use crate::dataset::{AcrossRule, Dataset, Dictionary};
use crate::interface::bilingual::both;
use crate::interface::contract::{dataset as english, format};
use crate::interface::example::Records;
use serde_json::Value;

/// What a dataset is called, in both languages where it has a name in both.
pub(super) fn name(dataset: &Dataset) -> String {
    match english(dataset.code()) {
        Some(english) => format!(
            "<span class=\"zh\" lang=\"zh-CN\">{}</span><span class=\"en\" lang=\"en\">{}</span>",
            escape(dataset.title()),
            escape(english)
        ),
        None => escape(dataset.title()),
    }
}

/// All of them, in one table.
pub(super) fn overview(html: &mut Html, dictionary: &Dictionary) {
    html.section("dictionary", both("数据字典", "Data dictionary"));
    if dictionary.datasets().any(Dataset::is_provisional) {
        html.note(both(
            "字典是**暂定**的：规定字段标识、长度和代码的配套标准 MR/T xxxx《特种设备安全监管信息资源数据规范》尚未发布，发布后以其为准。请把字段名放在配置里。",
            "The dictionary is **provisional**: the companion standard MR/T xxxx, which fixes identifiers, lengths and codes, is not published \
             and will count when it is. Keep field names in configuration.",
        ));
    }
    let rows = dictionary.datasets().map(|dataset| {
        [
            format!("<a href=\"#d{0}\"><code>{0}</code></a>", dataset.code()),
            name(dataset),
            dataset.key().iter().map(|key| code(key)).collect::<Vec<_>>().join(" + "),
            dataset.fields().len().to_string(),
            escape(dataset.version()),
        ]
    });
    html.table(
        "wide",
        [
            both("代码", "Code"),
            both("名称", "Name"),
            both("主键", "Primary key"),
            both("字段", "Fields"),
            both("版本", "Version"),
        ],
        rows,
    );
    html.paragraph(both(
        "值一律按文本校验。数字和字母须为半角。必填是指 01；02、03 见“新增、修改、删除”。字典只有中文名称。",
        "Values are checked as text, digits and letters in ASCII. 'Required' is of 01; for 02 and 03 see above. Names of fields are Chinese \
         alone.",
    ));
    html.end();
}

/// One dataset.
pub(super) fn dataset(html: &mut Html, dataset: &Dataset, records: &Records) {
    let code_of = dataset.code().to_string();
    html.push(&format!(
        "<section id=\"d{code_of}\" class=\"dataset\"><h3><a href=\"#d{code_of}\"><span class=\"code\">{code_of}</span> {}</a>",
        name(dataset)
    ));
    html.push(&format!("<small>{} {}</small></h3>", words(both("版本", "version")), escape(dataset.version())));
    let rows = dataset.fields().iter().map(|field| {
        let mut id = code(&field.id);
        id.push_str(&marks(dataset, field));
        let required = if field.required { badge("required", both("必填", "required")) } else { String::new() };
        [id, escape(&field.title), words(kind(field)), length(field), required, rule(dataset, field)]
    });
    html.table(
        "fields",
        [
            both("标识", "Identifier"),
            both("名称", "Name"),
            both("类型", "Type"),
            both("长度", "Length"),
            both("必填", "Required"),
            both("规则", "Rule"),
        ],
        rows,
    );
    if !dataset.rules_across().is_empty() {
        let rules: String = dataset.rules_across().iter().map(|rule| across(dataset, rule)).collect();
        let title = words(both("字段之间的规则", "Rules across fields"));
        html.push(&format!("<h4>{title}</h4><ul>{rules}</ul>"));
    }
    if let Some(record) = records.add(dataset) {
        html.push("<details><summary>");
        html.push(&words(both("一条合格的记录", "A good record")));
        html.push("</summary>");
        html.json(both("动作 01", "action 01"), &Value::Object(record.clone()));
        html.push("</details>");
    }
    html.end();
}

/// A rule across fields: its level, its name in RULE, the field it is told at, and what it asks for, in the dictionary's Chinese.
fn across(dataset: &Dataset, rule: &AcrossRule) -> String {
    let level = badge(rule.level.as_str(), both(rule.level.as_str(), rule.level.as_str()));
    let title = dataset.field(&rule.field).map_or("", |field| field.title.as_str());
    let (id, field, title, expects) = (escape(&rule.id), escape(&rule.field), escape(title), escape(&rule.expects));
    format!("<li>{level} <code>{id}</code> “{title}”（<code>{field}</code>）{expects}</li>")
}

fn marks(dataset: &Dataset, field: &Field) -> String {
    let mut marks = String::new();
    if dataset.key().contains(&field.id) {
        marks.push_str(&badge("key", both("主键", "key")));
    }
    if field.id == dataset.region_field() {
        marks.push_str(&badge("region", both("区划", "region")));
    }
    if field.id == dataset.time_field() {
        marks.push_str(&badge("time", both("更新时间", "time")));
    }
    if field.sensitivity.is_some() {
        marks.push_str(&badge("sensitive", both("敏感", "sensitive")));
    }
    marks
}

fn kind(field: &Field) -> crate::interface::Bilingual {
    match field.kind {
        Kind::Text => both("文本", "text"),
        Kind::Number { .. } => both("数字", "number"),
        Kind::Date => both("日期", "date"),
        Kind::DateTime => both("时间", "time"),
        Kind::Code => both("代码", "code"),
    }
}

fn length(field: &Field) -> String {
    match (field.kind, field.max_len) {
        (Kind::Number { precision, scale: 0 }, _) => precision.to_string(),
        (Kind::Number { precision, scale }, _) => format!("{precision},{scale}"),
        (_, Some(most)) => most.to_string(),
        (_, None) => String::new(),
    }
}

/// The rule of a field: its codes, its format, its range, or the dictionary's own words.
fn rule(dataset: &Dataset, field: &Field) -> String {
    if field.server_kept {
        return words(both("由节点维护，写操作中忽略", "Kept by the node, ignored in writes"));
    }
    let property = dataset.schema().get("properties").and_then(|properties| properties.get(&field.id));
    let said = |keyword: &str| property.and_then(|property| property.get(keyword));
    let mut parts = Vec::new();
    if let Some(used) = &field.codelist {
        let link = format!("<a href=\"#l{0}\">{0}</a> {1}", escape(&used.name), escape(&used.list.title));
        let how = match used.mode {
            ListMode::One => both("代码表", "code list"),
            ListMode::Several => both("代码表，可有多个，用 `;` 分隔", "codes of a list, separated by `;`"),
            ListMode::Advisory => both("参考代码表，也接收其他值", "code list as a help; other values are taken"),
        };
        parts.push(format!("{} {link}", words(how)));
    }
    match said("format").and_then(Value::as_str).and_then(format) {
        Some(format) => parts.push(words(format)),
        // The one pattern that many fields have; what others want, dictionaries say in Chinese alone.
        None if said("pattern").is_some_and(|pattern| pattern == "\\S") => {
            parts.push(words(both("不能只有空白", "Not white space alone")));
        }
        None => parts.extend(field.expects.as_deref().map(escape)),
    }
    let bound = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    parts.extend(said("x-minimum").map(|least| format!("≥ {}", escape(&bound(least)))));
    parts.extend(said("x-maximum").map(|most| format!("≤ {}", escape(&bound(most)))));
    parts.join("<br>")
}

/// Every code list.
pub(super) fn code_lists(html: &mut Html, dictionary: &Dictionary) {
    html.section("code-lists", both("代码表", "Code lists"));
    html.push("<div class=\"lists\">");
    for (name, list) in dictionary.codelists().iter() {
        let items: String = list
            .items
            .iter()
            .map(|item| format!("<tr><td>{}</td><td>{}</td></tr>", code(&item.code), escape(&item.title)))
            .collect();
        let (name, title) = (escape(name), escape(&list.title));
        html.push(&format!(
            "<table id=\"l{name}\"><caption><strong>{name}</strong> {title}</caption><tbody>{items}</tbody></table>"
        ));
    }
    html.push("</div>");
    html.end();
}
