//! Dates and times as the standard writes them: `yyyy-MM-dd` and `yyyy-MM-dd HH:mm:ss`, Beijing time, no offset.

/// Whether the text is `yyyy-MM-dd` and a day of the calendar.
pub fn is_date(text: &str) -> bool {
    let Ok(b) = <&[u8; 10]>::try_from(text.as_bytes()) else {
        return false;
    };
    let day = (number(&b[..4]), number(&b[5..7]), number(&b[8..]));
    let (Some(year), Some(month), Some(day)) = day else {
        return false;
    };
    b[4] == b'-' && b[7] == b'-' && is_calendar_day(year, month, day)
}

/// Whether the text is `yyyy-MM-dd HH:mm:ss`, hours 00 to 23.
pub fn is_civil_datetime(text: &str) -> bool {
    let Some((date, time)) = text.split_at_checked(10) else {
        return false;
    };
    let Ok(b) = <&[u8; 9]>::try_from(time.as_bytes()) else {
        return false;
    };
    let within = |digits: &[u8], limit| number(digits).is_some_and(|n| n < limit);
    let marks = b[0] == b' ' && b[3] == b':' && b[6] == b':';
    marks && within(&b[1..3], 24) && within(&b[4..6], 60) && within(&b[7..], 60) && is_date(date)
}

/// Whether the Gregorian calendar has the day, years 1 to 9999.
pub(super) fn is_calendar_day(year: u32, month: u32, day: u32) -> bool {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(leap),
        _ => 0,
    };
    (1..=9999).contains(&year) && (1..=days).contains(&day)
}

/// Days from the first day of the calendar (0001-01-01), which is 0, to a `yyyy-MM-dd`.
pub(crate) fn day_number(date: &str) -> Option<i64> {
    let part = |range: std::ops::Range<usize>| number(date.as_bytes().get(range)?).map(i64::from);
    let (year, month, day) = (part(0..4)?, part(5..7)?, part(8..10)?);
    // Years counted from March have their leap day last.
    let (year, month) = if month < 3 { (year - 1, month + 9) } else { (year, month - 3) };
    Some(year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 307)
}

fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |so_far, byte| byte.is_ascii_digit().then(|| so_far * 10 + u32::from(byte - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::standard::moment::Moment;
    use proptest::prelude::*;

    #[test]
    fn dates_are_strict_and_real() {
        for date in ["2025-08-01", "2024-02-29", "2000-02-29", "2000-01-01", "1999-12-31", "9999-12-31"] {
            assert!(is_date(date), "{date}");
        }
        let invalid = [
            "2025-02-29",
            "1900-02-29",
            "2025-13-01",
            "2025-00-01",
            "2025-04-31",
            "20250801",
            "2025/08/01",
            "2025-8-1",
            "2025-08-01T08:00:00Z",
            "2025-08-01 00:00:00",
            "0000-01-01",
            "长期",
            "２025-08-01",
            "",
        ];
        for date in invalid {
            assert!(!is_date(date), "{date}");
        }
    }

    #[test]
    fn days_are_counted_over_leap_years() {
        for (date, number) in
            [("0001-01-01", 0), ("1970-01-01", 719_162), ("2024-02-29", 738_944), ("2024-03-01", 738_945)]
        {
            assert_eq!(day_number(date), Some(number), "{date}");
        }
    }

    #[test]
    fn datetimes_are_strict_and_real() {
        for at in ["2025-08-01 23:59:59", "2024-02-29 00:00:00"] {
            assert!(is_civil_datetime(at), "{at}");
        }
        let invalid = [
            "2025-08-01 24:00:00",
            "2025-08-01 23:60:00",
            "2025-08-01 23:59:60",
            "2025-08-01T08:00:00Z",
            "2025-08-01T08:00:00",
            "2021-04-04T13:37:37.000+0000",
            "2025-08-01",
            "2025-08-01 8:00:00",
            "2025-02-29 08:00:00",
            "一二三四五六",
            "",
        ];
        for at in invalid {
            assert!(!is_civil_datetime(at), "{at}");
        }
    }

    proptest! {
        #[test]
        fn every_datetime_is_a_moment(text in "[0-9]{4}-[01][0-9]-[0-3][0-9] [0-2][0-9]:[0-6][0-9]:[0-6][0-9]") {
            let year_zero = text.starts_with("0000");
            prop_assert_eq!(is_civil_datetime(&text), Moment::parse_civil(&text).is_ok() && !year_zero);
        }
    }
}
