//! `x-minimum` and `x-maximum`: bounds of a number that is written as text, inclusive.

use super::Holds;
use crate::dataset::decimal;
use crate::dataset::view::RecordNode;
use serde_json::Value;
use std::cmp::Ordering;

/// One bound.
pub(super) struct Bound {
    bound: String,
    beyond: Ordering,
}

impl Bound {
    pub(super) fn least(value: &Value) -> Result<Self, String> {
        Self::read(value, Ordering::Less)
    }

    pub(super) fn most(value: &Value) -> Result<Self, String> {
        Self::read(value, Ordering::Greater)
    }

    fn read(value: &Value, beyond: Ordering) -> Result<Self, String> {
        let bound = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => String::new(),
        };
        decimal::compare(&bound, "0").map(|_| Self { bound, beyond }).ok_or_else(|| "write a plain number".to_owned())
    }
}

impl Holds for Bound {
    fn holds(&self, node: RecordNode<'_>) -> bool {
        let RecordNode::Text(text) = node else { return true };
        decimal::compare(text, &self.bound) != Some(self.beyond)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn bounds_are_inclusive_and_exact() {
        let (least, most) = (Bound::least(&json!(73)).unwrap(), Bound::most(&json!("136.0")).unwrap());
        let within = |text| least.holds(RecordNode::Text(text)) && most.holds(RecordNode::Text(text));
        for text in ["73", "073.0", "136", "136.000000", "100.5", "no number"] {
            assert!(within(text), "{text}");
        }
        for text in ["72.999999", "136.000001", "-100", "0"] {
            assert!(!within(text), "{text}");
        }
        assert!(Bound::least(&json!("many")).is_err() && Bound::least(&json!(null)).is_err());
    }
}
