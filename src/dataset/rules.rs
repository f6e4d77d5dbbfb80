//! The rules of a dataset's fields, each compiled once by the schema library; and which fields an action asks for.
//!
//! Every field has a validator of its own: a record's members are looked up in the dictionary anyway, so no schema of the whole
//! record searches for them a second and a third time.

use super::error::{DictionaryError, InFile};
use super::field::{Field, ListMode};
use super::format::registry;
use super::keyword;
use super::references::References;
use super::view::{RecordJson, RecordNode};
use crate::standard::code::Action;
use jsonschema::{Draft, PatternOptions, ValidationError, Validator};
use serde_json::{Map, Value};

/// What each field's values must be, and what each writing action asks for, by the place of the field in the dictionary.
pub(super) struct Rules {
    values: Vec<Validator<RecordJson>>,
    add: Asked,
    modify: Asked,
    delete: Asked,
}

/// What an action asks for.
pub(super) struct Asked {
    required: Vec<bool>,
    applied: Vec<bool>,
    /// How many are required.
    pub(super) count: usize,
}

impl Asked {
    fn new(fields: &[Field], required: impl Fn(&Field) -> bool, applied: impl Fn(&Field) -> bool) -> Self {
        let required: Vec<bool> = fields.iter().map(|field| required(field) && !field.server_kept).collect();
        let applied = fields.iter().map(|field| applied(field) && !field.server_kept).collect();
        Self { count: required.iter().filter(|required| **required).count(), required, applied }
    }

    /// Whether the field at a place must be given.
    pub(super) fn requires(&self, place: usize) -> bool {
        self.required.get(place) == Some(&true)
    }

    /// Whether the field at a place is applied, and so held against its rules.
    pub(super) fn applies(&self, place: usize) -> bool {
        self.applied.get(place) == Some(&true)
    }
}

/// What of a dataset its rules depend on.
pub(super) struct Subject<'a> {
    pub file: InFile<'a>,
    pub schema: &'a Map<String, Value>,
    pub fields: &'a [Field],
    pub key: &'a [String],
    pub region: &'a str,
    pub time: &'a str,
}

impl Rules {
    /// Compiles the schema of every field. The code lists become `enum` and `pattern` here, so that they stay data in
    /// one file.
    ///
    /// # Errors
    /// Every property that is no JSON Schema.
    pub(super) fn compile(subject: &Subject<'_>, references: &References) -> Result<Self, Vec<DictionaryError>> {
        let Subject { file, schema, fields, key, region, time } = *subject;
        let (mut values, mut wrong) = (Vec::with_capacity(fields.len()), Vec::new());
        for field in fields {
            let property = with_codes(&schema["properties"][&field.id], field);
            match build(&property, references) {
                Ok(validator) => values.push(validator),
                Err(error) => wrong.push(file.schema_error(&format!("properties.{}", field.id), &error)),
            }
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let in_key = |field: &Field| key.contains(&field.id);
        Ok(Self {
            values,
            add: Asked::new(fields, |field| field.required, |_| true),
            // A change shows some fields only, so it answers for those.
            modify: Asked::new(fields, |field| in_key(field) || field.id == time, |_| true),
            // A delete applies no field but says which record is meant, and when.
            delete: Asked::new(fields, in_key, |field| in_key(field) || field.id == region || field.id == time),
        })
    }

    /// What an action asks for; `None` for a query, which writes nothing.
    pub(super) fn of(&self, action: Action) -> Option<&Asked> {
        match action {
            Action::Add => Some(&self.add),
            Action::Modify => Some(&self.modify),
            Action::Delete => Some(&self.delete),
            Action::Query => None,
        }
    }

    /// Whether a value keeps the rules of the field at a place. It nearly always does, and this is the quick way to know.
    pub(super) fn keeps(&self, place: usize, value: &str) -> bool {
        self.values.get(place).is_none_or(|validator| validator.is_valid(RecordNode::Text(value)))
    }

    /// What is wrong with a value of the field at a place.
    pub(super) fn faults<'v>(
        &'v self,
        place: usize,
        value: &'v str,
    ) -> impl Iterator<Item = ValidationError<'v>> + use<'v> {
        self.values.get(place).into_iter().flat_map(move |validator| validator.iter_errors(RecordNode::Text(value)))
    }
}

/// A validator by a schema, with sesame's formats and keywords.
pub(super) fn build(
    schema: &Value,
    references: &References,
) -> Result<Validator<RecordJson>, ValidationError<'static>> {
    let options = jsonschema::options_for::<RecordJson>()
        .with_draft(Draft::Draft202012)
        // Linear in the length of the value, whatever a sender makes of it; a pattern with look-around is refused.
        .with_pattern_options(PatternOptions::regex())
        .should_validate_formats(true)
        .should_ignore_unknown_formats(false);
    let mut options = keyword::plug(options, references);
    for format in &registry::FORMATS {
        options = options.with_format(format.name, format.accepts);
    }
    let accepted = references.accepted.clone();
    options = options.with_format(registry::REGION, move |text: &str| accepted.accepts(text));
    options.build(schema)
}

/// A property bound to the codes of its list.
fn with_codes(property: &Value, field: &Field) -> Value {
    let mut property = property.clone();
    let (Some(codelist), Value::Object(keywords)) = (&field.codelist, &mut property) else { return property };
    match codelist.mode {
        ListMode::One => {
            let codes = codelist.list.items.iter().map(|item| item.code.as_str());
            keywords.insert("enum".to_owned(), codes.collect())
        }
        ListMode::Several => keywords.insert("pattern".to_owned(), Value::String(codelist.several())),
        ListMode::Advisory => None,
    };
    property
}
