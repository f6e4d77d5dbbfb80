//! One element of a busilist (§6.2.2 请求业务参数): a flat object, read without copying.

use super::json::{Kind, LoneSurrogate};
use super::walk::Walk;
use serde_json::value::RawValue;
use std::borrow::Cow;

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

impl<'a> FlatObject<'a> {
    /// Reads one value. All of its faults are reported, not the first alone.
    pub fn read(value: &'a RawValue) -> Result<Self, Vec<ShapeFault>> {
        Self::step(&mut Walk::of(value.get()))
    }

    /// Reads the element ahead, and steps over it.
    pub(super) fn step(walk: &mut Walk<'a>) -> Result<Self, Vec<ShapeFault>> {
        if walk.kind() != Kind::Object {
            walk.value();
            return Err(vec![ShapeFault { field: String::new(), shape: Shape::NotAnObject }]);
        }
        let mut reading = Reading::default();
        walk.enter();
        while walk.more() {
            let name = walk.name();
            if reading.is_full() {
                walk.value();
            } else {
                reading.take(name.decode(), scalar(walk));
            }
        }
        reading.end()
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

/// An object as it is read.
struct Reading<'a> {
    members: Vec<(Cow<'a, str>, Scalar<'a>)>,
    /// Those of the names so far.
    marks: u64,
    count: usize,
    faults: Vec<ShapeFault>,
}

impl Default for Reading<'_> {
    fn default() -> Self {
        Self { members: Vec::with_capacity(32), marks: 0, count: 0, faults: Vec::new() }
    }
}

impl<'a> Reading<'a> {
    /// Whether it has more members than it may. The others are stepped over: no object claims more memory than its own text.
    fn is_full(&self) -> bool {
        self.count > MAX_MEMBERS
    }

    fn take(&mut self, name: Result<Cow<'a, str>, LoneSurrogate>, value: Result<Scalar<'a>, Shape>) {
        self.count += 1;
        if self.is_full() {
            return self.fault(name.as_deref().unwrap_or_default(), Shape::TooManyMembers);
        }
        let Ok(name) = name else { return self.fault("", Shape::LoneSurrogate) };
        // Looking through all earlier names costs more than all the rest: only names of equal marks are compared.
        let mark = mark(&name);
        if self.marks & mark != 0 && self.members.iter().any(|(seen, _)| *seen == name) {
            return self.fault(&name, Shape::RepeatedKey);
        }
        self.marks |= mark;
        match value {
            _ if holds_nul(&name) => self.fault(&name, Shape::Nul),
            Ok(value) => self.members.push((name, value)),
            Err(shape) => self.fault(&name, shape),
        }
    }

    fn fault(&mut self, field: &str, shape: Shape) {
        self.faults.push(ShapeFault { field: field.to_owned(), shape });
    }

    fn end(self) -> Result<FlatObject<'a>, Vec<ShapeFault>> {
        if self.faults.is_empty() { Ok(FlatObject { members: self.members }) } else { Err(self.faults) }
    }
}

/// One bit, which equal names share and others seldom do.
fn mark(name: &str) -> u64 {
    let number = name.bytes().fold(0_u32, |number, byte| number.wrapping_mul(31).wrapping_add(u32::from(byte)));
    1 << (number % 64)
}

/// Whether a text holds U+0000. Only an escape can have made it.
#[expect(clippy::ptr_arg, reason = "whether it is borrowed is what is asked")]
fn holds_nul(text: &Cow<'_, str>) -> bool {
    matches!(text, Cow::Owned(text) if text.contains('\0'))
}

/// Reads the value ahead, and steps over it.
fn scalar<'a>(walk: &mut Walk<'a>) -> Result<Scalar<'a>, Shape> {
    match walk.kind() {
        Kind::Text => match walk.string().decode() {
            Ok(text) if holds_nul(&text) => Err(Shape::Nul),
            Ok(text) => Ok(Scalar::Text(text)),
            Err(LoneSurrogate) => Err(Shape::LoneSurrogate),
        },
        Kind::Number => Ok(Scalar::Number(walk.value())),
        other => {
            walk.value();
            match other {
                Kind::Null => Ok(Scalar::Null),
                Kind::Boolean => Err(Shape::Boolean),
                _ => Err(Shape::Nested),
            }
        }
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
}
