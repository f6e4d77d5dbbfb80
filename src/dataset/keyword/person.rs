//! `x-born` and `x-sex`: what an ID number (GB 11643) says of its holder must be what the record says.

use super::{Holds, given, pairs};
use crate::dataset::format::id_card::{birth_date, is_male};
use crate::dataset::view::RecordNode;
use serde_json::Value;

/// `{"CSRQ": "ZJHM"}`: the date of birth is that of the number.
pub(super) struct Born(Vec<(String, String)>);

/// `{"XB": "ZJHM"}`: the sex (GB/T 2261.1) is that of the number.
pub(super) struct Sex(Vec<(String, String)>);

impl Born {
    pub(super) fn read(value: &Value) -> Result<Self, String> {
        pairs(value).map(Self)
    }
}

impl Sex {
    pub(super) fn read(value: &Value) -> Result<Self, String> {
        pairs(value).map(Self)
    }
}

impl Holds for Born {
    fn holds(&self, node: RecordNode<'_>) -> bool {
        self.0.iter().all(|(born, number)| {
            let (Some(born), Some(number)) = (given(node, born), given(node, number)) else { return true };
            birth_date(number).is_none_or(|date| born.as_bytes() == date)
        })
    }
}

impl Holds for Sex {
    fn holds(&self, node: RecordNode<'_>) -> bool {
        self.0.iter().all(|(sex, number)| {
            let (Some(sex), Some(number)) = (given(node, sex), given(node, number)) else { return true };
            match (sex, is_male(number)) {
                ("1", Some(is_male)) => is_male,
                ("2", Some(is_male)) => !is_male,
                // Unknown or not told.
                _ => true,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn birth_and_sex_are_those_of_the_number() {
        let (born, sex) = (Born::read(&json!({"C": "N"})).unwrap(), Sex::read(&json!({"X": "N"})).unwrap());
        let number = ("N", "110101190001010014");
        let of = |name, value| [number, (name, value)];
        assert!(born.holds(RecordNode::Record(&of("C", "1900-01-01"))));
        assert!(!born.holds(RecordNode::Record(&of("C", "1900-01-02"))));
        assert!(sex.holds(RecordNode::Record(&of("X", "1"))) && sex.holds(RecordNode::Record(&of("X", "9"))));
        assert!(!sex.holds(RecordNode::Record(&of("X", "2"))));
        // A passport's number tells neither.
        let other = [("N", "E12345678"), ("C", "1900-01-02"), ("X", "2")];
        assert!(born.holds(RecordNode::Record(&other)) && sex.holds(RecordNode::Record(&other)));
    }
}
