//! From the text of a dictionary file to a [`Dataset`].

use super::codelist::CodeLists;
use super::definition::Dataset;
use super::error::{DictionaryError, InFile};
use super::field::Field;
use super::format::region::RegionFormat;
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
const ANNOTATIONS: [&str; 7] =
    ["x-busicode", "x-version", "x-provisional", "x-key", "x-region", "x-time", "x-accept-valid"];

/// Reads one file; its name must be its business code.
pub(super) fn read(
    file_name: &str,
    text: &str,
    lists: &CodeLists,
    regions: &RegionFormat,
) -> Result<Dataset, DictionaryError> {
    let file = InFile(file_name);
    let outline: Outline = serde_json::from_str(text).map_err(|e| file.unreadable(e))?;
    let schema: Map<String, Value> = serde_json::from_str(text).map_err(|e| file.unreadable(e))?;
    if let Some(name) = schema.keys().find(|key| key.starts_with("x-") && !ANNOTATIONS.contains(&key.as_str())) {
        return Err(file.wrong(name, "unknown annotation", format!("use one of {}", ANNOTATIONS.join(", "))));
    }
    let code = business_code(file, &outline)?;
    let known = |id: &String| outline.properties.contains_key(id);
    check_names(file, &outline, known)?;

    let mut fields = Vec::with_capacity(outline.properties.len());
    for (id, property) in &outline.properties {
        fields.push(Field::read(file, id, property, outline.required.contains(id), lists)?);
    }
    let subject = Subject {
        file,
        schema: &schema,
        fields: &fields,
        key: &outline.key,
        region: &outline.region,
        time: &outline.time,
    };
    let rules = Rules::compile(&subject, regions)?;
    let positions: HashMap<_, _> =
        fields.iter().enumerate().map(|(position, field)| (field.id.clone(), position)).collect();
    Ok(Dataset {
        code,
        title: outline.title,
        version: outline.version,
        provisional: outline.provisional,
        positions,
        fields,
        key: outline.key,
        region_field: outline.region,
        time_field: outline.time,
        accept_valid: outline.accept_valid,
        schema,
        rules,
    })
}

fn business_code(file: InFile<'_>, outline: &Outline) -> Result<BusinessCode, DictionaryError> {
    let code = BusinessCode::parse(&outline.busicode)
        .map_err(|e| file.wrong("x-busicode", e.to_string(), "write three digits, 001 to 999"))?;
    let expected = format!("{code}.json");
    if file.0 != expected {
        let reason = format!("the file says it is dataset {code}");
        return Err(file.wrong("x-busicode", reason, format!("name the file {expected} or correct the code")));
    }
    Ok(code)
}

/// Key, region and time must be fields, and such that a record always has them.
fn check_names(file: InFile<'_>, outline: &Outline, known: impl Fn(&String) -> bool) -> Result<(), DictionaryError> {
    let add = "add it to properties or correct the name";
    if let Some(id) = outline.required.iter().find(|id| !known(id)) {
        return Err(file.wrong("required", format!("there is no field {id}"), add));
    }
    if outline.key.is_empty() {
        return Err(file.wrong("x-key", "no field is named", "name the fields of the primary key"));
    }
    let single = [("x-region", &outline.region), ("x-time", &outline.time)];
    for (place, id) in outline.key.iter().map(|id| ("x-key", id)).chain(single) {
        if !known(id) {
            return Err(file.wrong(place, format!("there is no field {id}"), add));
        }
        if !outline.required.contains(id) {
            return Err(file.wrong(place, format!("{id} is not required"), "add it to required"));
        }
    }
    Ok(())
}
