//! Schemas of requests (Annex A.1): one for each dataset and action, chosen from by interFlag.

use super::record::{condition, name, reference};
use crate::dataset::{Dataset, Dictionary};
use crate::interface::contract::{LOG_CONDITIONS, REQUEST, action as action_words, dataset as english};
use crate::interface::example::{self, APPID, Records};
use crate::interface::{InterFlag, Interface};
use crate::standard::code::Action;
use crate::standard::random::Random;
use serde_json::{Map, Value, json};

/// The name of the schema of a request.
fn request_name(dataset: &Dataset, action: Action) -> String {
    let action = match action {
        Action::Add => "Add",
        Action::Modify => "Modify",
        Action::Delete => "Delete",
        Action::Query => "Query",
    };
    format!("{action}{}", dataset.code())
}

/// The name of the schema of all requests of an interFlag.
pub(super) fn flag_name(flag: InterFlag) -> &'static str {
    match flag {
        InterFlag::Exchange => "ExchangeRequest",
        InterFlag::Validate => "ValidateRequest",
        InterFlag::Log => "LogRequest",
    }
}

pub(super) fn add_schemas(schemas: &mut Map<String, Value>, interface: &Interface, dictionary: &Dictionary) {
    let [appid, _, _, busilist, random, sign] = REQUEST.map(|member| member.meaning.paragraphs());
    schemas.insert("Appid".to_owned(), json!({"type": "string", "description": appid, "examples": [APPID]}));
    schemas.insert(
        "Random".to_owned(),
        json!({
            "type": "string", "minLength": 1, "maxLength": Random::MAX, "pattern": "^[ -~]+$", "description": random,
            "examples": [example::RANDOM],
        }),
    );
    schemas.insert("Sign".to_owned(), json!({"type": "string", "pattern": "^[0-9A-Fa-f]*$", "description": sign}));
    schemas.insert("BusilistText".to_owned(), json!({"type": "string", "description": busilist}));
    for dataset in dictionary.datasets() {
        for action in Action::ALL {
            let list = match action {
                Action::Query => json!({"type": "array", "maxItems": 1, "items": reference(&name(dataset, action))}),
                _ => json!({
                    "type": "array", "minItems": 1, "maxItems": interface.limits().records,
                    "items": reference(&name(dataset, action)),
                }),
            };
            let (code, words) = (dataset.code().to_string(), action_words(action));
            let title = format!(
                "{code} {} · {} {} {}",
                dataset.title(),
                action.code(),
                words.zh,
                english_title(dataset, action)
            );
            schemas.insert(
                request_name(dataset, action),
                envelope(&title, &json!({"const": code}), &json!({"const": action.code()}), &list),
            );
        }
    }
    for flag in [InterFlag::Exchange, InterFlag::Validate] {
        let of = |dataset| flag.actions().iter().map(move |action| reference(&request_name(dataset, *action)));
        let each: Vec<Value> = dictionary.datasets().flat_map(of).collect();
        schemas.insert(flag_name(flag).to_owned(), json!({"oneOf": each}));
    }
    add_log(schemas, dictionary);
}

fn english_title(dataset: &Dataset, action: Action) -> String {
    english(dataset.code()).map_or_else(String::new, |name| format!("{name}: {}", action_words(action).en))
}

fn add_log(schemas: &mut Map<String, Value>, dictionary: &Dictionary) {
    let codes: Vec<String> = dictionary.datasets().map(|dataset| dataset.code().to_string()).collect();
    let first = codes.first().cloned().unwrap_or_default();
    let conditions = LOG_CONDITIONS.iter().map(|given| (given.name.to_owned(), condition(given, &first)));
    schemas.insert(
        "LogConditions".to_owned(),
        json!({
            "title": "接口日志：查询条件 conditions",
            "type": "object",
            "additionalProperties": false,
            "properties": conditions.collect::<Map<_, _>>(),
        }),
    );
    let all: Vec<String> = std::iter::once("000".to_owned()).chain(codes).collect();
    let list = json!({"type": "array", "maxItems": 1, "items": reference("LogConditions")});
    let request = envelope(
        "接口日志查询 Query of the interface log",
        &json!({"enum": all}),
        &json!({"const": Action::Query.code()}),
        &list,
    );
    schemas.insert(flag_name(InterFlag::Log).to_owned(), request);
}

/// The envelope of table 1. Other members at the top are ignored, so they are not forbidden here.
fn envelope(title: &str, busicode: &Value, action: &Value, busilist: &Value) -> Value {
    json!({
        "title": title,
        "type": "object",
        "required": REQUEST.map(|member| member.name),
        "properties": {
            "appid": reference("Appid"),
            "busicode": busicode,
            "action": action,
            "busilist": {"oneOf": [busilist, reference("BusilistText")]},
            "random": reference("Random"),
            "sign": reference("Sign"),
        },
    })
}

/// The body of an interFlag's requests, with an example of each dataset and action.
pub(super) fn body(flag: InterFlag, dictionary: &Dictionary, records: &Records) -> Value {
    let mut examples = Map::new();
    let mut add = |name: String, summary: String, busicode: &str, action: Action, busilist: &Value| {
        let request = example::request(busicode, action, &busilist.to_string());
        // What was just written as JSON is JSON.
        if let Some(value) = request.and_then(|text| serde_json::from_str::<Value>(&text).ok()) {
            examples.insert(name, json!({"summary": summary, "value": value}));
        }
    };
    match flag {
        InterFlag::Log => {
            let conditions = json!([{"FROM": "2025-08-01 00:00:00", "STATE": "persisted", "SIZE": "100"}]);
            add("log".to_owned(), "已入库的批次 batches persisted".to_owned(), "000", Action::Query, &conditions);
        }
        InterFlag::Exchange | InterFlag::Validate => {
            for dataset in dictionary.datasets() {
                for action in flag.actions() {
                    let Some(record) = records.of_action(dataset, *action) else { continue };
                    let summary = format!("{} {} {}", dataset.code(), dataset.title(), action_words(*action).zh);
                    let code = dataset.code().to_string();
                    add(request_name(dataset, *action), summary, &code, *action, &json!([record]));
                }
            }
        }
    }
    json!({
        "required": true,
        "description": "UTF-8。Content-Type 不影响处理，写了 charset 的须为 UTF-8 \
            UTF-8. Content-Type is ignored unless it names another charset",
        "content": {"application/json": {"schema": reference(flag_name(flag)), "examples": examples}},
    })
}
