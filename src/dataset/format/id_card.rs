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

/// The birth date that an ID number tells, as the ASCII text `yyyy-MM-dd`; `None` for what is no ID number.
pub fn birth_date(text: &str) -> Option<[u8; 10]> {
    let [y1, y2, y3, y4, m1, m2, d1, d2] = *text.as_bytes().get(6..14)?.first_chunk()?;
    is_id_card(text).then_some([y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2])
}

/// Whether an ID number is that of a man (its 17th digit is odd); `None` for what is no ID number.
pub fn is_male(text: &str) -> Option<bool> {
    is_id_card(text).then(|| text.as_bytes()[16] % 2 == 1)
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
            assert_eq!((birth_date(number), is_male(number)), (None, None), "{number}");
        }
    }

    #[test]
    fn a_number_tells_birth_date_and_sex() {
        for (number, date, male) in [
            ("110101190001010014", b"1900-01-01", true),
            ("370102190102030027", b"1901-02-03", false),
            ("510104190402290049", b"1904-02-29", false),
            ("650102190506150057", b"1905-06-15", true),
            ("37010219010101018X", b"1901-01-01", false),
        ] {
            assert_eq!((birth_date(number), is_male(number)), (Some(*date), Some(male)), "{number}");
        }
    }
}
