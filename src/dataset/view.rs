//! A record as the schema library sees it: an object of texts, borrowed from the request.
//!
//! Building a `serde_json::Value` per record would copy every name and value; this shows them where they lie.

use jsonschema::JsonType;
use jsonschema::json::{Array, Json, JsonNumber, Node, NodeIdentity, Object};
use serde_json::{Number, Value};
use std::borrow::Cow;

/// The members of a record that an action's rules look at, in the order sent.
pub(super) type Members<'a> = [(&'a str, &'a str)];

/// The representation: objects of texts and nothing else.
pub(super) struct RecordJson;

/// One value of that representation.
#[derive(Clone, Copy)]
pub(super) enum RecordNode<'a> {
    Record(&'a Members<'a>),
    Text(&'a str),
}

/// What records do not have: arrays and numbers. Numbers of a request are held against their rules as text.
pub(super) enum Absent {}

impl Json for RecordJson {
    type Node<'a> = RecordNode<'a>;
    type PreparedKey = String;
    type StringBuffer = ();

    /// A look-up here is a search of some 25 members, so one pass over them beats as many look-ups.
    const KEYS_PER_LOOKUP: usize = 16;
    const ACYCLIC: bool = true;

    fn prepare_key(key: &str) -> String {
        key.to_owned()
    }

    fn with_string_node<T>((): &mut (), string: &str, f: impl FnOnce(RecordNode<'_>) -> T) -> T {
        f(RecordNode::Text(string))
    }
}

impl<'a> Node<'a, RecordJson> for RecordNode<'a> {
    type Object = &'a Members<'a>;
    type Array = Absent;
    type Number = Absent;

    fn as_object(&self) -> Option<&'a Members<'a>> {
        match self {
            RecordNode::Record(members) => Some(members),
            RecordNode::Text(_) => None,
        }
    }

    fn as_string(&self) -> Option<Cow<'a, str>> {
        match self {
            RecordNode::Record(_) => None,
            RecordNode::Text(text) => Some(Cow::Borrowed(text)),
        }
    }

    fn as_array(&self) -> Option<Absent> {
        None
    }

    fn as_number(&self) -> Option<Absent> {
        None
    }

    fn as_boolean(&self) -> Option<bool> {
        None
    }

    fn is_null(&self) -> bool {
        false
    }

    fn json_type(&self) -> JsonType {
        match self {
            RecordNode::Record(_) => JsonType::Object,
            RecordNode::Text(_) => JsonType::String,
        }
    }

    fn string_length_within(&self, min: u64, max: u64) -> Option<bool> {
        let RecordNode::Text(text) = self else {
            return None;
        };
        // A text of n bytes has at least n/4 and at most n characters: most lengths need no counting.
        let bytes = text.len() as u64;
        if bytes <= max && min == 0 {
            return Some(true);
        }
        Some((min..=max).contains(&(text.chars().count() as u64)))
    }

    fn equals_value(&self, expected: &Value) -> bool {
        match self {
            RecordNode::Text(text) => expected.as_str() == Some(text),
            RecordNode::Record(_) => *self.to_value() == *expected,
        }
    }

    fn to_value(&self) -> Cow<'a, Value> {
        let text = |text: &str| Value::String(text.to_owned());
        Cow::Owned(match self {
            RecordNode::Text(value) => text(value),
            RecordNode::Record(members) => {
                Value::Object(members.iter().map(|(name, value)| ((*name).to_owned(), text(value))).collect())
            }
        })
    }

    fn identity(&self) -> Option<NodeIdentity> {
        // Identities guard against endless `$ref` cycles through an instance; a record has no depth to cycle in.
        None
    }
}

impl<'a> Object<'a, RecordJson> for &'a Members<'a> {
    type Node = RecordNode<'a>;
    type MemberName = &'a str;
    type MembersIter = MembersIter<'a>;

    fn len(&self) -> usize {
        <[_]>::len(self)
    }

    fn get(&self, key: &String) -> Option<RecordNode<'a>> {
        self.iter().find(|(name, _)| name == key).map(|(_, value)| RecordNode::Text(value))
    }

    fn members(&self) -> MembersIter<'a> {
        MembersIter(self.iter())
    }
}

/// The members of a record, one after the other.
pub(super) struct MembersIter<'a>(std::slice::Iter<'a, (&'a str, &'a str)>);

impl<'a> Iterator for MembersIter<'a> {
    type Item = (&'a str, RecordNode<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(name, value)| (*name, RecordNode::Text(value)))
    }
}

impl<'a> Array<'a, RecordJson> for Absent {
    type Node = RecordNode<'a>;
    type ElementsIter = std::iter::Empty<RecordNode<'a>>;

    fn len(&self) -> usize {
        match *self {}
    }

    fn elements(&self) -> Self::ElementsIter {
        match *self {}
    }
}

impl JsonNumber for Absent {
    fn as_u64(&self) -> Option<u64> {
        match *self {}
    }

    fn as_i64(&self) -> Option<i64> {
        match *self {}
    }

    fn as_f64(&self) -> Option<f64> {
        match *self {}
    }

    fn as_str(&self) -> Cow<'_, str> {
        match *self {}
    }

    fn to_number(&self) -> Cow<'_, Number> {
        match *self {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// The borrowed view and a plain JSON value of the same members must be judged alike.
        #[test]
        fn the_view_is_judged_as_the_value_it_shows(
            members in proptest::collection::btree_map("[A-E]", ".{0,6}", 0..6),
        ) {
            let schema = serde_json::json!({
                "type": "object", "required": ["A", "B"], "additionalProperties": false,
                "properties": {
                    "A": {"type": "string", "minLength": 1, "maxLength": 4},
                    "B": {"type": "string", "pattern": "^[^0-9]*$"},
                    "C": {"enum": ["", "x", "é"]},
                    "D": {"type": "object"},
                }
            });
            let view: Vec<(&str, &str)> = members.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            let value = serde_json::to_value(&members).unwrap();
            let borrowed = jsonschema::options_for::<RecordJson>().build(&schema).unwrap();
            let plain = jsonschema::options().build(&schema).unwrap();
            let tell = |e: jsonschema::ValidationError<'_>| format!("{} {}", e.instance_path(), e.kind().keyword());
            prop_assert_eq!(borrowed.is_valid(RecordNode::Record(&view)), plain.is_valid(&value));
            prop_assert_eq!(
                borrowed.iter_errors(RecordNode::Record(&view)).map(tell).collect::<Vec<_>>(),
                plain.iter_errors(&value).map(tell).collect::<Vec<_>>()
            );
        }
    }
}
