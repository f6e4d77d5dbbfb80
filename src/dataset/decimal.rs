//! Decimal numbers as records carry them: compared as written, so that no digit is lost to a binary fraction.

use std::cmp::Ordering;

/// Which of two plain decimal numbers is the greater; `None` where one of them is no plain decimal number.
pub(super) fn compare(left: &str, right: &str) -> Option<Ordering> {
    let (left, right) = (Decimal::read(left)?, Decimal::read(right)?);
    Some(match (left.negative, right.negative) {
        (false, true) => Ordering::Greater,
        (true, false) => Ordering::Less,
        (false, false) => left.size(&right),
        (true, true) => right.size(&left),
    })
}

/// Digits without leading zeros before the point and without trailing ones after it.
struct Decimal<'t> {
    negative: bool,
    whole: &'t str,
    fraction: &'t str,
}

impl<'t> Decimal<'t> {
    fn read(text: &'t str) -> Option<Self> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = match digits.split_once('.') {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None => (digits, ""),
        };
        if whole.is_empty() || !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
        let is_zero = whole.is_empty() && fraction.is_empty();
        Some(Self { negative: digits.len() < text.len() && !is_zero, whole, fraction })
    }

    fn size(&self, other: &Self) -> Ordering {
        let whole = self.whole.len().cmp(&other.whole.len()).then_with(|| self.whole.cmp(other.whole));
        whole.then_with(|| self.fraction.cmp(other.fraction))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_compare_as_written() {
        for (left, right, order) in [
            ("9", "10", Ordering::Less),
            ("007", "7.00", Ordering::Equal),
            ("0.1", "0.09", Ordering::Greater),
            ("-0", "0", Ordering::Equal),
            ("-2", "-1.5", Ordering::Less),
            ("9007199254740993", "9007199254740992", Ordering::Greater),
        ] {
            assert_eq!(compare(left, right), Some(order), "{left} {right}");
        }
        for no_number in ["", "-", "1.", ".5", "1e3", "+1", "１", "1 "] {
            assert_eq!(compare(no_number, "1"), None, "{no_number:?}");
        }
    }

    proptest! {
        #[test]
        fn thousandths_compare_as_the_integers_they_are(left in -5_000_i64..5_000, right in -5_000_i64..5_000) {
            let text = |n: i64| format!("{}{}.{:03}", if n < 0 { "-" } else { "" }, n.abs() / 1000, n.abs() % 1000);
            prop_assert_eq!(compare(&text(left), &text(right)), Some(left.cmp(&right)));
        }
    }
}
