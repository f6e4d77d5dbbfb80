//! The data dictionary: what each business code carries (§5.3, §6.1 数据校验), as data and as rules made from it.
//!
//! `config/datasets/` holds a JSON Schema per business code and the code lists they name. `reading` and `property`
//! turn a file into a [`Dataset`]; `rules` compiles its schema once for each action, `across` its rules across fields, with
//! the keywords of `keyword`; a [`Checker`] holds records against them and [`fault`] says in Chinese what is wrong. [`key`] is
//! the comparable form of a primary key; [`catalogue`] the kinds of equipment. Nothing here does I/O but [`Dictionary::load`],
//! which reads the files of a directory.

pub mod across;
pub mod catalogue;
mod check;
pub mod codelist;
mod decimal;
pub mod definition;
pub mod dictionary;
pub mod error;
pub mod fault;
pub mod field;
pub mod format;
pub mod in_use;
pub mod key;
mod keyword;
mod locate;
mod mask;
mod property;
mod reading;
mod references;
mod rules;
mod view;

pub use across::AcrossRule;
pub use check::{Checker, UnknownFields};
pub use definition::Dataset;
pub use dictionary::Dictionary;
pub use fault::{FieldFault, Level};
pub use field::Field;
pub use in_use::InUse;
pub use key::RecordKey;
