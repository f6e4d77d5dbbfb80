//! 设备代码: what a maker, or the body that registered a device, calls it.

use super::registration_code::is_catalogue_code;

/// Whether the text is a device code of 17 to 19 characters.
///
/// `^[1-9F][0-9A-Z]{2}0[0-9]{5,6}(19|20)[0-9]{2}[0-9A-Z][0-9]{3,4}$`: a code of the catalogue, the maker (five digits) or the
/// registering body (six, where the maker gave no code), the year, and a serial of four places (older rules) or five, whose
/// first turns into a letter when it runs over. Whether the catalogue has the code is for the catalogue to say.
pub fn is_device_code(text: &str) -> bool {
    let bytes = text.as_bytes();
    // Of 18 characters either the maker has six places or the serial five.
    matches!(bytes.len(), 17..=19) && (has_form(bytes, 5) || has_form(bytes, 6))
}

/// Whether the code has the form with so many places for the maker.
fn has_form(bytes: &[u8], maker: usize) -> bool {
    let (head, tail) = bytes.split_at(4 + maker);
    let (Some(year), Some((first, serial))) = (tail.get(..4), tail.get(4..).and_then(<[u8]>::split_first)) else {
        return false;
    };
    is_catalogue_code(&head[..4])
        && head[4..].iter().all(u8::is_ascii_digit)
        && (year.starts_with(b"19") || year.starts_with(b"20"))
        && year.iter().all(u8::is_ascii_digit)
        && (first.is_ascii_digit() || first.is_ascii_uppercase())
        && matches!(serial.len(), 3 | 4)
        && serial.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use regex::Regex;
    use std::sync::LazyLock;

    #[test]
    fn device_codes_are_told_from_others() {
        for code in [
            "31103702320180012",
            "215010890201500098",
            "21703701022016A0001",
            "41701012320190045",
            "110037001202000007",
            "F2203701022016A0001",
            "23T037023201800012",
        ] {
            assert!(is_device_code(code), "{code}");
        }
        for code in [
            "3110370232018001",
            "A1103702320180012",
            // A registration code.
            "31106401052014080025",
            "211123010 2015001",
            "9999999999",
            "31103702321180012",
            "31113702320180012",
            "3110370232018A0A2",
            "31103702320180012\n",
            "３１１０37023201800",
            "31a03702320180012",
            "",
        ] {
            assert!(!is_device_code(code), "{code}");
        }
    }

    static PATTERN: LazyLock<Regex> =
        LazyLock::new(|| Regex::new("^[1-9F][0-9A-Z]{2}0[0-9]{5,6}(19|20)[0-9]{2}[0-9A-Z][0-9]{3,4}$").unwrap());

    proptest! {
        #[test]
        fn the_bytes_are_held_against_the_documented_pattern(text in "[13F][0-9AT]{2}[01][0-9]{5,6}(19|2[01])[0-9]{2}[0-9A][0-9]{2,5}") {
            prop_assert_eq!(is_device_code(&text), PATTERN.is_match(&text) && (17..=19).contains(&text.len()));
        }
    }
}
