//! The business parameters of an exchange (§6.2.2 请求业务参数): an array of flat objects, read without copying.

use super::json::{self, Kind, NotText};
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// One object of a busilist: its members in the order sent, names and values decoded only where they hold escapes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlatObject<'a> {
    members: Vec<(Cow<'a, str>, Scalar<'a>)>,
}

/// A value the interface takes: strings, numbers kept as their exact text, and null.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scalar<'a> {
    /// A JSON string, decoded.
    Text(Cow<'a, str>),
    /// A JSON number, as its exact text: `12.50` stays `12.50`.
    Number(&'a str),
    /// `null`: 'not given' in an add, 'clear' in a modify.
    Null,
}

impl Scalar<'_> {
    /// The value as text; `null` and the empty string both mean that nothing is given.
    pub fn given(&self) -> Option<&str> {
        match self {
            Scalar::Text(text) if text.is_empty() => None,
            Scalar::Text(text) => Some(text),
            Scalar::Number(text) => Some(text),
            Scalar::Null => None,
        }
    }
}

/// Why one object of a busilist cannot be taken as a flat object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShapeFault {
    /// The member at fault; empty when the object as a whole is.
    pub field: String,
    /// What is wrong with it.
    pub shape: Shape,
}

/// What the interface refuses in the shape of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Not an object at all.
    NotAnObject,
    /// `true` or `false`.
    Boolean,
    /// An object or an array as a value.
    Nested,
    /// The same key twice.
    RepeatedKey,
    /// A lone surrogate escape, which no UTF-8 can hold (§6.2.1).
    LoneSurrogate,
    /// U+0000, which PostgreSQL cannot hold.
    Nul,
    /// More than [`MAX_MEMBERS`] members.
    TooManyMembers,
}

/// No dataset comes near this many fields. The bound keeps the search for repeated keys cheap whatever arrives.
pub const MAX_MEMBERS: usize = 256;

/// The text is not a JSON array.
#[derive(Debug, thiserror::Error)]
#[error("busilist 不是 JSON 数组: {0}")]
pub struct NotAnArray(#[from] serde_json::Error);

/// Splits the text of a busilist into the raw texts of its elements.
pub fn split(text: &str) -> Result<Vec<&RawValue>, NotAnArray> {
    Ok(serde_json::from_str(text)?)
}

/// Splits the text of a busilist, but for one of more than `most` elements, of which it gives `None`: a list of millions of
/// numbers is small as text and large as places in it.
pub fn split_within(text: &str, most: usize) -> Result<Option<Vec<&RawValue>>, NotAnArray> {
    let mut json = serde_json::Deserializer::from_str(text);
    let elements = json.deserialize_seq(Elements { most })?;
    json.end()?;
    Ok(elements)
}

struct Elements {
    most: usize,
}

impl<'de> Visitor<'de> for Elements {
    type Value = Option<Vec<&'de RawValue>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut sequence: S) -> Result<Self::Value, S::Error> {
        let mut elements = Some(Vec::new());
        // Read to the end in any case: whether the text is an array at all comes before how long it is.
        while let Some(element) = sequence.next_element::<&RawValue>()? {
            elements = elements.filter(|kept| kept.len() < self.most);
            if let Some(kept) = &mut elements {
                kept.push(element);
            }
        }
        Ok(elements)
    }
}

impl<'a> FlatObject<'a> {
    /// Reads one element of a busilist. All of its faults are reported, not the first alone.
    pub fn read(element: &'a RawValue) -> Result<Self, Vec<ShapeFault>> {
        let mut faults = Vec::new();
        let mut members: Vec<(Cow<'a, str>, Scalar<'a>)> = Vec::with_capacity(32);
        let mut count = 0_usize;
        let mut marks = 0_u64;
        let whole = json::each_member(element.get(), |name, value| {
            count += 1;
            // What is past the bound is skipped, not kept: one object cannot claim more memory than its own text.
            if count > MAX_MEMBERS + 1 {
                return;
            }
            let mut fault = |shape| faults.push(ShapeFault { field: name.clone().into_owned(), shape });
            if count > MAX_MEMBERS {
                return fault(Shape::TooManyMembers);
            }
            // Looking through all earlier names costs more than all the rest: only names of equal marks are compared.
            let mark = 1_u64 << mark(&name);
            if marks & mark != 0 && members.iter().any(|(seen, _)| *seen == name) {
                return fault(Shape::RepeatedKey);
            }
            marks |= mark;
            if name.contains('\0') {
                fault(Shape::Nul);
            }
            match scalar(value) {
                Ok(value) => members.push((name, value)),
                Err(shape) => fault(shape),
            }
        });
        if whole.is_err() {
            // Syntax was checked by `split`: what fails here is another type, or a name that is no Unicode text.
            let shape = if element.get().starts_with('{') { Shape::LoneSurrogate } else { Shape::NotAnObject };
            return Err(vec![ShapeFault { field: String::new(), shape }]);
        }
        if faults.is_empty() { Ok(Self { members }) } else { Err(faults) }
    }

    /// Members in the order sent.
    pub fn members(&self) -> impl Iterator<Item = (&str, &Scalar<'a>)> {
        self.members.iter().map(|(name, value)| (name.as_ref(), value))
    }

    /// The value of a member, as text; `None` when absent, null or empty.
    pub fn given(&self, name: &str) -> Option<&str> {
        self.members.iter().find(|(member, _)| member == name).and_then(|(_, value)| value.given())
    }
}

/// A number below 64 that equal names share and others seldom do.
fn mark(name: &str) -> u32 {
    name.bytes().fold(0_u32, |mark, byte| mark.wrapping_mul(31).wrapping_add(u32::from(byte))) % 64
}

fn scalar(value: &RawValue) -> Result<Scalar<'_>, Shape> {
    match json::text(value) {
        Ok(text) if text.contains('\0') => Err(Shape::Nul),
        Ok(text) => Ok(Scalar::Text(text)),
        Err(NotText::LoneSurrogate) => Err(Shape::LoneSurrogate),
        Err(NotText::OtherKind(Kind::Number)) => Ok(Scalar::Number(value.get())),
        Err(NotText::OtherKind(Kind::Null)) => Ok(Scalar::Null),
        Err(NotText::OtherKind(Kind::Boolean)) => Err(Shape::Boolean),
        Err(NotText::OtherKind(Kind::Object | Kind::Array | Kind::Text)) => Err(Shape::Nested),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<(String, String)>, Vec<ShapeFault>> {
        let element: &RawValue = serde_json::from_str(text).unwrap();
        let object = FlatObject::read(element)?;
        Ok(object.members().map(|(name, value)| (name.to_owned(), format!("{value:?}"))).collect())
    }

    fn shapes(text: &str) -> Vec<Shape> {
        read(text).unwrap_err().into_iter().map(|fault| fault.shape).collect()
    }

    #[test]
    fn strings_numbers_and_null_are_taken_as_sent() {
        let members = read(r#"{"A":"x\u9752\"","B":12.50,"C":null,"D":-0,"E":1E3,"F":""}"#).unwrap();
        let values: Vec<&str> = members.iter().map(|(_, value)| value.as_str()).collect();
        let expected =
            [r#"Text("x青\"")"#, r#"Number("12.50")"#, "Null", r#"Number("-0")"#, r#"Number("1E3")"#, r#"Text("")"#];
        assert_eq!(values, expected);
    }

    #[test]
    fn an_array_is_split_up_to_a_number_of_elements() {
        let count = |text| split_within(text, 2).map(|elements| elements.map(|elements| elements.len())).ok();
        assert_eq!(
            [count("[]"), count("[1]"), count("[1, {}] "), count("[1,2,3]")],
            [Some(Some(0)), Some(Some(1)), Some(Some(2)), Some(None)]
        );
        assert_eq!([count("{}"), count("[1,2,3"), count("[1] 2"), count("")], [None; 4]);
    }

    #[test]
    fn every_refused_shape_is_named() {
        assert_eq!(shapes("[]"), [Shape::NotAnObject]);
        assert_eq!(shapes("7"), [Shape::NotAnObject]);
        assert_eq!(shapes(r#"{"A":true,"B":false}"#), [Shape::Boolean, Shape::Boolean]);
        assert_eq!(shapes(r#"{"A":{},"B":[1]}"#), [Shape::Nested, Shape::Nested]);
        assert_eq!(shapes(r#"{"A":"1","A":"2","\u0041":"3"}"#), [Shape::RepeatedKey, Shape::RepeatedKey]);
        assert_eq!(shapes(r#"{"A":"\ud800","B":"\udc00\ud800"}"#), [Shape::LoneSurrogate, Shape::LoneSurrogate]);
        assert_eq!(shapes(r#"{"\ud800":"1"}"#), [Shape::LoneSurrogate]);
        assert_eq!(shapes(r#"{"A":"a\u0000b"}"#), [Shape::Nul]);
    }

    #[test]
    fn members_past_the_bound_are_one_fault_and_not_kept() {
        let object = |count| {
            let members: Vec<String> = (0..count).map(|n| format!("\"F{n}\":1")).collect();
            format!("{{{}}}", members.join(","))
        };
        assert_eq!(read(&object(MAX_MEMBERS)).unwrap().len(), MAX_MEMBERS);
        assert_eq!(shapes(&object(MAX_MEMBERS + 1)), [Shape::TooManyMembers]);
        assert_eq!(shapes(&object(MAX_MEMBERS + 1000)), [Shape::TooManyMembers]);
    }

    #[test]
    fn split_keeps_each_element_as_sent() {
        let elements = split(" [ {\"A\" : 1} ,{} ] ").unwrap();
        assert_eq!(elements.iter().map(|e| e.get()).collect::<Vec<_>>(), ["{\"A\" : 1}", "{}"]);
        assert!(split("{}").is_err());
        assert!(split("[1,]").is_err());
    }
}
