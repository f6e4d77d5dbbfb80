//! `x-compare`: the value of one field against that of another.
//!
//! `{"YXQZ": {">=": "FZRQ"}}`; with `"plus-days": 15` so many days are added to the right side.

use super::{Holds, given};
use crate::dataset::decimal;
use crate::dataset::format::date::{day_number, is_date};
use crate::dataset::view::RecordNode;
use serde_json::Value;
use std::cmp::Ordering;

/// All comparisons of one keyword.
pub(super) struct Compare(Vec<Comparison>);

struct Comparison {
    left: String,
    relation: fn(Ordering) -> bool,
    right: String,
    plus_days: i64,
}

const WANTED: &str =
    "write {\"FIELD\": {\">=\": \"FIELD\"}} with one of < <= = >= >, and \"plus-days\" where days are added";

impl Compare {
    pub(super) fn read(value: &Value) -> Result<Self, String> {
        let members = value.as_object().filter(|members| !members.is_empty()).ok_or(WANTED)?;
        let comparisons = members.iter().map(|(left, right)| Comparison::read(left, right));
        Ok(Self(comparisons.collect::<Result<_, _>>()?))
    }
}

impl Comparison {
    fn read(left: &str, value: &Value) -> Result<Self, String> {
        let mut found = None;
        let mut plus_days = 0;
        for (name, value) in value.as_object().ok_or(WANTED)? {
            if name == "plus-days" {
                plus_days = value.as_i64().filter(|days| days.abs() <= 36_600).ok_or(WANTED)?;
                continue;
            }
            let right = value.as_str().ok_or(WANTED)?.to_owned();
            found = relation(name).map(|relation| (relation, right)).filter(|_| found.is_none());
            found.as_ref().ok_or(WANTED)?;
        }
        let (relation, right) = found.ok_or(WANTED)?;
        Ok(Self { left: left.to_owned(), relation, right, plus_days })
    }

    fn holds(&self, node: RecordNode<'_>) -> bool {
        let (Some(left), Some(right)) = (given(node, &self.left), given(node, &self.right)) else { return true };
        order(left, right, self.plus_days).is_none_or(self.relation)
    }
}

impl Holds for Compare {
    fn holds(&self, node: RecordNode<'_>) -> bool {
        self.0.iter().all(|comparison| comparison.holds(node))
    }
}

fn relation(name: &str) -> Option<fn(Ordering) -> bool> {
    Some(match name {
        "<" => Ordering::is_lt,
        "<=" => Ordering::is_le,
        "=" => Ordering::is_eq,
        ">=" => Ordering::is_ge,
        ">" => Ordering::is_gt,
        _ => return None,
    })
}

/// Dates and times by the day where one of them has no time of day; numbers by their value. `None` where they cannot be compared.
fn order(left: &str, right: &str, plus_days: i64) -> Option<Ordering> {
    let (Some(left_day), Some(right_day)) = (day(left), day(right)) else { return decimal::compare(left, right) };
    if plus_days != 0 {
        return Some(day_number(left_day)?.cmp(&(day_number(right_day)? + plus_days)));
    }
    let shorter = left.len().min(right.len());
    Some(left.as_bytes()[..shorter].cmp(&right.as_bytes()[..shorter]))
}

/// The day of a date or of a civil time.
fn day(text: &str) -> Option<&str> {
    text.get(..10).filter(|day| is_date(day))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn holds(rule: Value, members: &[(&str, &str)]) -> bool {
        Compare::read(&rule).unwrap().holds(RecordNode::Record(members))
    }

    #[test]
    fn dates_times_and_numbers_are_compared() {
        let not_before = json!({"B": {">=": "A"}});
        for (a, b, expected) in [
            ("2025-01-02", "2025-01-02", true),
            ("2025-01-02", "2025-01-01", false),
            ("2025-01-02 08:00:00", "2025-01-02", true),
            ("2025-01-02 08:00:00", "2025-01-02 07:59:59", false),
            ("9", "10", true),
            ("10", "9", false),
            ("1.50", "1.5", true),
            // Malformed values are another rule's business.
            ("2025-13-01", "2025-01-01", true),
            ("x", "9", true),
        ] {
            assert_eq!(holds(not_before.clone(), &[("A", a), ("B", b)]), expected, "{a} {b}");
        }
        assert!(holds(not_before, &[("B", "2025-01-01")]));
    }

    #[test]
    fn days_are_added_across_months_and_leap_years() {
        let within = json!({"B": {"<=": "A", "plus-days": 15}});
        assert!(holds(within.clone(), &[("A", "2024-02-20 12:00:00"), ("B", "2024-03-06")]));
        assert!(!holds(within.clone(), &[("A", "2024-02-20 12:00:00"), ("B", "2024-03-07")]));
        assert!(!holds(within, &[("A", "2025-02-20"), ("B", "2025-03-08")]));
    }

    #[test]
    fn what_is_no_comparison_is_refused() {
        let wrong = [
            json!("A"),
            json!({}),
            json!({"A": "B"}),
            json!({"A": {"!=": "B"}}),
            json!({"A": {"plus-days": 1}}),
            json!({"A": {"<": "B", ">": "C"}}),
            json!({"A": {"<": 1}}),
            json!({"A": {"<": "B", "plus-days": "1"}}),
        ];
        for rule in wrong {
            assert!(Compare::read(&rule).is_err(), "{rule}");
        }
    }
}
