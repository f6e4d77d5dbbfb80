//! The named formats that dictionaries use (`"format": "uscc"`), each a pure function over text.
//!
//! They are the error-level rules only: what the law or the standard leaves open (the inner check digit of a USCC, the
//! form of a registration number) is no format. All are ASCII-only: full-width digits are refused.

pub mod date;
pub mod id_card;
pub mod identifier;
pub mod phone;
pub mod region;
pub mod registry;
pub mod uscc;
