//! 设备注册代码: what registering bodies called a device until 2014.

use crate::standard::region::Region;

/// Whether the text is a registration code of 20 characters, or has the 18 of pipelines.
///
/// `^[1-9][0-9A-Z]{2}0[0-9]{6}(19|20)[0-9]{2}(0[1-9]|1[0-2])[0-9A-Z][0-9]{3}$`: a code of the catalogue, the region of the
/// registering body, year and month, and a serial whose first place turns into a letter over 9999. Of the 18 characters of
/// pipelines no rule is published, so they may be any digits and capital letters. Region and catalogue are not looked up.
pub fn is_registration_code(text: &str) -> bool {
    is_full_registration_code(text) || (text.len() == 18 && text.bytes().all(is_digit_or_capital))
}

/// Whether the text is a registration code of 20 characters.
pub fn is_full_registration_code(text: &str) -> bool {
    let Ok(b) = <&[u8; 20]>::try_from(text.as_bytes()) else {
        return false;
    };
    let month = matches!(b[14..16], [b'0', b'1'..=b'9'] | [b'1', b'0'..=b'2']);
    is_catalogue_code(&b[..4])
        && b[0] != b'F'
        && b[4..14].iter().all(u8::is_ascii_digit)
        && matches!(b[10..12], [b'1', b'9'] | [b'2', b'0'])
        && month
        && is_digit_or_capital(b[16])
        && b[17..].iter().all(u8::is_ascii_digit)
}

/// The region of the registering body that a registration code of 20 characters tells; it may be one of the past, or none that
/// ever was. `None` for any other text.
pub fn registering_region(text: &str) -> Option<Region> {
    // A code of the form is ASCII, so the cut falls between characters.
    is_full_registration_code(text).then(|| Region::parse(&text[4..10]).ok()).flatten()
}

/// `[1-9F][0-9A-Z]{2}0`: the form of the codes of the catalogue.
pub(super) fn is_catalogue_code(four: &[u8]) -> bool {
    matches!(four, [b'1'..=b'9' | b'F', second, third, b'0'] if is_digit_or_capital(*second) && is_digit_or_capital(*third))
}

fn is_digit_or_capital(byte: u8) -> bool {
    byte.is_ascii_digit() || byte.is_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use regex::Regex;
    use std::sync::LazyLock;

    #[test]
    fn registration_codes_are_told_from_others() {
        for code in [
            "31106401052014080025",
            "21603101012006010101",
            "11003701022016120001",
            "41903201062020110003",
            "51103300002019010012",
            "3110640105201408A025",
            // Well-formed, though there is no region 740105.
            "31107401052014080025",
        ] {
            assert!(is_registration_code(code) && is_full_registration_code(code), "{code}");
        }
        for code in [
            "3110640105201408002",
            "31106401052014130025",
            "31106401052014000025",
            "31106401052014080A25",
            "X1106401052014080025",
            "F1106401052014080025",
            "31106401051814080025",
            "31116401052014080025",
            "3110640105201408０25",
            "",
        ] {
            assert!(!is_registration_code(code), "{code}");
        }
    }

    #[test]
    fn pipelines_have_codes_of_18_characters() {
        assert!(is_registration_code("831037010220070001") && is_registration_code("8310370102200700A1"));
        assert!(!is_full_registration_code("831037010220070001"));
        for code in ["83103701022007000", "8310370102200700 1", "8310370102200700a1", "8310370102200７001"] {
            assert!(!is_registration_code(code), "{code}");
        }
    }

    #[test]
    fn the_registering_body_is_told() {
        let told = |code| registering_region(code).map(|region| region.to_string());
        assert_eq!(told("31106401052014080025").as_deref(), Some("640105"));
        assert_eq!(told("31107401052014080025").as_deref(), Some("740105"));
        assert_eq!(told("31100001052014080025"), None);
        assert_eq!(told("831037010220070001"), None);
        assert_eq!(told("设备注册代码3110640"), None);
    }

    static PATTERN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new("^[1-9][0-9A-Z]{2}0[0-9]{6}(19|20)[0-9]{2}(0[1-9]|1[0-2])[0-9A-Z][0-9]{3}$").unwrap()
    });

    proptest! {
        #[test]
        fn the_bytes_are_held_against_the_documented_pattern(text in "[13F][0-9AT]{2}[01][0-9]{6}(19|2[01])[0-9]{2}[01][0-9][0-9A][0-9]{2,4}") {
            prop_assert_eq!(is_full_registration_code(&text), PATTERN.is_match(&text));
        }
    }
}
