//! The table of named formats, for the schema library and for messages.

use super::date::{is_civil_datetime, is_date};
use super::id_card::is_id_card;
use super::identifier::is_identifier;
use super::phone::is_phone;
use super::uscc::{is_uscc, is_uscc_or_id_card};

/// The name of the one format that needs a table: [`RegionFormat`](super::region::RegionFormat).
pub const REGION: &str = "region";

/// A format that needs nothing but the text.
pub struct NamedFormat {
    /// What dictionaries call it.
    pub name: &'static str,
    /// Whether a text has the format.
    pub accepts: fn(&str) -> bool,
    /// What a person is told to write, in Chinese.
    pub expects: &'static str,
}

/// Every format but [`REGION`].
pub const FORMATS: [NamedFormat; 7] = [
    NamedFormat { name: "date", accepts: is_date, expects: "yyyy-MM-dd 形式的真实日期" },
    NamedFormat {
        name: "civil-datetime",
        accepts: is_civil_datetime,
        expects: "yyyy-MM-dd HH:mm:ss 形式的北京时间，不带时区",
    },
    NamedFormat {
        name: "uscc", accepts: is_uscc, expects: "18 位统一社会信用代码，字母大写，校验码正确"
    },
    NamedFormat {
        name: "id-card", accepts: is_id_card, expects: "18 位公民身份号码，末位 X 大写，校验码正确"
    },
    NamedFormat {
        name: "uscc-or-id-card",
        accepts: is_uscc_or_id_card,
        expects: "18 位统一社会信用代码；使用单位为自然人的，为 18 位公民身份号码",
    },
    NamedFormat {
        name: "phone", accepts: is_phone, expects: "手机号码、带区号的固定电话或 96333 之类的短号码"
    },
    NamedFormat {
        name: "identifier", accepts: is_identifier, expects: "可见的文字，不能只有空白，不能含控制字符"
    },
];

/// What a person is told to write where a format is asked for; `None` for a format that does not exist.
pub fn expectation(name: &str) -> Option<&'static str> {
    if name == REGION {
        return Some("六位行政区划代码（GB/T 2260）");
    }
    FORMATS.iter().find(|format| format.name == name).map(|format| format.expects)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_says_what_it_expects() {
        assert!(FORMATS.iter().all(|format| expectation(format.name) == Some(format.expects)));
        assert!(expectation(REGION).is_some());
        assert_eq!(expectation("email"), None);
    }
}
