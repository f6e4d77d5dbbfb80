//! From the text of a dictionary file to a [`Dataset`].

use super::across::AcrossRule;
use super::codelist::CodeLists;
use super::definition::Dataset;
use super::error::{DictionaryError, InFile};
use super::field::Field;
use super::references::References;
use super::rules::{Rules, Subject};
use crate::standard::code::BusinessCode;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::HashMap;

/// The parts of a dictionary file that describe the dataset as a whole.
#[derive(Deserialize)]
struct Outline {
    title: String,
    required: Vec<String>,
    #[serde(rename = "x-busicode")]
    busicode: String,
    #[serde(rename = "x-version")]
    version: String,
    #[serde(rename = "x-provisional", default)]
    provisional: bool,
    #[serde(rename = "x-key")]
    key: Vec<String>,
    #[serde(rename = "x-region")]
    region: String,
    #[serde(rename = "x-time")]
    time: String,
    #[serde(rename = "x-accept-valid", default)]
    accept_valid: bool,
    properties: Map<String, Value>,
}

/// The annotations a file may have at the top.
const ANNOTATIONS: [&str; 8] =
    ["x-busicode", "x-version", "x-provisional", "x-key", "x-region", "x-time", "x-accept-valid", "x-warnings"];

/// The keywords of JSON Schema a file has at the top.
const KEYWORDS: [&str; 10] = [
    "$schema",
    "$id",
    "$comment",
    "title",
    "description",
    "type",
    "required",
    "additionalProperties",
    "properties",
    "allOf",
];

/// Reads one file; its name must be its business code.
///
/// # Errors
/// Every mistake of the file; at least one.
pub(super) fn read(
    file: InFile<'_>,
    lists: &CodeLists,
    references: &References,
) -> Result<Dataset, Vec<DictionaryError>> {
    let unreadable = |error| vec![file.unreadable(error)];
    let outline: Outline = serde_json::from_str(file.text).map_err(unreadable)?;
    let schema: Map<String, Value> = serde_json::from_str(file.text).map_err(unreadable)?;
    let mut wrong = Vec::new();
    let misspelt = schema.keys().filter(|key| key.starts_with("x-") && !ANNOTATIONS.contains(&key.as_str()));
    wrong.extend(
        misspelt.map(|name| file.wrong(name, "unknown annotation", format!("use one of {}", ANNOTATIONS.join(", ")))),
    );
    let foreign = schema.keys().filter(|key| !key.starts_with("x-") && !KEYWORDS.contains(&key.as_str()));
    wrong.extend(foreign.map(|name| {
        file.wrong(
            name,
            "a file does not have it at the top",
            "write what is said of the whole record as a rule in allOf",
        )
    }));
    if schema.get("additionalProperties") != Some(&Value::Bool(false)) {
        let remedy = "write false: a record with fields that the dataset does not know is refused at the door";
        wrong.push(file.wrong("additionalProperties", "it is not false", remedy));
    }
    let code = business_code(file, &outline).map_err(|error| wrong.push(error)).ok();
    check_names(file, &outline, &mut wrong);

    let mut fields = Vec::with_capacity(outline.properties.len());
    for (id, property) in &outline.properties {
        match Field::read(file, id, property, outline.required.contains(id), lists) {
            Ok(field) => fields.push(field),
            Err(error) => wrong.push(error),
        }
    }
    let subject = Subject {
        file,
        schema: &schema,
        fields: &fields,
        key: &outline.key,
        region: &outline.region,
        time: &outline.time,
    };
    let rules = Rules::compile(&subject, references).map_err(|mistakes| wrong.extend(mistakes)).ok();
    // Rules across fields that could not be read would only be told of a second time.
    let across = match fields.len() == outline.properties.len() {
        true => AcrossRule::read_all(file, &schema, &fields, references, &mut wrong),
        false => Vec::new(),
    };
    let (Some(code), Some(rules), true) = (code, rules, wrong.is_empty()) else { return Err(wrong) };
    let places: HashMap<_, _> = fields.iter().enumerate().map(|(place, field)| (field.id.clone(), place)).collect();
    Ok(Dataset {
        code,
        title: outline.title,
        version: outline.version,
        provisional: outline.provisional,
        places,
        fields,
        key: outline.key,
        region_field: outline.region,
        time_field: outline.time,
        accept_valid: outline.accept_valid,
        schema,
        rules,
        across,
    })
}

fn business_code(file: InFile<'_>, outline: &Outline) -> Result<BusinessCode, DictionaryError> {
    let code = BusinessCode::parse(&outline.busicode)
        .map_err(|e| file.wrong("x-busicode", e.to_string(), "write three digits, 001 to 999"))?;
    let expected = format!("{code}.json");
    if file.name != expected {
        let reason = format!("the file says it is dataset {code}");
        return Err(file.wrong("x-busicode", reason, format!("name the file {expected} or correct the code")));
    }
    Ok(code)
}

/// Key, region and time must be fields, and such that a record always has them.
fn check_names(file: InFile<'_>, outline: &Outline, wrong: &mut Vec<DictionaryError>) {
    let add = "add it to properties or correct the name";
    let known = |id: &String| outline.properties.contains_key(id);
    let missing = outline.required.iter().filter(|id| !known(id));
    wrong.extend(missing.map(|id| file.wrong("required", format!("there is no field {id}"), add)));
    if outline.key.is_empty() {
        wrong.push(file.wrong("x-key", "no field is named", "name the fields of the primary key"));
    }
    let single = [("x-region", &outline.region), ("x-time", &outline.time)];
    for (place, id) in outline.key.iter().map(|id| ("x-key", id)).chain(single) {
        if !known(id) {
            wrong.push(file.wrong(place, format!("there is no field {id}"), add));
        } else if !outline.required.contains(id) {
            wrong.push(file.wrong(place, format!("{id} is not required"), "add it to required"));
        }
    }
}
