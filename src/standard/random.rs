//! The identifier of a request (§6.2.2 请求随机标识).

use std::fmt;

/// 1 to 64 printable ASCII characters, opaque and case-sensitive. The standard recommends a UUID and does not ask for one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Random(String);

/// What was given is no usable identifier of a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotARandom {
    /// Empty, or longer than 64 characters.
    #[error("random 应为 1 至 64 个字符，实际为 {0} 个")]
    Length(usize),
    /// A character, counted from 1, outside 0x20 to 0x7E.
    #[error("random 只能含可见 ASCII 字符，第 {0} 个字符不是")]
    NotPrintable(usize),
}

impl Random {
    /// The most characters a random can have.
    pub const MAX: usize = 64;

    /// Takes the text as it is: nothing is trimmed, no case is folded.
    pub fn parse(text: &str) -> Result<Self, NotARandom> {
        match text.chars().count() {
            1..=Self::MAX => {}
            other => return Err(NotARandom::Length(other)),
        }
        match text.chars().position(|c| !matches!(c, ' '..='~')) {
            Some(index) => Err(NotARandom::NotPrintable(index + 1)),
            None => Ok(Self(text.to_owned())),
        }
    }

    /// The text as it was sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<uuid::Uuid> for Random {
    fn from(id: uuid::Uuid) -> Self {
        Self(id.to_string())
    }
}

impl fmt::Display for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_random_is_1_to_64_printable_ascii_characters() {
        for good in ["r-1", " ", "~", "\"\\/&=", &"x".repeat(64), "550e8400-e29b-41d4-a716-446655440000"] {
            assert_eq!(Random::parse(good).unwrap().as_str(), good);
        }
        assert_eq!(Random::parse(""), Err(NotARandom::Length(0)));
        assert_eq!(Random::parse(&"x".repeat(65)), Err(NotARandom::Length(65)));
        assert_eq!(Random::parse("r\n"), Err(NotARandom::NotPrintable(2)));
        assert_eq!(Random::parse("r\u{7f}"), Err(NotARandom::NotPrintable(2)));
        assert_eq!(Random::parse("ｒ"), Err(NotARandom::NotPrintable(1)));
        assert_ne!(Random::parse("a").unwrap(), Random::parse("A").unwrap());
    }

    #[test]
    fn a_uuid_is_a_random() {
        let random = Random::from(uuid::Uuid::from_u128(7));
        assert_eq!(Random::parse(random.as_str()), Ok(random));
    }
}
