//! Persist: takes whatever has arrived into one transaction, acks after the commit, and hands on to the outbox.

mod commit;
mod group;
mod prepare;
mod run;

pub(super) use prepare::reason_of;
pub use run::Persist;
