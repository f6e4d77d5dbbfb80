//! The standard itself, as pure types and functions: business codes and actions (§6.2.2, tables 2 and 3), regions, the
//! envelope of Annex A, its signature and encryption (§7.1), how a caller proves who it is (§7.2), the answer. Nothing here does
//! I/O or knows what time it is.

pub mod answer;
pub mod busilist;
pub mod cipher;
pub mod code;
pub mod diagnosis;
pub mod encryption;
pub mod envelope;
pub mod flat_object;
pub mod grants;
pub mod json;
pub mod malformed;
pub mod moment;
pub mod month;
pub mod proof;
pub mod random;
pub mod refusal;
pub mod region;
pub mod response;
pub mod sign;
pub mod subject;
pub mod table;
pub mod validity;
pub mod volume;
mod walk;
