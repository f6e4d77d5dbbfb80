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
        "mobile" => both("手机号码，11 位", "Mobile number of 11 digits"),
        "organisation-code" => both(
            "组织机构代码（GB 11714），9 位，校验码正确",
            "Organisation code (GB 11714): 9 characters, right check character",
        ),
        "organisation-part" => both(
            "统一社会信用代码第 9 至 17 位的主体标识码校验码正确",
            "A credit code whose characters 9 to 17 are a right organisation code",
        ),
        "device-code" => both(
            "设备代码，17 至 19 位，如 215010890201500098",
            "Device code: 17 to 19 characters, such as 215010890201500098",
        ),
        "registration-code" => both(
            "设备注册代码，20 位（压力管道可为 18 位），如 31106401052014080025",
            "Registration code: 20 characters (18 for pipelines), such as 31106401052014080025",
        ),
        "use-certificate" => both(
            "使用登记证编号，如 梯11鲁B00123(18)，或 20 位注册代码",
            "Number of a use registration, such as 梯11鲁B00123(18), or a registration code of 20 characters",
        ),
        "permit-number" => both("许可证编号，如 TS2210890-2026", "Permit number, such as TS2210890-2026"),
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
