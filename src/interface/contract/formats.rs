//! The formats of the data dictionary, for people.

use crate::interface::Bilingual;
use crate::interface::bilingual::both;

/// What a value of a format looks like; `None` for a format that the data dictionary does not have.
pub fn format(name: &str) -> Option<Bilingual> {
    Some(match name {
        "date" => both("`yyyy-MM-dd`，真实日期", "`yyyy-MM-dd`, a date that exists"),
        "civil-datetime" => {
            both("`yyyy-MM-dd HH:mm:ss`，北京时间，不带时区", "`yyyy-MM-dd HH:mm:ss`, Beijing time, without a zone")
        }
        "region" => both(
            "六位行政区划代码（GB/T 2260），省份须存在",
            "Region code of six digits (GB/T 2260) of a listed province",
        ),
        "uscc" => both(
            "18 位统一社会信用代码（GB 32100），大写，校验码正确",
            "Unified social credit code (GB 32100): 18 characters, upper case, right check character",
        ),
        "id-card" => both(
            "18 位公民身份号码（GB 11643），X 大写，校验码正确",
            "Identity number (GB 11643): 18 characters, upper-case X, right check character",
        ),
        "uscc-or-id-card" => both(
            "统一社会信用代码；为自然人的，为公民身份号码",
            "Unified social credit code, or the identity number of a natural person",
        ),
        "phone" => both(
            "手机、带区号的固定电话、400/800 或短号码",
            "Mobile number, landline with its area code, 400/800 or short number",
        ),
        "identifier" => both(
            "可见的文字，不能只有空白，不能含控制字符",
            "Visible text: not white space alone, no control characters",
        ),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::format::registry::{FORMATS, REGION};

    #[test]
    fn every_format_of_the_dictionary_has_words() {
        for name in FORMATS.iter().map(|format| format.name).chain([REGION]) {
            assert!(format(name).is_some(), "{name}");
        }
    }
}
