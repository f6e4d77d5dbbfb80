//! Reading a JSON object as it was sent: every member in order, none decoded, none dropped, none copied.
//!
//! A map type would hide repeated keys and lose the exact text that signatures cover. Values are skipped without recursion,
//! so their nesting costs no stack.

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// A place in a text, both numbers counted from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Lines end with a line feed.
    pub line: usize,
    /// Characters, not bytes: an editor shows the same number.
    pub column: usize,
}

impl Position {
    /// The place of the byte at `index`, or the end of the text.
    pub fn of_byte(text: &[u8], index: usize) -> Self {
        let before = &text[..index.min(text.len())];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |feed| feed + 1);
        let column = before[start..].iter().filter(|byte| !is_continuation(**byte)).count() + 1;
        Self { line, column }
    }

    fn of_error(text: &str, error: &serde_json::Error) -> Self {
        let line = text.split('\n').nth(error.line().saturating_sub(1)).unwrap_or_default();
        let upto = &line.as_bytes()[..error.column().min(line.len())];
        Self { line: error.line(), column: upto.iter().filter(|byte| !is_continuation(**byte)).count() }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "第 {} 行第 {} 列", self.line, self.column)
    }
}

/// Whether a byte of UTF-8 goes on with a character that began before it.
fn is_continuation(byte: u8) -> bool {
    byte & 0b1100_0000 == 0b1000_0000
}

/// The six kinds of a JSON value, named for a vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `{`
    Object,
    /// `[`
    Array,
    /// `"`
    Text,
    /// A digit or a minus sign.
    Number,
    /// `true` or `false`.
    Boolean,
    /// `null`
    Null,
}

impl Kind {
    /// The kind of a valid JSON value, by its first character.
    pub fn of(text: &str) -> Self {
        Self::beginning(text.bytes().next())
    }

    /// The kind of a valid JSON value that begins with this byte.
    pub(super) fn beginning(byte: Option<u8>) -> Self {
        match byte {
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::Array,
            Some(b'"') => Kind::Text,
            Some(b't' | b'f') => Kind::Boolean,
            Some(b'n') => Kind::Null,
            _ => Kind::Number,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Object => "对象",
            Kind::Array => "数组",
            Kind::Text => "字符串",
            Kind::Number => "数字",
            Kind::Boolean => "布尔值",
            Kind::Null => "null",
        })
    }
}

/// Why a text is not one JSON object. Those who show it to a person find the words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// A JSON value of another kind.
    NotAnObject(Kind),
    /// The text ends before the object does.
    Truncated(Position),
    /// Not JSON, and what was expected there.
    Syntax(Position, String),
    /// Something other than white space after the object.
    Trailing(Position),
}

/// Hands every member of an object to `take`, in the order sent. Those before a fault have been handed over by then.
pub(super) fn each_member<'a>(text: &'a str, take: impl FnMut(Cow<'a, str>, &'a RawValue)) -> Result<(), Fault> {
    let mut json = serde_json::Deserializer::from_str(text);
    json.deserialize_map(Members(take)).map_err(|error| {
        let at = Position::of_error(text, &error);
        match error.classify() {
            Category::Data => Fault::NotAnObject(Kind::of(text.trim_start())),
            Category::Eof => Fault::Truncated(at),
            Category::Syntax | Category::Io => Fault::Syntax(at, expectation(&error)),
        }
    })?;
    json.end().map_err(|error| Fault::Trailing(Position::of_error(text, &error)))
}

/// The error without its position, which is in bytes.
fn expectation(error: &serde_json::Error) -> String {
    let message = error.to_string();
    message.split(" at line ").next().unwrap_or_default().to_owned()
}

/// A name, borrowed where it holds no escape.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

struct Members<F>(F);

impl<'de, F: FnMut(Cow<'de, str>, &'de RawValue)> Visitor<'de> for Members<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(mut self, mut map: M) -> Result<(), M::Error> {
        while let Some((Name(name), value)) = map.next_entry()? {
            (self.0)(name, value);
        }
        Ok(())
    }
}

/// Why a JSON value is no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotText {
    /// It is no string.
    OtherKind(Kind),
    /// Half of a surrogate pair, which no UTF-8 can hold (§6.2.1).
    LoneSurrogate,
}

/// The decoded content of a JSON string, borrowed where it holds no escape.
pub(super) fn text(value: &RawValue) -> Result<Cow<'_, str>, NotText> {
    let quoted = value.get();
    match Kind::of(quoted) {
        Kind::Text => {
            Literal::new(quoted, quoted.contains('\\')).decode().map_err(|LoneSurrogate| NotText::LoneSurrogate)
        }
        other => Err(NotText::OtherKind(other)),
    }
}

/// A JSON string, as it stands in a text.
pub(super) struct Literal<'a> {
    quoted: &'a str,
    is_escaped: bool,
}

/// Half of a surrogate pair, which no UTF-8 can hold (§6.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LoneSurrogate;

impl<'a> Literal<'a> {
    /// A string with its quotes, and whether there is an escape between them.
    pub(super) fn new(quoted: &'a str, is_escaped: bool) -> Self {
        Self { quoted, is_escaped }
    }

    /// What it says: borrowed where it holds no escape, and free of control characters then, since JSON takes them escaped alone.
    pub(super) fn decode(&self) -> Result<Cow<'a, str>, LoneSurrogate> {
        if self.is_escaped {
            return serde_json::from_str(self.quoted).map(Cow::Owned).map_err(|_| LoneSurrogate);
        }
        Ok(Cow::Borrowed(self.quoted.get(1..self.quoted.len().saturating_sub(1)).unwrap_or_default()))
    }
}

/// Writes a text as a JSON string literal.
pub(super) fn quote(text: &str) -> String {
    serde_json::to_string(text).expect("every Unicode text has a JSON literal")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(text: &str) -> Result<Vec<(String, String)>, Fault> {
        let mut members = Vec::new();
        each_member(text, |name, value| members.push((name.into_owned(), value.get().to_owned()))).map(|()| members)
    }

    fn at(line: usize, column: usize) -> Position {
        Position { line, column }
    }

    #[test]
    fn members_keep_their_order_their_text_and_their_repetitions() {
        let expected = [("a", "[ 1,2 ]"), ("b", "{\"x\" : 1.0}"), ("a", "\"\\/\"")];
        let read = members("\t{\"a\" :[ 1,2 ], \"\\u0062\":{\"x\" : 1.0} ,\"a\":\"\\/\"}\n").unwrap();
        assert_eq!(read, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn faults_name_their_place_in_characters() {
        let syntax = |line, column, why: &str| Err(Fault::Syntax(at(line, column), why.to_owned()));
        assert_eq!(members("{\"设备\":1 \"b\":2}"), syntax(1, 9, "expected `,` or `}`"));
        assert_eq!(members("{\n \"a\": tru}"), syntax(2, 10, "expected ident"));
        assert_eq!(members("<xml/>"), syntax(1, 1, "expected value"));
        assert_eq!(members("{\"a\":\"设"), Err(Fault::Truncated(at(1, 7))));
        assert_eq!(members("{} {}"), Err(Fault::Trailing(at(1, 4))));
        assert_eq!(members(" [1]"), Err(Fault::NotAnObject(Kind::Array)));
        assert_eq!(members("7"), Err(Fault::NotAnObject(Kind::Number)));
        assert_eq!(Position::of_byte("设\n备x".as_bytes(), 7), at(2, 2));
    }

    #[test]
    fn deep_nesting_costs_no_stack() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(1_000_000), "]".repeat(1_000_000));
        assert_eq!(members(&deep).unwrap().len(), 1);
        assert!(matches!(members(&"{\"a\":".repeat(500_000)), Err(Fault::Truncated(_))));
    }

    #[test]
    fn strings_are_decoded_and_nothing_else_is() {
        let read = |literal: &'static str| text(serde_json::from_str(literal).unwrap());
        assert_eq!(read(r#""\ud842\udfb7\/""#).unwrap(), "𠮷/");
        assert!(matches!(read(r#""青""#), Ok(Cow::Borrowed("青"))));
        for lone in [r#""\ud842""#, r#""\udfb7""#, r#""\ud842x""#, r#""\ud842\ud842""#] {
            assert_eq!(read(lone), Err(NotText::LoneSurrogate));
        }
        let others = ["{}", "[]", "-1", "true", "null"].map(read);
        let kinds = [Kind::Object, Kind::Array, Kind::Number, Kind::Boolean, Kind::Null];
        assert_eq!(others, kinds.map(|kind| Err(NotText::OtherKind(kind))));
    }
}
