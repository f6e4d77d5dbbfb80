//! Telephone numbers.

/// Whether the text is a number one can dial in China: mobile, landline with or without area code and extension, a
/// service number of 400 or 800, or a short one like the elevator rescue's 96333.
pub fn is_phone(text: &str) -> bool {
    is_mobile(text) || is_landline(text) || is_service(text) || is_short(text)
}

/// Whether the text is a mobile number: `^1[3-9][0-9]{9}$`.
pub fn is_mobile(text: &str) -> bool {
    let b = text.as_bytes();
    b.len() == 11 && all_digits(text) && b[0] == b'1' && b[1] >= b'3'
}

/// `^(0[0-9]{2,3}-?)?[2-9][0-9]{6,7}(-[0-9]{1,6})?$`
fn is_landline(text: &str) -> bool {
    let local = |number: &str| {
        let (number, extension) = number.split_once('-').map_or((number, None), |(n, e)| (n, Some(e)));
        let number_fits = matches!(number.len(), 7 | 8) && all_digits(number) && number.as_bytes()[0] >= b'2';
        number_fits && extension.is_none_or(|e| (1..=6).contains(&e.len()) && all_digits(e))
    };
    let with_area = |length: usize| {
        text.split_at_checked(length).is_some_and(|(area, rest)| {
            area.starts_with('0') && all_digits(area) && local(rest.strip_prefix('-').unwrap_or(rest))
        })
    };
    local(text) || with_area(3) || with_area(4)
}

/// `^[48]00-?[0-9]{3}-?[0-9]{4}$`
fn is_service(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("400").or_else(|| text.strip_prefix("800")) else {
        return false;
    };
    let rest = rest.strip_prefix('-').unwrap_or(rest);
    let Some((exchange, line)) = rest.split_at_checked(3) else {
        return false;
    };
    let line = line.strip_prefix('-').unwrap_or(line);
    all_digits(exchange) && line.len() == 4 && all_digits(line)
}

/// `^(1[0-9]{2}|12[0-9]{3}|9[0-9]{4,5})$`
fn is_short(text: &str) -> bool {
    all_digits(text)
        && match text.len() {
            3 => text.starts_with('1'),
            5 => text.starts_with("12") || text.starts_with('9'),
            6 => text.starts_with('9'),
            _ => false,
        }
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mobile_numbers_are_told_from_others() {
        for number in ["13800138000", "14712345678", "16612345678", "17300000000", "19912345678"] {
            assert!(is_mobile(number), "{number}");
        }
        for number in [
            "12345678901",
            "1380013800",
            "138001380000",
            "+8613800138000",
            "138-0013-8000",
            "１３８００１３８０００",
            "96333",
            "0532-85912345",
            "",
        ] {
            assert!(!is_mobile(number), "{number}");
        }
    }

    #[test]
    fn numbers_one_can_dial_are_told_from_others() {
        let valid = [
            "13800138000",
            "14712345678",
            "16612345678",
            "17300000000",
            "19912345678",
            "0532-85912345",
            "053285912345",
            "010-68831234",
            "0539-8312345-801",
            "85912345",
            "96333",
            "12345",
            "119",
            "400-810-1234",
            "4008101234",
        ];
        for number in valid {
            assert!(is_phone(number), "{number}");
        }
        let invalid = [
            "12345678901",
            "1380013800",
            "138001380000",
            "+8613800138000",
            "138-0013-8000",
            "１３８００１３８０００",
            "",
            "-",
            "0532-",
            "0532-85912345-",
            "400",
            "电话13800138000",
            "13800138000、13900139000",
        ];
        for number in invalid {
            assert!(!is_phone(number), "{number}");
        }
    }
}
