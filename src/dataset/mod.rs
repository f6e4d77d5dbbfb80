//! The data dictionary: what each business code carries (§5.3, §6.1 数据校验), as data and as rules made from it.
//!
//! `config/datasets/` holds a JSON Schema per business code and the code lists they name. `reading` and `property`
//! turn a file into a [`Dataset`]; `rules` compiles its schema once for each action; `check` holds a record against
//! it and [`fault`] says in Chinese what is wrong. [`key`] is the comparable form of a primary key; [`catalogue`] the kinds of
//! equipment. Nothing here does I/O but [`Dictionary::load`], which reads the files of a directory at start.

pub mod catalogue;
mod check;
pub mod codelist;
pub mod definition;
pub mod dictionary;
pub mod error;
pub mod fault;
pub mod field;
pub mod format;
pub mod key;
mod property;
mod reading;
mod rules;
mod view;

pub use definition::Dataset;
pub use dictionary::Dictionary;
pub use fault::FieldFault;
pub use field::Field;
pub use key::RecordKey;
