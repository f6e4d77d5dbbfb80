//! 统一社会信用代码 (GB 32100-2015).

use super::id_card::is_id_card;

/// The alphabet of the code: no I, O, S, V, Z.
pub const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// 3^(i-1) mod 31 for the first 17 characters.
const WEIGHTS: [u32; 17] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];

/// Whether the text is a unified social credit code with the right check character.
///
/// The check of GB 11714 inside it (characters 9 to 17) is not asked for: many codes in use were issued without it.
pub fn is_uscc(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 18 && bytes[2..8].iter().all(u8::is_ascii_digit) && check_character(&bytes[..17]) == Some(bytes[17])
}

/// The check character of the first 17; `None` if there are not 17 or one is outside the alphabet.
pub fn check_character(first: &[u8]) -> Option<u8> {
    if first.len() != WEIGHTS.len() {
        return None;
    }
    let mut sum = 0;
    for (byte, weight) in first.iter().zip(WEIGHTS) {
        sum += value(*byte)? * weight;
    }
    // Without the outer remainder a sum divisible by 31 would index past the alphabet.
    let index = (31 - sum % 31) % 31;
    ALPHABET.get(index as usize).copied()
}

/// Whether the text is a unified social credit code or the ID number of a natural person: owners may be either.
pub fn is_uscc_or_id_card(text: &str) -> bool {
    is_uscc(text) || is_id_card(text)
}

fn value(byte: u8) -> Option<u32> {
    Some(match byte {
        b'0'..=b'9' => u32::from(byte - b'0'),
        b'A'..=b'H' => u32::from(byte - b'A') + 10,
        b'J'..=b'N' => u32::from(byte - b'J') + 18,
        b'P'..=b'R' => u32::from(byte - b'P') + 23,
        b'T'..=b'U' => u32::from(byte - b'T') + 26,
        b'W'..=b'Y' => u32::from(byte - b'W') + 28,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gb_32100_codes_are_told_from_others() {
        let valid = [
            "91370100MA3C00011J",
            "123700004955700123",
            "1132000001400001XX",
            "91440300582770012K",
            "52110000500000015Q",
            // Remainder 0, check character 0.
            "91370100MA3C000540",
            // Three codes of real companies that everyone can look up.
            "914403001922038216",
            "9144030071526726XG",
            "91330100799655058B",
        ];
        for code in valid {
            assert!(is_uscc(code), "{code}");
        }
        let invalid = [
            "91370100MA3C00011K",
            "12370000495570012",
            "I132000001400001XX",
            "91440300852770012K",
            "52110000500000015q",
            "91370100MA3C0001S0",
            "",
            "９1370100MA3C00011J",
            "370102850101001",
        ];
        for code in invalid {
            assert!(!is_uscc(code), "{code}");
        }
    }

    #[test]
    fn every_letter_of_the_alphabet_has_its_index_as_value() {
        for (index, letter) in ALPHABET.iter().enumerate() {
            assert_eq!(value(*letter), Some(index as u32));
        }
        for letter in b"IOSVZ" {
            assert_eq!(value(*letter), None);
        }
    }

    #[test]
    fn an_owner_may_be_a_natural_person() {
        assert!(is_uscc_or_id_card("91370100MA3C00011J"));
        assert!(is_uscc_or_id_card("110101190001010014"));
        assert!(!is_uscc_or_id_card("110101190001010015"));
    }
}
