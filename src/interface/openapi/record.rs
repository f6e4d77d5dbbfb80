//! Schemas of records, made from the dictionary: one for each dataset and action, and one of a row.
//!
//! The dictionary's rules are over values as text; what is sent may also be a number, and null or "" where nothing is given.
//! So each property takes these kinds, and the rules bind its strings. What is said of a whole record (conditional rules)
//! is about what is given, not about what is there, and stands in `x-rules`, unchecked.

use crate::dataset::field::{Field, Kind, ListMode};
use crate::dataset::{Dataset, Dictionary};
use crate::interface::contract::{Condition, LARGEST_PAGE, RECORD_CONDITIONS, Shape};
use crate::standard::code::Action;
use serde_json::{Map, Value, json};

/// Whether a record must, may or need not say something in a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    Required,
    /// null and "" mean that nothing is given.
    Optional,
    /// May be left out, and cannot be cleared.
    Kept,
}

/// The name of the schema of what an action takes.
pub(super) fn name(dataset: &Dataset, action: Action) -> String {
    let prefix = match action {
        Action::Add => "Record",
        Action::Modify => "Change",
        Action::Delete => "Key",
        Action::Query => "Conditions",
    };
    format!("{prefix}{}", dataset.code())
}

/// The name of the schema of a row that a query answers.
pub(super) fn row_name(dataset: &Dataset) -> String {
    format!("Row{}", dataset.code())
}

/// A reference to a schema.
pub(super) fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

pub(super) fn add_schemas(schemas: &mut Map<String, Value>, dictionary: &Dictionary) {
    schemas.insert("Value".to_owned(), json!({"type": ["string", "number", "null"]}));
    for (name, list) in dictionary.codelists().iter() {
        let codes = list.items.iter().map(|item| json!({"const": item.code, "title": item.title}));
        let schema = json!({"title": list.title, "oneOf": codes.collect::<Vec<_>>()});
        schemas.insert(format!("CodeList{name}"), schema);
    }
    for dataset in dictionary.datasets() {
        schemas.insert(name(dataset, Action::Add), add(dataset));
        schemas.insert(name(dataset, Action::Modify), modify(dataset));
        schemas.insert(name(dataset, Action::Delete), delete(dataset));
        schemas.insert(name(dataset, Action::Query), conditions(dataset));
        schemas.insert(row_name(dataset), row(dataset));
    }
}

/// A whole record: the dictionary's own schema, with values as they may be sent.
fn add(dataset: &Dataset) -> Value {
    let mut schema = Map::new();
    let mut rules = Vec::new();
    for (keyword, value) in dataset.schema() {
        match keyword.as_str() {
            "$schema" | "$id" | "$comment" | "properties" => {}
            "title" | "type" | "required" | "additionalProperties" => {
                schema.insert(keyword.clone(), value.clone());
            }
            annotation if annotation.starts_with("x-") => {
                schema.insert(keyword.clone(), value.clone());
            }
            "allOf" => rules.extend(value.as_array().into_iter().flatten().cloned()),
            _ => rules.push(json!({keyword: value})),
        }
    }
    if !rules.is_empty() {
        schema.insert("x-rules".to_owned(), rules.into());
    }
    let presence = |field: &Field| if field.required { Presence::Required } else { Presence::Optional };
    schema.insert("properties".to_owned(), properties(dataset, presence));
    schema.into()
}

/// Changes of some fields: null or "" clears one, but never a required one.
fn modify(dataset: &Dataset) -> Value {
    let mut required = dataset.key().to_vec();
    required.push(dataset.time_field().to_owned());
    let presence = |field: &Field| match (required.contains(&field.id), field.required) {
        (true, _) => Presence::Required,
        (false, true) => Presence::Kept,
        (false, false) => Presence::Optional,
    };
    json!({
        "title": format!("{}：修改 changes", dataset.title()),
        "type": "object",
        "required": required,
        "additionalProperties": false,
        "properties": properties(dataset, presence),
    })
}

/// The key and the region; other fields are known and not looked at.
fn delete(dataset: &Dataset) -> Value {
    let mut shown = Map::new();
    for field in dataset.fields() {
        let schema = match dataset.key().contains(&field.id) {
            true => property(dataset, field, Presence::Required),
            false if field.id == dataset.region_field() => property(dataset, field, Presence::Optional),
            false => reference("Value"),
        };
        shown.insert(field.id.clone(), schema);
    }
    json!({
        "title": format!("{}：删除 delete", dataset.title()),
        "type": "object",
        "required": dataset.key(),
        "additionalProperties": false,
        "properties": shown,
    })
}

/// The conditions of a query.
fn conditions(dataset: &Dataset) -> Value {
    let mut shown = Map::new();
    for field in dataset.key().iter().filter_map(|id| dataset.field(id)) {
        let description = "等值比较 compared for equality";
        shown.insert(
            field.id.clone(),
            json!({"title": field.title, "description": description, "type": ["string", "number", "null"]}),
        );
    }
    shown.extend(RECORD_CONDITIONS.iter().map(|given| (given.name.to_owned(), condition(given, dataset.code()))));
    json!({
        "title": format!("{}：查询条件 conditions", dataset.title()),
        "type": "object",
        "additionalProperties": false,
        "properties": shown,
    })
}

/// The schema of a condition. null and "" mean that it is not given.
pub(super) fn condition(condition: &Condition, example: impl std::fmt::Display) -> Value {
    let mut schema = match condition.shape {
        Shape::Region => json!({"anyOf": [
            {"type": "string", "pattern": "^[0-9]{6}$"}, {"type": "integer"}, {"enum": ["", null]},
        ], "examples": ["370203"]}),
        Shape::Moment => json!({"anyOf": [
            {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}[ Tt]"}, {"enum": ["", null]},
        ], "examples": ["2025-08-01 00:00:00"]}),
        Shape::Size => json!({"anyOf": [
            {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE},
            {"type": "string", "pattern": "^\\+?[0-9]+$"},
            {"enum": ["", null]},
        ], "examples": ["100"]}),
        Shape::Choice(choices) => {
            let all: Vec<Value> = choices.iter().map(|choice| json!(choice)).chain([json!(""), Value::Null]).collect();
            json!({"enum": all})
        }
        Shape::BusinessCode => json!({"anyOf": [
            {"type": "string", "pattern": "^[0-9]{3}$"}, {"type": "integer"}, {"enum": ["", null]},
        ], "examples": [example.to_string()]}),
        Shape::Uuid | Shape::Text => json!({"type": ["string", "number", "null"]}),
    };
    schema["description"] = condition.meaning.paragraphs().into();
    schema
}

/// A row that a query answers: texts as they were sent. Upper tiers keep fields that their own dictionary does not know.
fn row(dataset: &Dataset) -> Value {
    let fields =
        dataset.fields().iter().map(|field| (field.id.clone(), json!({"title": field.title, "type": "string"})));
    json!({
        "title": format!("{}：查询结果 row", dataset.title()),
        "type": "object",
        "properties": fields.collect::<Map<_, _>>(),
        "additionalProperties": {"type": "string"},
    })
}

fn properties(dataset: &Dataset, presence: impl Fn(&Field) -> Presence) -> Value {
    let shown = dataset.fields().iter().map(|field| {
        let schema =
            if field.server_kept { kept_by_the_node(field) } else { property(dataset, field, presence(field)) };
        (field.id.clone(), schema)
    });
    shown.collect::<Map<_, _>>().into()
}

fn kept_by_the_node(field: &Field) -> Value {
    json!({
        "title": field.title,
        "description": "由节点维护，写操作中忽略 kept by the node, ignored in writes",
        "type": ["string", "number", "null"],
    })
}

/// A field as it may be sent.
fn property(dataset: &Dataset, field: &Field, presence: Presence) -> Value {
    let source = dataset.schema().get("properties").and_then(|properties| properties.get(&field.id));
    let mut shown = Map::new();
    shown.insert("title".to_owned(), field.title.as_str().into());
    if let Some(expects) = &field.expects {
        shown.insert("description".to_owned(), expects.as_str().into());
    }
    let mut text = Map::from_iter([("type".to_owned(), "string".into())]);
    for (keyword, value) in source.and_then(Value::as_object).into_iter().flatten() {
        match keyword.as_str() {
            "title" | "description" | "type" | "$comment" | "x-source" => {}
            annotation if annotation.starts_with("x-") => {
                shown.insert(keyword.clone(), value.clone());
            }
            _ => {
                text.insert(keyword.clone(), value.clone());
            }
        }
    }
    bind_codes(field, &mut text);
    let least = text.get("minLength").and_then(Value::as_u64).unwrap_or(0);
    if least == 0 {
        text.insert("minLength".to_owned(), 1.into());
    }
    let mut kinds = vec![Value::Object(text)];
    // No number is written as a date.
    if !matches!(field.kind, Kind::Date | Kind::DateTime) {
        kinds.push(json!({"type": "number"}));
    }
    if presence == Presence::Optional {
        kinds.push(json!({"enum": ["", null]}));
    }
    match kinds.as_mut_slice() {
        [Value::Object(only)] => shown.extend(std::mem::take(only)),
        _ => {
            shown.insert("anyOf".to_owned(), kinds.into());
        }
    }
    shown.into()
}

/// The codes of a list, as the rules of the dictionary take them.
fn bind_codes(field: &Field, text: &mut Map<String, Value>) {
    let Some(used) = &field.codelist else { return };
    match used.mode {
        ListMode::One => {
            text.insert("$ref".to_owned(), format!("#/components/schemas/CodeList{}", used.name).into());
        }
        ListMode::Several => {
            text.insert("pattern".to_owned(), used.several().into());
        }
        ListMode::Advisory => {}
    }
}
