//! The operator's web pages, Chinese first: a status page behind a login, and the interface document for everyone; and the failure
//! desk over HTTP.

mod failures;
mod login;
mod page;
mod router;

pub use router::{Access, Check, Console, Operator, OperatorRole, Parts, router};
