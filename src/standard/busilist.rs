//! The business parameters of an exchange (§6.2.2 请求业务参数): an array, whose elements are found where they lie.

use super::flat_object::{FlatObject, ShapeFault};
use super::json::Kind;
use super::walk::Walk;
use serde_json::value::RawValue;

/// The text is not a JSON array.
#[derive(Debug, thiserror::Error)]
pub enum NotAnArray {
    /// It is no JSON.
    #[error("busilist 不是 JSON 数组: {0}")]
    Syntax(serde_json::Error),
    /// It is JSON of another kind.
    #[error("busilist 不是 JSON 数组，而是{0}")]
    OtherKind(Kind),
}

/// The exact text of a JSON array, from `[` to `]`, known to be one: its elements are found without checking its syntax again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Array<'a>(&'a str);

/// The exact text of one element of an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Element<'a>(&'a str);

impl<'a> Array<'a> {
    /// `[]`.
    pub const EMPTY: Array<'static> = Array("[]");

    /// Reads the text of an array; white space around it is left out.
    pub fn read(text: &'a str) -> Result<Self, NotAnArray> {
        let value: &RawValue = serde_json::from_str(text).map_err(NotAnArray::Syntax)?;
        Self::of(value).ok_or(NotAnArray::OtherKind(Kind::of(value.get())))
    }

    /// Takes a text for that of an array: one that this program has written or read before, or one that is only to be sent. Of
    /// any other text its elements would be nonsense.
    pub fn known(text: &'a str) -> Self {
        Self(text)
    }

    /// A value, if it is an array.
    pub(super) fn of(value: &'a RawValue) -> Option<Self> {
        (Kind::of(value.get()) == Kind::Array).then_some(Self(value.get()))
    }

    /// The text.
    pub fn as_str(self) -> &'a str {
        self.0
    }

    /// Whether nothing is listed.
    pub fn is_empty(self) -> bool {
        !self.walk().more()
    }

    /// Whether it lists more than so many elements; no more of it is looked at than it takes to tell.
    pub fn is_longer_than(self, most: usize) -> bool {
        self.elements().nth(most).is_some()
    }

    /// Its elements, whatever they are.
    pub fn elements(self) -> impl Iterator<Item = Element<'a>> {
        let mut walk = self.walk();
        std::iter::from_fn(move || walk.more().then(|| Element(walk.value())))
    }

    /// Its elements as flat objects, each read as it is asked for: all at once would take several times the room of their text.
    pub fn objects(self) -> impl Iterator<Item = Result<FlatObject<'a>, Vec<ShapeFault>>> {
        let mut walk = self.walk();
        std::iter::from_fn(move || walk.more().then(|| FlatObject::step(&mut walk)))
    }

    fn walk(self) -> Walk<'a> {
        let mut walk = Walk::of(self.0);
        walk.enter();
        walk
    }
}

impl<'a> Element<'a> {
    /// The text.
    pub fn as_str(self) -> &'a str {
        self.0
    }

    /// The element as a flat object.
    pub fn object(self) -> Result<FlatObject<'a>, Vec<ShapeFault>> {
        FlatObject::step(&mut Walk::of(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::super::flat_object::Shape;
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    #[test]
    fn an_array_keeps_each_element_as_sent() {
        let texts =
            |text| Array::read(text).map(|array| array.elements().map(Element::as_str).collect::<Vec<_>>()).ok();
        assert_eq!(texts(" [ {\"A\" : 1} ,{} , 7] "), Some(vec!["{\"A\" : 1}", "{}", "7"]));
        assert_eq!(texts("[ ]"), Some(vec![]));
        assert_eq!(["{}", "[1,]", "[1,2", "[1] 2", ""].map(texts), [const { None }; 5]);
        assert_eq!(Array::read(" {} ").unwrap_err().to_string(), "busilist 不是 JSON 数组，而是对象");
    }

    #[test]
    fn an_array_knows_whether_it_is_longer_than_a_number() {
        let longer = |text, most| Array::read(text).unwrap().is_longer_than(most);
        assert_eq!([longer("[]", 0), longer("[ [1,2] ]", 1), longer("[1,{}]", 2), longer("[{},{}]", 3)], [false; 4]);
        assert_eq!([longer("[{}]", 0), longer("[1 , [3]]", 1), longer("[1,2,\"]\"]", 2)], [true; 3]);
        assert!(Array::EMPTY.is_empty() && !Array::read("[ 0]").unwrap().is_empty());
    }

    /// Names and values with what the interface makes of each.
    const NAMES: [(&str, Result<&str, Shape>); 7] = [
        (r#""A""#, Ok("A")),
        (r#""\u0041""#, Ok("A")),
        (r#""设""#, Ok("设")),
        (r#""]}\"""#, Ok("]}\"")),
        (r#""""#, Ok("")),
        (r#""\ud800""#, Err(Shape::LoneSurrogate)),
        (r#""a\u0000""#, Err(Shape::Nul)),
    ];
    const VALUES: [(&str, Result<Option<&str>, Shape>); 10] = [
        (r#""x""#, Ok(Some("x"))),
        (r#""\"},{\\""#, Ok(Some("\"},{\\"))),
        (r#""""#, Ok(None)),
        ("-1.50e3", Ok(Some("-1.50e3"))),
        ("null", Ok(None)),
        ("true", Err(Shape::Boolean)),
        (r#"{"A":["]"]}"#, Err(Shape::Nested)),
        ("[ ]", Err(Shape::Nested)),
        (r#""\u0000""#, Err(Shape::Nul)),
        (r#""\udc00""#, Err(Shape::LoneSurrogate)),
    ];

    proptest! {
        #[test]
        fn every_object_is_read_as_its_members_are(
            objects in vec(vec((select(&NAMES[..]), select(&VALUES[..]), select(vec!["", " ", "\n\t"])), 0..6), 0..5),
        ) {
            let write = |object: &Vec<((&str, _), (&str, _), &str)>| {
                let members = object.iter().map(|(name, value, space)| format!("{space}{}{space}:{}{space}", name.0, value.0));
                format!("{{{}}}", members.collect::<Vec<_>>().join(","))
            };
            let text = format!("[{}]", objects.iter().map(write).collect::<Vec<_>>().join(" , "));
            let array = Array::read(&text).unwrap();
            prop_assert_eq!(array.elements().count(), objects.len());
            let read: Vec<_> = array.objects().collect();
            prop_assert_eq!(&read, &array.elements().map(Element::object).collect::<Vec<_>>());
            prop_assert_eq!(read.len(), objects.len());
            for (read, object) in read.iter().zip(&objects) {
                let (mut names, mut faults) = (Vec::new(), Vec::new());
                for ((_, name), (_, value), _) in object {
                    match (name, value) {
                        (Ok(name), _) if names.contains(name) => faults.push(Shape::RepeatedKey),
                        (Ok(name), Ok(_)) => names.push(*name),
                        (Err(shape), _) | (Ok(_), Err(shape)) => faults.push(*shape),
                    }
                }
                match read {
                    Ok(read) => {
                        prop_assert_eq!(faults, []);
                        let given = object.iter().map(|((_, name), (_, value), _)| (name.unwrap(), value.unwrap()));
                        prop_assert!(read.members().map(|(name, value)| (name, value.given())).eq(given));
                    }
                    Err(told) => prop_assert_eq!(told.iter().map(|fault| fault.shape).collect::<Vec<_>>(), faults),
                }
            }
        }
    }

    #[test]
    fn objects_are_read_one_after_the_other_whatever_is_wrong_with_one() {
        let array = Array::read(r#"[{"A":"1"},7,{"A":[{"A":"]"}],"A":2},{"\udc00":{}}, {"B" : null} ]"#).unwrap();
        let members = |read: Result<FlatObject<'_>, Vec<ShapeFault>>| {
            read.map(|object| object.members().count())
                .map_err(|faults| faults.into_iter().map(|fault| fault.shape).collect())
        };
        let expected: [Result<usize, Vec<Shape>>; 5] =
            [Ok(1), Err(vec![Shape::NotAnObject]), Err(vec![Shape::Nested]), Err(vec![Shape::LoneSurrogate]), Ok(1)];
        assert_eq!(array.objects().map(members).collect::<Vec<_>>(), expected);
    }
}
