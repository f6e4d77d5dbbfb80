//! The comparable form of a primary key (§6.1 按数据元的主键).
//!
//! Senders write the same key in more than one way: full-width brackets and digits, a number with leading zeros.
//! Records keep what was sent; keys compare in one form.

use std::borrow::Cow;
use std::fmt;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};

/// What joins the parts of a key: U+001F, which no key field may contain.
const SEPARATOR: char = '\u{1f}';

/// The primary key of a record within its business code and region, in comparable form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordKey(String);

/// A key that cannot be made from what was given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// A key field is absent, null or empty.
    #[error("主键字段 {field} 未提供")]
    Missing {
        /// The key field.
        field: String,
    },
    /// A key field that is a number holds something else.
    #[error("主键字段 {field} 应为整数")]
    NotAnInteger {
        /// The key field.
        field: String,
    },
    /// A key field holds a control character.
    #[error("主键字段 {field} 含有控制字符")]
    ControlCharacter {
        /// The key field.
        field: String,
    },
}

impl RecordKey {
    /// Joins the parts of a key, each in comparable form already.
    pub(super) fn join<S: AsRef<str>>(parts: impl IntoIterator<Item = S>) -> Self {
        let mut key = String::new();
        for (index, part) in parts.into_iter().enumerate() {
            if index > 0 {
                key.push(SEPARATOR);
            }
            key.push_str(part.as_ref());
        }
        Self(key)
    }

    /// The key the store keeps, as [`RecordKey::as_str`] gave it.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The parts, joined with U+001F.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The parts, in the order of the dataset's key fields.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.0.split(SEPARATOR)
    }
}

impl fmt::Display for RecordKey {
    /// The parts with a visible bar between them, for messages and logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.replace(SEPARATOR, "|"))
    }
}

/// The comparable form of a text: NFKC, which brings full-width letters, digits and brackets to their plain forms. The
/// brackets 〔〕 of document numbers have no plain form and stay.
pub(super) fn text_part(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfkc_quick(text.chars()) == IsNormalized::Yes {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.nfkc().collect())
    }
}

/// The comparable form of an integer: `007`, `7.0` and `７` are `7`. `None` for anything but a plain integer.
pub(super) fn integer_part(text: &str) -> Option<String> {
    let text = text_part(text);
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || fraction.bytes().any(|b| b != b'0') {
        return None;
    }
    let significant = whole.trim_start_matches('0');
    Some(if significant.is_empty() { "0" } else { significant }.to_owned())
}

/// A value whose dashes are plain ones. NFKC has folded the full-width one already.
pub(super) fn with_plain_dashes(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.contains(['–', '—']) { Cow::Owned(text.replace(['–', '—'], "-")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn full_width_and_plain_writings_are_one_key() {
        assert_eq!(text_part("锅10京A00001（17）"), "锅10京A00001(17)");
        assert_eq!(text_part("ＴＳ２２１０８９０－２０２６"), "TS2210890-2026");
        assert_eq!(text_part("济市监处罚〔2025〕12号"), "济市监处罚〔2025〕12号");
        assert_eq!(text_part("\u{3014}\u{3015}"), "\u{3014}\u{3015}");
        assert_eq!(text_part(" A1 "), " A1 ");
    }

    #[test]
    fn number_keys_are_plain_integers() {
        for (given, plain) in [("7", "7"), ("007", "7"), ("1.0", "1"), ("0", "0"), ("000", "0"), ("１０", "10")] {
            assert_eq!(integer_part(given).as_deref(), Some(plain), "{given}");
        }
        for given in ["", "-1", "+1", "1.5", "1.", ".0", "1e3", "a", "1.0.0", " 1"] {
            assert_eq!(integer_part(given), None, "{given}");
        }
    }

    #[test]
    fn a_key_keeps_its_parts() {
        let key = RecordKey::join(["A", "1"]);
        assert_eq!(key.parts().collect::<Vec<_>>(), ["A", "1"]);
        assert_eq!(key.to_string(), "A|1");
        assert_eq!(RecordKey::from_stored(key.as_str().to_owned()), key);
    }

    proptest! {
        #[test]
        fn normalising_twice_changes_nothing(text in any::<String>()) {
            let once = text_part(&text).into_owned();
            prop_assert_eq!(text_part(&once), once.as_str());
        }
    }
}
