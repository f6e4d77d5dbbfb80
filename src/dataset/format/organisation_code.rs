//! 组织机构代码 (GB 11714), which is a part of every 统一社会信用代码.

use super::uscc::is_uscc;

const WEIGHTS: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];

/// Whether the text is an organisation code of nine characters, as units had before 2015: `MA3C00011`, or `MA3C0001-1`.
pub fn is_organisation_code(text: &str) -> bool {
    let bytes = text.as_bytes();
    match bytes {
        [eight @ .., b'-', check] | [eight @ .., check] => check_character(eight) == Some(*check),
        [] => false,
    }
}

/// Whether the organisation code inside a unified social credit code (characters 9 to 17) has the right check character. What
/// is no such code, an owner's ID number for instance, has no such part and is none of this rule's business.
///
/// A rule for warnings: many codes in use were issued without it.
pub fn has_sound_organisation_part(text: &str) -> bool {
    !is_uscc(text) || is_organisation_code(&text[8..17])
}

/// The check character of the first eight; `None` if they are not eight digits or capital letters.
pub fn check_character(eight: &[u8]) -> Option<u8> {
    if eight.len() != WEIGHTS.len() {
        return None;
    }
    let mut sum = 0;
    for (byte, weight) in eight.iter().zip(WEIGHTS) {
        let value = match byte {
            b'0'..=b'9' => byte - b'0',
            b'A'..=b'Z' => byte - b'A' + 10,
            _ => return None,
        };
        sum += u32::from(value) * weight;
    }
    b"0X987654321".get((sum % 11) as usize).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gb_11714_codes_are_told_from_others() {
        // The second is the example that the standard itself works out.
        for code in ["MA3C00011", "D2143569X", "D2143569-X", "192203821", "582770012"] {
            assert!(is_organisation_code(code), "{code}");
        }
        for code in
            ["MA3C00012", "D2143569x", "D214356-9X", "D2143569--X", "MA3C0001", "ma3c00011", "", "-", "Ｄ2143569X"]
        {
            assert!(!is_organisation_code(code), "{code}");
        }
    }

    #[test]
    fn the_part_inside_a_uscc_is_held_against_its_own_check() {
        // Real codes of companies.
        for code in ["914403001922038216", "9144030071526726XG", "91330100799655058B"] {
            assert!(has_sound_organisation_part(code), "{code}");
        }
        let mut unsound = b"91370100MA3C00012".to_vec();
        unsound.push(super::super::uscc::check_character(&unsound).unwrap());
        let unsound = String::from_utf8(unsound).unwrap();
        assert!(is_uscc(&unsound) && !has_sound_organisation_part(&unsound));
        for other in ["110101190001010014", "91370100MA3C00011K", "统一社会信用代码", ""] {
            assert!(has_sound_organisation_part(other), "{other}");
        }
    }
}
