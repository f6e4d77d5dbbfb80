//! What is wrong with records of a batch, by their place in the busilist.

use crate::dataset::{FieldFault, Level};
use crate::standard::flat_object::{FlatObject, Shape, ShapeFault};

/// What is wrong with one record of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordFault {
    /// The record's place in the busilist, from 1; 0 where the list as a whole is at fault.
    pub index: usize,
    /// The field at fault; empty where the record as a whole is.
    pub field: String,
    /// The rule broken.
    pub rule: String,
    /// Whether it refuses the record.
    pub level: Level,
    /// The reason in Chinese.
    pub error: String,
}

/// Beyond this many faults nobody reads on; a batch that is wrong throughout must not fill the memory.
pub(super) const MOST_FAULTS: usize = 1_000;

impl RecordFault {
    /// A fault that refuses the record at a place, from 0.
    pub fn error(at: usize, field: &str, rule: &str, error: String) -> Self {
        let (field, rule) = (field.to_owned(), rule.to_owned());
        Self { index: at + 1, field, rule, level: Level::Error, error }
    }

    /// The list as a whole is at fault.
    pub(super) fn of_list(rule: &str, error: String) -> Self {
        Self { index: 0, field: String::new(), rule: rule.to_owned(), level: Level::Error, error }
    }

    /// What the dictionary says of the record at a place, from 0.
    pub(super) fn of_field(at: usize, fault: FieldFault) -> Self {
        let FieldFault { field, rule, level, error } = fault;
        Self { index: at + 1, field, rule, level, error }
    }
}

/// The record at a place, from 0, or what is wrong with its shape.
pub(super) fn shaped<'a>(
    object: Result<FlatObject<'a>, Vec<ShapeFault>>,
    at: usize,
) -> Result<FlatObject<'a>, Vec<RecordFault>> {
    object.map_err(|shapes| {
        let faults = shapes
            .into_iter()
            .map(|s| RecordFault::error(at, &s.field, shape_rule(s.shape), shape_error(s.shape).to_owned()));
        faults.collect()
    })
}

fn shape_rule(shape: Shape) -> &'static str {
    match shape {
        Shape::NotAnObject | Shape::Boolean | Shape::Nested => "type",
        Shape::RepeatedKey => "uniqueKeys",
        Shape::LoneSurrogate | Shape::Nul => "unicode",
        Shape::TooManyMembers => "maxProperties",
    }
}

fn shape_error(shape: Shape) -> &'static str {
    match shape {
        Shape::NotAnObject => "记录不是 JSON 对象",
        Shape::Boolean => "值不能是 true 或 false，应为字符串或数字",
        Shape::Nested => "值不能是对象或数组，应为字符串或数字",
        Shape::RepeatedKey => "字段重复出现",
        Shape::LoneSurrogate => "含有不成对的代理字符（\\uD800 至 \\uDFFF），不是合法的 Unicode 文本",
        Shape::Nul => "含有空字符（\\u0000）",
        Shape::TooManyMembers => "字段过多",
    }
}
