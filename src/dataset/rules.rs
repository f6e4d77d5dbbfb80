//! The schema of a dataset, compiled once for each action that writes.

use super::error::{DictionaryError, InFile};
use super::field::{Field, ListMode};
use super::format::{region::RegionFormat, registry};
use super::view::RecordJson;
use crate::standard::code::Action;
use jsonschema::{Draft, PatternOptions, Validator};
use serde_json::{Map, Value, json};

/// Validators of the three actions.
pub(super) struct Rules {
    add: Validator<RecordJson>,
    modify: Validator<RecordJson>,
    delete: Validator<RecordJson>,
}

/// What of a dataset the rules of an action depend on.
pub(super) struct Subject<'a> {
    pub file: InFile<'a>,
    pub schema: &'a Map<String, Value>,
    pub fields: &'a [Field],
    pub key: &'a [String],
    pub region: &'a str,
    pub time: &'a str,
}

impl Rules {
    /// Compiles the schema of a dataset. The code lists become `enum` and `pattern` here, so that they stay data in
    /// one file.
    pub(super) fn compile(subject: &Subject<'_>, regions: &RegionFormat) -> Result<Self, DictionaryError> {
        let properties = with_codes(subject);
        let validator = |schema: &Value| {
            build(schema, regions).map_err(|error| {
                // The schema itself is the instance of its meta-schema; what fails later names a place in the schema.
                let paths = [error.instance_path().as_str(), error.schema_path().as_str(), "schema"];
                let place = paths.into_iter().find(|path| !path.is_empty()).unwrap_or_default();
                let place = place.trim_start_matches('/').replace('/', ".");
                subject.file.wrong(&place, error.to_string(), "correct the JSON Schema (2020-12)")
            })
        };
        let mut whole = subject.schema.clone();
        whole.insert("properties".to_owned(), Value::Object(properties.clone()));

        // A change shows some fields only, so it answers for those and for nothing that is said of a whole record.
        let mut required = subject.key.to_vec();
        required.push(subject.time.to_owned());
        let change = fields_only(&properties, &required);

        // A delete applies no field but says which record is meant.
        let identity: Map<String, Value> =
            properties.into_iter().filter(|(name, _)| subject.key.contains(name) || name == subject.region).collect();
        let removal = fields_only(&identity, subject.key);
        Ok(Self { add: validator(&Value::Object(whole))?, modify: validator(&change)?, delete: validator(&removal)? })
    }

    /// The rules of an action; `None` for a query, which writes nothing.
    pub(super) fn of(&self, action: Action) -> Option<&Validator<RecordJson>> {
        match action {
            Action::Add => Some(&self.add),
            Action::Modify => Some(&self.modify),
            Action::Delete => Some(&self.delete),
            Action::Query => None,
        }
    }
}

fn fields_only(properties: &Map<String, Value>, required: &[String]) -> Value {
    json!({"type": "object", "required": required, "additionalProperties": false, "properties": properties})
}

fn build(
    schema: &Value,
    regions: &RegionFormat,
) -> Result<Validator<RecordJson>, jsonschema::ValidationError<'static>> {
    let mut options = jsonschema::options_for::<RecordJson>()
        .with_draft(Draft::Draft202012)
        // Linear in the length of the value, whatever a sender makes of it; a pattern with look-around is refused.
        .with_pattern_options(PatternOptions::regex())
        .should_validate_formats(true)
        .should_ignore_unknown_formats(false);
    for format in &registry::FORMATS {
        options = options.with_format(format.name, format.accepts);
    }
    let regions = regions.clone();
    options = options.with_format(registry::REGION, move |text: &str| regions.accepts(text));
    options.build(schema)
}

/// The properties, each bound to the codes of its list.
fn with_codes(subject: &Subject<'_>) -> Map<String, Value> {
    let empty = Map::new();
    let mut properties = subject.schema.get("properties").and_then(Value::as_object).unwrap_or(&empty).clone();
    for field in subject.fields {
        let (Some(codelist), Some(Value::Object(property))) = (&field.codelist, properties.get_mut(&field.id)) else {
            continue;
        };
        match codelist.mode {
            ListMode::One => {
                let codes = codelist.list.items.iter().map(|item| item.code.as_str());
                property.insert("enum".to_owned(), codes.collect())
            }
            ListMode::Several => property.insert("pattern".to_owned(), Value::String(codelist.several())),
            ListMode::Advisory => None,
        };
    }
    properties
}
