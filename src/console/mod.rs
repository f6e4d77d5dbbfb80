//! The operator's web pages, Chinese first. For now a status page behind a login.

mod login;
mod page;
mod router;

pub use router::{Access, Check, Console, Operator, router};
