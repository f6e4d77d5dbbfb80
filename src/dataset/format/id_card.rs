//! 公民身份号码 (GB 11643).

use super::date::is_calendar_day;

const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

/// Whether the text is an ID number of 18 characters: a real birthday and the right check character, X in upper case.
///
/// The first six digits are not held against the region table: numbers keep the codes of districts long abolished.
pub fn is_id_card(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digits = bytes.len() == 18 && bytes[..17].iter().all(u8::is_ascii_digit) && bytes[0] != b'0';
    digits && is_birthday(&bytes[6..14]) && check_character(&bytes[..17]) == Some(bytes[17])
}

/// The check character (ISO 7064 MOD 11-2) of the first 17 digits; `None` if they are not 17 digits.
pub fn check_character(first: &[u8]) -> Option<u8> {
    if first.len() != WEIGHTS.len() || !first.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let sum: u32 = first.iter().zip(WEIGHTS).map(|(byte, weight)| u32::from(byte - b'0') * weight).sum();
    b"10X98765432".get((sum % 11) as usize).copied()
}

fn is_birthday(yyyymmdd: &[u8]) -> bool {
    let number = |digits: &[u8]| digits.iter().fold(0, |so_far, digit| so_far * 10 + u32::from(digit - b'0'));
    is_calendar_day(number(&yyyymmdd[..4]), number(&yyyymmdd[4..6]), number(&yyyymmdd[6..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gb_11643_numbers_are_told_from_others() {
        let valid = [
            "110101190001010014",
            "370102190102030027",
            "440306190212310032",
            "510104190402290049",
            "650102190506150057",
            "37010219010101018X",
            "320508190008080061",
        ];
        for number in valid {
            assert!(is_id_card(number), "{number}");
        }
        let invalid = [
            "110101190001010015",
            "370102190113030027",
            "440306190212320032",
            "510104190302290049",
            "65010219050615005",
            "37010219010101018x",
            "370102850101001",
            "",
            "１10101190001010014",
        ];
        for number in invalid {
            assert!(!is_id_card(number), "{number}");
        }
    }
}
