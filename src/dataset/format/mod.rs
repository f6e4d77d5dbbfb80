//! The named formats that dictionaries use (`"format": "uscc"`), each a pure function over text.
//!
//! A format says whether a text has a form; how grave it is when it has not, the dictionary says. Those made for warnings, since
//! law or practice leaves them open, say so. None looks anything up: whether a device code begins with a code of the
//! [catalogue](super::catalogue), or a region is in force, is for the tables to say. All are ASCII-only: full-width digits are
//! refused, but in numbers of certificates, which people write with full-width brackets.

pub mod date;
pub mod device_code;
pub mod id_card;
pub mod identifier;
pub mod organisation_code;
pub mod permit_number;
pub mod phone;
pub mod region;
pub mod registration_code;
pub mod registry;
pub mod uscc;
pub mod use_certificate;
