//! Rules across the fields of a record: what one field demands of another.
//!
//! In a dictionary file they are the members of `allOf`, broken by an error, and of `x-warnings`, which only warn: each a schema
//! of a whole record, with keywords of sesame's own where JSON Schema has none.

use super::error::{DictionaryError, InFile};
use super::fault::Level;
use super::field::Field;
use super::keyword;
use super::references::References;
use super::rules::build;
use super::view::{RecordJson, RecordNode};
use jsonschema::Validator;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// A rule across fields.
pub struct AcrossRule {
    /// Its name in the dataset, as answers give it in RULE.
    pub id: String,
    /// The field it is reported at.
    pub field: String,
    /// Whether breaking it refuses the record.
    pub level: Level,
    /// What the field should be, in Chinese.
    pub expects: String,
    /// Every field it looks at. A change that does not show all of them is not held against it: the rest is in the record.
    pub sees: BTreeSet<String>,
    /// Values of fields that break it when they are put into a good record; `None` takes a field away. For documents, for tests
    /// and for `sesame generate --invalid`.
    pub broken_by: BTreeMap<String, Option<String>>,
    validator: Validator<RecordJson>,
}

/// A member of `allOf` or `x-warnings`.
#[derive(Deserialize)]
struct Outline {
    #[serde(rename = "x-rule")]
    id: String,
    #[serde(rename = "x-field")]
    field: String,
    #[serde(rename = "x-expect")]
    expects: String,
    #[serde(rename = "x-broken-by", default)]
    broken_by: BTreeMap<String, Option<String>>,
    #[serde(flatten)]
    demand: Map<String, Value>,
}

/// Where a file lists rules across fields, and what breaking them means.
const LISTS: [(&str, Level); 2] = [("allOf", Level::Error), ("x-warnings", Level::Warning)];

impl AcrossRule {
    /// Reads all rules of a file; every mistake is added to `wrong`.
    pub(super) fn read_all(
        file: InFile<'_>,
        schema: &Map<String, Value>,
        fields: &[Field],
        references: &References,
        wrong: &mut Vec<DictionaryError>,
    ) -> Vec<Self> {
        let mut rules: Vec<Self> = Vec::new();
        for (list, level) in LISTS {
            let members = match schema.get(list) {
                None => continue,
                Some(Value::Array(members)) => members,
                Some(_) => {
                    wrong.push(file.wrong(list, "it is no list", "write a list of rules"));
                    continue;
                }
            };
            for (at, member) in members.iter().enumerate() {
                let place = format!("{list}.{at}");
                match Self::read(file, &place, level, member, fields, references) {
                    Ok(rule) if rules.iter().any(|earlier| earlier.id == rule.id) => {
                        let reason = format!("the rule {} is there already", rule.id);
                        wrong.push(file.wrong(&format!("{place}.x-rule"), reason, "give each rule a name of its own"));
                    }
                    Ok(rule) => rules.push(rule),
                    Err(mistakes) => wrong.extend(mistakes),
                }
            }
        }
        rules
    }

    fn read(
        file: InFile<'_>,
        place: &str,
        level: Level,
        member: &Value,
        fields: &[Field],
        references: &References,
    ) -> Result<Self, Vec<DictionaryError>> {
        let outline = Outline::deserialize(member).map_err(|error| {
            let remedy =
                "a rule has x-rule (its name), x-field (where it is reported), x-expect (in Chinese) and a schema";
            vec![file.wrong(place, error.to_string(), remedy)]
        })?;
        let mut sees = BTreeSet::new();
        fields_in(&outline.demand, &mut sees);
        let named = sees.iter().chain([&outline.field]).chain(outline.broken_by.keys());
        let unknown = named.filter(|name| !fields.iter().any(|field| field.id == **name));
        let mut wrong: Vec<DictionaryError> =
            unknown.map(|name| file.wrong(place, format!("there is no field {name}"), "correct the name")).collect();
        let of_ours = outline.demand.keys().filter(|key| key.starts_with("x-"));
        wrong.extend(of_ours.filter(|key| !keyword::NAMES.contains(&key.as_str())).map(|key| {
            let place = format!("{place}.{key}");
            file.wrong(&place, "unknown keyword", format!("use one of {}", keyword::NAMES.join(", ")))
        }));
        if sees.is_empty() {
            wrong.push(file.wrong(place, "it looks at no field", "say what it demands of which fields"));
        }
        let schema = Value::Object(outline.demand);
        let validator = match build(&schema, references) {
            Ok(validator) if wrong.is_empty() => validator,
            Ok(_) => return Err(wrong),
            Err(error) => {
                wrong.push(file.schema_error(place, &error));
                return Err(wrong);
            }
        };
        let Outline { id, field, expects, broken_by, .. } = outline;
        Ok(Self { id, field, level, expects, sees, broken_by, validator })
    }

    /// Whether a record keeps it.
    pub(super) fn holds(&self, record: RecordNode<'_>) -> bool {
        self.validator.is_valid(record)
    }
}

/// The fields a schema of a record names.
fn fields_in(schema: &Map<String, Value>, found: &mut BTreeSet<String>) {
    for (word, value) in schema {
        match (word.as_str(), value) {
            ("properties", Value::Object(properties)) => found.extend(properties.keys().cloned()),
            ("required", Value::Array(names)) => {
                found.extend(names.iter().filter_map(Value::as_str).map(str::to_owned))
            }
            (word, Value::Object(members)) if keyword::OF_FIELDS.contains(&word) => {
                for (field, other) in members {
                    found.insert(field.clone());
                    let operands = other.as_object().into_iter().flat_map(|operands| operands.values());
                    found.extend(operands.chain([other]).filter_map(Value::as_str).map(str::to_owned));
                }
            }
            (_, Value::Object(inner)) => fields_in(inner, found),
            (_, Value::Array(inner)) => {
                inner.iter().filter_map(Value::as_object).for_each(|schema| fields_in(schema, found));
            }
            _ => {}
        }
    }
}
