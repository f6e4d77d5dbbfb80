//! The fields of a record, kept as the text of one flat JSON object.

use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A flat JSON object whose values are all strings.
///
/// Text, not a map: most records are added whole and never modified, so what arrived is what is stored and answered, and
/// nothing is built field by field for them. Clones share it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fields(Arc<str>);

/// The text is not a flat JSON object of strings.
#[derive(Debug, thiserror::Error)]
#[error("not a flat JSON object of strings: {0}")]
pub struct FieldsError(#[from] serde_json::Error);

impl Fields {
    /// `{}`.
    pub fn empty() -> Self {
        Self("{}".into())
    }

    /// Writes members in the order given.
    pub fn from_members<'a>(members: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut text = String::with_capacity(512);
        text.push('{');
        for (name, value) in members {
            if text.len() > 1 {
                text.push(',');
            }
            push_string(&mut text, name);
            text.push(':');
            push_string(&mut text, value);
        }
        text.push('}');
        Self(text.into())
    }

    /// Takes text that this type wrote before, as it comes from the store.
    pub fn from_stored(text: String) -> Result<Self, FieldsError> {
        serde_json::from_str::<&RawValue>(&text)?;
        Ok(Self(text.into()))
    }

    /// The JSON text.
    pub fn as_json(&self) -> &str {
        &self.0
    }

    /// The members by name.
    pub fn members(&self) -> Result<BTreeMap<String, String>, FieldsError> {
        Ok(serde_json::from_str(&self.0)?)
    }

    /// These fields with some set (`Some`) or taken away (`None`).
    ///
    /// Members are then written in the order of their names, so that the text does not tell in which order changes came.
    pub fn with<'a>(&self, changes: impl IntoIterator<Item = (&'a str, Option<&'a str>)>) -> Self {
        // `from_stored` and `from_members` are the only ways in, so the text is a flat object of strings.
        let mut members = self.members().unwrap_or_default();
        for (name, value) in changes {
            match value {
                Some(value) => members.insert(name.to_owned(), value.to_owned()),
                None => members.remove(name),
            };
        }
        Self::from_members(members.iter().map(|(name, value)| (name.as_str(), value.as_str())))
    }
}

/// Appends `value` as a JSON string literal. Only what JSON demands is escaped.
fn push_string(text: &mut String, value: &str) {
    text.push('"');
    // Folded, not `any`: without an early end it is done for many bytes at once, and nearly always there is nothing to be found.
    let is_escaped = value.bytes().fold(false, |found, b| found | (b < 0x20 || b == b'"' || b == b'\\'));
    if is_escaped {
        for c in value.chars() {
            match c {
                '"' => text.push_str("\\\""),
                '\\' => text.push_str("\\\\"),
                '\n' => text.push_str("\\n"),
                '\r' => text.push_str("\\r"),
                '\t' => text.push_str("\\t"),
                c if (c as u32) < 0x20 => text.push_str(&format!("\\u{:04x}", c as u32)),
                c => text.push(c),
            }
        }
    } else {
        text.push_str(value);
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_text_survives(members in proptest::collection::btree_map(".*", ".*", 0..6)) {
            let fields = Fields::from_members(members.iter().map(|(n, v)| (n.as_str(), v.as_str())));
            prop_assert_eq!(fields.members().unwrap(), members);
        }
    }

    #[test]
    fn members_keep_their_order_until_one_is_changed() {
        let fields = Fields::from_members([("B", "1"), ("A", "2")]);
        assert_eq!(fields.as_json(), r#"{"B":"1","A":"2"}"#);
        assert_eq!(fields.with([("C", Some("x\"")), ("B", None)]).as_json(), r#"{"A":"2","C":"x\""}"#);
    }
}
