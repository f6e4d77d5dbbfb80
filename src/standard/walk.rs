//! Stepping through a text that is known to be JSON: nothing of it is checked again.
//!
//! Who steps has the proof that `serde_json` has read the text. Through any other the steps lead to an end as well, and tell
//! nothing of use.

use super::json::{Kind, Literal};

/// A place in a JSON text.
pub(super) struct Walk<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Walk<'a> {
    /// Stands before the value that the text begins with.
    pub(super) fn of(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The kind of the value ahead.
    pub(super) fn kind(&self) -> Kind {
        Kind::beginning(self.byte())
    }

    /// Steps into the array or object ahead.
    pub(super) fn enter(&mut self) {
        self.at += 1;
    }

    /// Steps before the next element or member; out of the array or object, where there is none.
    pub(super) fn more(&mut self) -> bool {
        self.pass(|byte| is_space(byte) || byte == b',');
        let is_end = matches!(self.byte(), None | Some(b']' | b'}'));
        if is_end {
            self.at += 1;
        }
        !is_end
    }

    /// Steps over the name of a member, before its value.
    pub(super) fn name(&mut self) -> Literal<'a> {
        let name = self.string();
        self.pass(|byte| is_space(byte) || byte == b':');
        name
    }

    /// Steps over a string.
    pub(super) fn string(&mut self) -> Literal<'a> {
        let (bytes, start) = (self.text.as_bytes(), self.at);
        let (mut at, mut is_escaped) = (start + 1, false);
        loop {
            match bytes.get(at) {
                None => break,
                Some(b'"') => {
                    at += 1;
                    break;
                }
                Some(b'\\') => {
                    is_escaped = true;
                    at += 2;
                }
                Some(_) => at += 1,
            }
        }
        self.at = at;
        Literal::new(self.since(start), is_escaped)
    }

    /// Steps over any value: its exact text.
    pub(super) fn value(&mut self) -> &'a str {
        let start = self.at;
        match self.byte() {
            Some(b'"') => drop(self.string()),
            Some(b'{' | b'[') => self.nested(),
            _ => self.pass(|byte| !is_space(byte) && !matches!(byte, b',' | b']' | b'}')),
        }
        self.since(start)
    }

    /// Steps over an array or object. Counted, not recursive: its nesting costs no stack.
    fn nested(&mut self) {
        let mut depth = 0_usize;
        while let Some(byte) = self.byte() {
            match byte {
                b'"' => {
                    self.string();
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                break;
            }
        }
    }

    fn pass(&mut self, is_passed: impl Fn(u8) -> bool) {
        while self.byte().is_some_and(&is_passed) {
            self.at += 1;
        }
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\t' | b'\r')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::value::RawValue;
    use serde_json::{Map, Value};
    use std::collections::HashMap;

    /// Any value, few of them alike, nested a little.
    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
            "[\"\\\\{}\\[\\]:, 设]{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 5, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                proptest::collection::hash_map(any::<String>(), inner, 0..5)
                    .prop_map(|members| Value::Object(Map::from_iter(members))),
            ]
        })
    }

    /// The exact texts of the elements, as the steps find them.
    fn walked_elements(text: &str) -> Vec<&str> {
        let mut walk = Walk::of(text);
        walk.enter();
        let mut found = Vec::new();
        while walk.more() {
            found.push(walk.value());
        }
        assert_eq!(walk.at, text.len());
        found
    }

    fn walked_members(text: &str) -> HashMap<String, &str> {
        let mut walk = Walk::of(text);
        walk.enter();
        let mut found = HashMap::new();
        while walk.more() {
            let name = walk.name().decode().unwrap().into_owned();
            found.insert(name, walk.value());
        }
        assert_eq!(walk.at, text.len());
        found
    }

    proptest! {
        #[test]
        fn elements_and_members_are_those_that_serde_json_finds(value in any_value(), pretty in any::<bool>()) {
            let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
            match value {
                Value::Array(_) => {
                    let expected: Vec<&RawValue> = serde_json::from_str(&text).unwrap();
                    prop_assert_eq!(walked_elements(&text), expected.iter().map(|raw| raw.get()).collect::<Vec<_>>());
                }
                Value::Object(_) => {
                    let expected: HashMap<String, &RawValue> = serde_json::from_str(&text).unwrap();
                    let expected = expected.into_iter().map(|(name, raw)| (name, raw.get())).collect();
                    prop_assert_eq!(walked_members(&text), expected);
                }
                Value::String(said) => prop_assert_eq!(Walk::of(&text).string().decode().unwrap(), said),
                _ => prop_assert_eq!(Walk::of(&text).value(), text.as_str()),
            }
        }

        #[test]
        fn any_text_at_all_comes_to_an_end(text in "[\\[\\]{}\":,\\\\ n1设]{0,40}") {
            let mut walk = Walk::of(&text);
            walk.enter();
            let mut steps = 0;
            while walk.more() {
                walk.value();
                steps += 1;
                prop_assert!(steps <= text.len());
            }
            let mut walk = Walk::of(&text);
            walk.enter();
            while walk.more() {
                let _ = walk.name().decode();
                walk.value();
                steps += 1;
                prop_assert!(steps <= 2 * text.len());
            }
        }
    }

    #[test]
    fn deep_nesting_costs_no_stack() {
        let deep = format!("[{}{}]", "[".repeat(1_000_000), "]".repeat(1_000_000));
        assert_eq!(walked_elements(&deep).len(), 1);
    }
}
