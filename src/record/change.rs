//! One change of one record.

use super::{Fields, Version};
use crate::standard::code::BusinessCode;
use crate::standard::region::Region;

/// What identifies a record: two counties' local numbers never collide, and no county can touch another's record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId {
    /// The dataset.
    pub busicode: BusinessCode,
    /// XZQHDM: the region whose regulator supervises.
    pub region: Region,
    /// The primary key in comparable form.
    pub key: Box<str>,
}

/// A change as a batch carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The record changed.
    pub id: RecordId,
    /// Its place among all changes of the record.
    pub version: Version,
    /// What it does.
    pub effect: Effect,
}

/// What a change does (§6.1 数据新增、数据修改、数据删除).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Replaces every field and clears the deleted mark.
    Add(Fields),
    /// Sets the given fields; `None` clears one. A deleted record keeps its mark.
    Modify(Vec<(Box<str>, Option<Box<str>>)>),
    /// Sets the deleted mark and keeps the fields.
    Delete,
}
