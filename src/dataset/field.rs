//! One field of a dataset: what the dictionary says of it.

use super::codelist::CodeList;
use serde::Deserialize;
use std::sync::Arc;

/// A field (数据元) of a dataset.
#[derive(Debug, Clone)]
pub struct Field {
    /// The identifier records carry, like `XKZBH`.
    pub id: String,
    /// The Chinese name.
    pub title: String,
    /// What the values are, beneath their text.
    pub kind: Kind,
    /// The most characters a value may have.
    pub max_len: Option<usize>,
    /// Whether every record must have it, and no change may clear it.
    pub required: bool,
    /// Whether this side keeps it (SCBZ): accepted and ignored in writes.
    pub server_kept: bool,
    /// The named format of its values.
    pub format: Option<String>,
    /// Whether its date or time must not lie in the future.
    pub past: bool,
    /// How it is masked where it may not be read in full.
    pub sensitivity: Option<Sensitivity>,
    /// The codes it takes, if it is coded by a list.
    pub codelist: Option<CodeListUse>,
    /// What a person is told to write, in Chinese, where a pattern, format or inline list says more than the kind.
    pub expects: Option<String>,
    /// Where the field comes from: marks explained in the README of the dictionary.
    pub source: String,
}

impl Field {
    /// Whether its values are numbers with a dash that is printed as `—`, `–` or `-`: one and the same number.
    pub(super) fn has_dashes(&self) -> bool {
        self.format.as_deref() == Some("permit-number")
    }
}

/// What the values of a field are, beneath their text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Free text or an identifier.
    Text,
    /// A decimal number of so many digits in all, so many of them after the point.
    Number {
        /// Digits in all.
        precision: u8,
        /// Digits after the point; 0 for an integer.
        scale: u8,
    },
    /// `yyyy-MM-dd`.
    Date,
    /// `yyyy-MM-dd HH:mm:ss`, Beijing time.
    DateTime,
    /// A code of a list or a catalogue.
    Code,
}

/// A class of sensitive data and when a value belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sensitivity {
    /// How a sensitive value is masked.
    pub class: SensitiveClass,
    /// Only some values are sensitive (written `IDCARD?`): the field may hold a company's data or a person's.
    pub depends_on_value: bool,
}

/// How a value is masked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SensitiveClass {
    /// `IDCARD`: an ID number; the first 6 and last 2 characters stay.
    IdCard,
    /// `PHONE`: the first 3 and last 4 digits stay; of a landline all but the last 4.
    Phone,
    /// `NAME`: the first character stays.
    Name,
    /// `DATE` of birth: the year stays.
    BirthDate,
    /// `IDLIKE`: the last 2 characters stay.
    IdLike,
}

/// How a field uses a code list.
#[derive(Debug, Clone)]
pub struct CodeListUse {
    /// The name of the list, like `XKZT`.
    pub name: String,
    /// The list itself.
    pub list: Arc<CodeList>,
    /// Whether a value is one code, several or not bound.
    pub mode: ListMode,
}

impl CodeListUse {
    /// The pattern of a value of several codes ([`ListMode::Several`]).
    pub fn several(&self) -> String {
        let one = self.list.items.iter().map(|item| regex::escape(&item.code)).collect::<Vec<_>>().join("|");
        format!("^({one})([;；,，、]({one}))*$")
    }
}

/// How many codes of its list a value has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ListMode {
    /// Exactly one.
    #[default]
    One,
    /// One or more, separated by `;` `,` or `、`, in either width.
    Several,
    /// The list is a help for people; other values are taken.
    Advisory,
}
