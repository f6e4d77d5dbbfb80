//! A dataset: what one business code carries.

use super::across::AcrossRule;
use super::field::{Field, Kind};
use super::key::{KeyFault, RecordKey, integer_part, text_part, with_plain_dashes};
use super::rules::Rules;
use crate::standard::code::BusinessCode;
use crate::standard::flat_object::FlatObject;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

/// What one business code (§6.2.2, table 2) carries: fields, primary key and rules, as its dictionary file says.
pub struct Dataset {
    pub(super) code: BusinessCode,
    pub(super) title: String,
    pub(super) version: String,
    pub(super) provisional: bool,
    pub(super) fields: Vec<Field>,
    pub(super) places: HashMap<String, usize>,
    pub(super) key: Vec<String>,
    pub(super) region_field: String,
    pub(super) time_field: String,
    pub(super) accept_valid: bool,
    pub(super) schema: Map<String, Value>,
    pub(super) rules: Rules,
    pub(super) across: Vec<AcrossRule>,
}

impl Dataset {
    /// The business code.
    pub fn code(&self) -> BusinessCode {
        self.code
    }

    /// The Chinese name, like 设备使用登记数据.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The version of the dictionary file.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Whether the file stands in for an official dictionary that is not published.
    pub fn is_provisional(&self) -> bool {
        self.provisional
    }

    /// The fields, in the order of the dictionary.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// A field by its identifier.
    pub fn field(&self, id: &str) -> Option<&Field> {
        self.places.get(id).map(|place| &self.fields[*place])
    }

    /// The fields of the primary key, in order.
    pub fn key(&self) -> &[String] {
        &self.key
    }

    /// The field that says which region supervises the object: XZQHDM.
    pub fn region_field(&self) -> &str {
        &self.region_field
    }

    /// The field of the source's own update time: SJGXSJ.
    pub fn time_field(&self) -> &str {
        &self.time_field
    }

    /// Whether the good records of a batch are taken when others are bad; else the whole batch is refused.
    pub fn accept_valid(&self) -> bool {
        self.accept_valid
    }

    /// The rules across fields.
    pub fn rules_across(&self) -> &[AcrossRule] {
        &self.across
    }

    /// The dictionary file as it is: a JSON Schema 2020-12 of one record, with sesame's annotations.
    pub fn schema(&self) -> &Map<String, Value> {
        &self.schema
    }

    /// The primary key of a record, in comparable form. A record that passed a [`Checker`](super::Checker) has one.
    pub fn key_of(&self, record: &FlatObject<'_>) -> Result<RecordKey, KeyFault> {
        let part = |field: &String| match record.given(field) {
            Some(value) => self.key_part(field, value),
            None => Err(KeyFault::Missing { field: field.clone() }),
        };
        // Almost every key has one part.
        if let [field] = self.key.as_slice() {
            return Ok(RecordKey::join([part(field)?]));
        }
        Ok(RecordKey::join(self.key.iter().map(part).collect::<Result<Vec<_>, _>>()?))
    }

    /// The comparable form of one key field's value, for queries by some of the key fields.
    pub fn key_part<'v>(&self, field: &str, value: &'v str) -> Result<Cow<'v, str>, KeyFault> {
        if value.is_empty() {
            return Err(KeyFault::Missing { field: field.to_owned() });
        }
        if value.chars().any(char::is_control) {
            return Err(KeyFault::ControlCharacter { field: field.to_owned() });
        }
        match self.field(field).map(|field| field.kind) {
            Some(Kind::Number { .. }) => {
                integer_part(value).map(Cow::Owned).ok_or_else(|| KeyFault::NotAnInteger { field: field.to_owned() })
            }
            _ if self.field(field).is_some_and(Field::has_dashes) => Ok(with_plain_dashes(text_part(value))),
            _ => Ok(text_part(value)),
        }
    }

    /// Where a field stands in the dictionary; unknown names stand last.
    pub(super) fn place(&self, id: &str) -> usize {
        self.places.get(id).copied().unwrap_or(usize::MAX)
    }

    /// Where a field stands, if the dataset knows it. Looked for at `likely` first: most senders keep the order of the dictionary.
    pub(super) fn place_near(&self, id: &str, likely: usize) -> Option<usize> {
        match self.fields.get(likely) {
            Some(field) if field.id == id => Some(likely),
            _ => self.places.get(id).copied(),
        }
    }
}

impl fmt::Debug for Dataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dataset")
            .field("code", &self.code)
            .field("title", &self.title)
            .field("version", &self.version)
            .field("fields", &self.fields.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use crate::dataset::Dictionary;
    use crate::dataset::key::KeyFault;
    use crate::standard::code::BusinessCode;
    use crate::standard::flat_object::FlatObject;
    use serde_json::value::RawValue;

    fn key_of(record: &str) -> Result<String, KeyFault> {
        let dictionary = Dictionary::builtin();
        let element: &RawValue = serde_json::from_str(record).unwrap();
        let dataset = dictionary.get(BusinessCode::parse("008").unwrap()).unwrap();
        dataset.key_of(&FlatObject::read(element).unwrap()).map(|key| key.to_string())
    }

    #[test]
    fn keys_compare_in_one_form() {
        let plain = key_of(r#"{"CFWSH":"市监罚(2025)1号","XDRXH":"7"}"#).unwrap();
        for other in [r#""市监罚（２０２５）１号","XDRXH":7"#, r#""市监罚(2025)1号","XDRXH":"007""#] {
            assert_eq!(key_of(&format!(r#"{{"CFWSH":{other}}}"#)).unwrap(), plain);
        }
        assert_ne!(key_of(r#"{"CFWSH":"市监罚〔2025〕1号","XDRXH":"7"}"#).unwrap(), plain);
    }

    #[test]
    fn a_record_without_its_whole_key_has_none() {
        let field = |id: &str| id.to_owned();
        assert_eq!(key_of(r#"{"CFWSH":"A","XDRXH":null}"#), Err(KeyFault::Missing { field: field("XDRXH") }));
        assert_eq!(key_of(r#"{"CFWSH":"A","XDRXH":"x"}"#), Err(KeyFault::NotAnInteger { field: field("XDRXH") }));
        let control = key_of(r#"{"CFWSH":"A\u001f7","XDRXH":"7"}"#);
        assert_eq!(control, Err(KeyFault::ControlCharacter { field: field("CFWSH") }));
    }
}
