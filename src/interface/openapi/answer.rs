//! Schemas of responses (Annex A.2): a success of each interFlag, and a refusal of each HTTP status.

use super::record::{reference, row_name};
use crate::dataset::Dictionary;
use crate::interface::InterFlag;
use crate::interface::contract::{
    DATALIST, FAULT, LEVELS, LOG_FIELDS, RESPONSE, explain, tier_fields, upper_tier_fields,
};
use crate::interface::example;
use crate::standard::random::Random;
use crate::standard::refusal::{Refusal, RefusalCode};
use crate::standard::region::Tier;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Every HTTP status of a refusal.
pub(super) fn statuses() -> BTreeSet<u16> {
    RefusalCode::ALL.into_iter().map(RefusalCode::status).collect()
}

/// The name of the response of a status.
pub(super) fn component(status: u16) -> String {
    format!("Refused{status}")
}

pub(super) fn add_schemas(schemas: &mut Map<String, Value>, dictionary: &Dictionary) {
    schemas.insert("DatalistText".to_owned(), datalist_text());
    schemas.insert(
        "Ciphertext".to_owned(),
        json!({
            "type": "string", "pattern": "^[0-9A-F]+$", "description": "约定加密的应用 for apps with encryption",
        }),
    );
    schemas.insert("Fault".to_owned(), fault());
    schemas.insert("LogRow".to_owned(), log_row());
    schemas.insert(
        "Batch".to_owned(),
        json!({
            "title": "批次 batch",
            "type": "object",
            "required": ["BATCH", "RECORDS"],
            "properties": {
                "BATCH": {"type": "string", "format": "uuid", "description": "批次号 batch id"},
                "RECORDS": {"type": "string", "pattern": "^[0-9]+$", "description": "条数 records"},
            },
        }),
    );
    let array = |items: Value, most: Option<u32>| {
        let mut list = json!({"type": "array", "items": items});
        if let Some(most) = most {
            list["minItems"] = most.into();
            list["maxItems"] = most.into();
        }
        json!({"oneOf": [list, reference("Ciphertext")]})
    };
    schemas.insert(
        "Accepted".to_owned(),
        datalist("已可靠接收 accepted", "0001", None, array(reference("Batch"), Some(1))),
    );
    let rows: Vec<Value> = dictionary.datasets().map(|dataset| reference(&row_name(dataset))).collect();
    schemas.insert("Page".to_owned(), datalist("查询结果 a page", "0001", None, array(json!({"anyOf": rows}), None)));
    schemas.insert("Validated".to_owned(), datalist("校验通过 good", "0001", None, array(reference("Fault"), None)));
    schemas.insert("LogPage".to_owned(), datalist("日志 log", "0001", None, array(reference("LogRow"), None)));
    for status in statuses() {
        let refusal = datalist("拒绝 refused", "0000", Some(&pattern(status)), array(reference("Fault"), None));
        schemas.insert(component(status), refusal);
    }
    let any = pattern_of(&RefusalCode::ALL);
    schemas.insert("Refused".to_owned(), datalist("拒绝 refused", "0000", Some(&any), array(reference("Fault"), None)));
}

/// What is answered with status 200.
pub(super) fn success(flag: InterFlag) -> Value {
    let (names, example): (&[&str], Value) = match flag {
        InterFlag::Exchange => (&["Accepted", "Page"], serde_json::from_str(example::DATALIST).unwrap_or_default()),
        InterFlag::Validate => {
            (&["Validated"], json!({"result": "0001", "message": "校验通过，共1条，未报送", "busilist": []}))
        }
        InterFlag::Log => (&["LogPage"], json!({"result": "0001", "message": "本页0条", "busilist": []})),
    };
    let forms = names.iter().chain(&["Refused", "DatalistText"]).map(|name| reference(name)).collect::<Vec<_>>();
    // Signed over the text that stands here.
    let signed = match flag {
        InterFlag::Exchange => example::sign(&example::canonical_response(), Default::default()),
        _ => String::new(),
    };
    json!({
        "description": "成功；设为一律返回 200 的应用和节点，拒绝也在此列 \
            Success; also refusals, of apps and nodes set to answer 200 always",
        "content": {"application/json": {
            "schema": response(&json!({"anyOf": forms})),
            "example": {"datalist": example, "random": example::RANDOM, "sign": signed},
        }},
    })
}

/// The responses of every status of a refusal, each with an example of each of its codes.
pub(super) fn refusals() -> Value {
    let responses = statuses().into_iter().map(|status| {
        let mut lines = Vec::new();
        let mut examples = Map::new();
        for code in of_status(status) {
            let explanation = explain(code);
            let (meaning, remedy) = (explanation.meaning, explanation.remedy);
            lines.push(format!(
                "`{code}`：{}。{}。{}. {}. random: {}",
                meaning.zh,
                remedy.zh,
                meaning.en,
                remedy.en,
                explanation.reuse.words().line()
            ));
            let message = Refusal::new(code, explanation.example).to_string();
            let datalist = json!({"result": "0000", "message": message, "busilist": example_faults(code)});
            let value = json!({"datalist": datalist, "random": example::RANDOM, "sign": ""});
            examples.insert(code.as_str().to_owned(), json!({"summary": meaning.line(), "value": value}));
        }
        let schema = response(&json!({"oneOf": [reference(&component(status)), reference("DatalistText")]}));
        let mut response = json!({
            "description": lines.join("\n\n"),
            "content": {"application/json": {"schema": schema, "examples": examples}},
        });
        if let Some(header) = header_of(status) {
            response["headers"] = json!({header: {"$ref": format!("#/components/headers/{header}")}});
        }
        (component(status), response)
    });
    responses.collect::<Map<_, _>>().into()
}

/// The headers that mean something.
pub(super) fn headers() -> Value {
    json!({
        "Retry-After": {
            "required": true,
            "description": "多少秒之后再试 seconds to wait",
            "schema": {"type": "integer", "minimum": 1},
        },
        "Allow": {"required": true, "description": "可用的方法 methods it takes", "schema": {"type": "string"}},
        "ETag": {"required": true, "description": "内容的标记 tag of the content", "schema": {"type": "string"}},
    })
}

fn header_of(status: u16) -> Option<&'static str> {
    match status {
        405 => Some("Allow"),
        429 | 503 => Some("Retry-After"),
        _ => None,
    }
}

fn of_status(status: u16) -> impl Iterator<Item = RefusalCode> {
    RefusalCode::ALL.into_iter().filter(move |code| code.status() == status)
}

/// What the message of a status begins with.
fn pattern(status: u16) -> String {
    pattern_of(&of_status(status).collect::<Vec<_>>())
}

fn pattern_of(codes: &[RefusalCode]) -> String {
    let names: BTreeSet<&str> = codes.iter().map(|code| code.as_str()).collect();
    format!("^\\[({})\\] ", names.into_iter().collect::<Vec<_>>().join("|"))
}

fn example_faults(code: RefusalCode) -> Value {
    match code {
        RefusalCode::InvalidRecords => json!([{
            "INDEX": "3", "FIELD": "SYDW", "RULE": "required", "ERROR": "“使用单位名称”（SYDW）为必填项，未提供",
        }]),
        _ => json!([]),
    }
}

/// The whole body. Further members may come; clients ignore them.
fn response(datalist: &Value) -> Value {
    let [_, random, sign] = RESPONSE.map(|member| member.meaning.paragraphs());
    json!({
        "type": "object",
        "required": RESPONSE.map(|member| member.name),
        "properties": {
            "datalist": datalist,
            "random": {"type": "string", "maxLength": Random::MAX, "description": random},
            "sign": {"type": "string", "pattern": "^[0-9A-F]*$", "description": sign},
        },
    })
}

fn datalist(title: &str, result: &str, pattern: Option<&str>, busilist: Value) -> Value {
    let [results, message, list, after] = DATALIST.map(|member| member.meaning.paragraphs());
    let mut properties = json!({
        "result": {"const": result, "description": results},
        "message": {"type": "string", "description": message},
        "busilist": busilist,
    });
    properties["busilist"]["description"] = list.into();
    match pattern {
        Some(pattern) => properties["message"]["pattern"] = pattern.into(),
        None => properties["after"] = json!({"type": "string", "description": after}),
    }
    json!({"title": title, "type": "object", "required": ["result", "message", "busilist"], "properties": properties})
}

fn datalist_text() -> Value {
    json!({
        "type": "string",
        "pattern": "^\\{\"result\":\"000[01]\"",
        "description": "按应用约定，datalist 为 JSON 字符串（表 4） for apps configured so, datalist is a JSON string (table 4)",
    })
}

fn fault() -> Value {
    let mut properties: Map<String, Value> = FAULT
        .iter()
        .map(|member| (member.name.to_owned(), json!({"type": "string", "description": member.meaning.paragraphs()})))
        .collect();
    properties["INDEX"]["pattern"] = "^[0-9]+$".into();
    properties["LEVEL"]["enum"] = LEVELS.iter().map(|(level, _)| *level).collect();
    json!({
        "title": "错误 fault",
        "type": "object",
        "required": ["INDEX", "FIELD", "RULE", "ERROR"],
        "properties": properties,
    })
}

fn log_row() -> Value {
    let own = LOG_FIELDS.iter().map(|field| (field.name.to_owned(), field.meaning));
    let upper = Tier::ALL.into_iter().filter(|tier| *tier != Tier::County).flat_map(upper_tier_fields);
    let tiers = Tier::ALL.into_iter().flat_map(tier_fields).chain(upper);
    let properties =
        own.chain(tiers).map(|(name, meaning)| (name, json!({"type": "string", "description": meaning.paragraphs()})));
    json!({
        "title": "日志的一行 row of the log",
        "type": "object",
        "required": LOG_FIELDS.map(|field| field.name),
        "properties": properties.collect::<Map<_, _>>(),
        "additionalProperties": {"type": "string"},
    })
}
