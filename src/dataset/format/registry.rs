//! The table of named formats, for the schema library and for messages.

use super::date::{is_civil_datetime, is_date};
use super::device_code::is_device_code;
use super::id_card::is_id_card;
use super::identifier::is_identifier;
use super::organisation_code::{has_sound_organisation_part, is_organisation_code};
use super::permit_number::is_permit_number;
use super::phone::{is_mobile, is_phone};
use super::registration_code::is_registration_code;
use super::uscc::{is_uscc, is_uscc_or_id_card};
use super::use_certificate::is_use_certificate;

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
pub const FORMATS: [NamedFormat; 14] = [
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
    NamedFormat {
        name: "mobile",
        accepts: is_mobile,
        expects: "11 位手机号码，以 13 至 19 开头，不带国家代码和分隔符",
    },
    NamedFormat {
        name: "device-code",
        accepts: is_device_code,
        expects: "17 至 19 位设备代码（4 位目录代码、5 位制造单位代号或 6 位登记机关区划、4 位年份、4 或 5 位顺序号），如 215010890201500098",
    },
    NamedFormat {
        name: "registration-code",
        accepts: is_registration_code,
        expects: "20 位设备注册代码（4 位目录代码、6 位登记机关区划、6 位年月、4 位顺序号），压力管道可为 18 位数字或大写字母",
    },
    NamedFormat {
        name: "use-certificate",
        accepts: is_use_certificate,
        expects: "使用登记证编号，如 梯11鲁B00123(18)；老旧设备可填 20 位设备注册代码",
    },
    NamedFormat {
        name: "permit-number",
        accepts: is_permit_number,
        expects: "TS 加 6 至 8 位数字或大写字母，加“-”和四位到期年份，如 TS2210890-2026",
    },
    NamedFormat {
        name: "organisation-code",
        accepts: is_organisation_code,
        expects: "9 位组织机构代码（GB 11714），字母大写，校验码正确，如 MA3C00011 或 MA3C0001-1",
    },
    NamedFormat {
        name: "organisation-part",
        accepts: has_sound_organisation_part,
        expects: "统一社会信用代码的第 9 至 17 位为校验码正确的组织机构代码（GB 11714）",
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
    use std::collections::BTreeSet;

    #[test]
    fn names_differ() {
        let names: BTreeSet<_> = FORMATS.iter().map(|format| format.name).chain([REGION]).collect();
        assert_eq!(names.len(), FORMATS.len() + 1);
    }

    #[test]
    fn the_examples_that_people_are_given_have_the_format() {
        let accepts =
            |name: &str, text: &str| FORMATS.iter().any(|format| format.name == name && (format.accepts)(text));
        for (name, text) in [
            ("device-code", "215010890201500098"),
            ("use-certificate", "梯11鲁B00123(18)"),
            ("permit-number", "TS2210890-2026"),
            ("organisation-code", "MA3C00011"),
            ("organisation-code", "MA3C0001-1"),
        ] {
            assert!(
                accepts(name, text) && expectation(name).is_some_and(|words| words.contains(text)),
                "{name} {text}"
            );
        }
    }

    #[test]
    fn every_format_says_what_it_expects() {
        assert!(FORMATS.iter().all(|format| expectation(format.name) == Some(format.expects)));
        assert!(expectation(REGION).is_some());
        assert_eq!(expectation("email"), None);
    }
}
