//! Persist: takes whatever has arrived into one transaction, acks after the commit, and hands on to the outbox. What ends or
//! stalls whoever works on it is worked on alone, in quarantine.

mod again;
mod commit;
mod group;
mod prepare;
mod quarantine;
mod reading;
mod run;
mod suspects;

pub(super) use prepare::reason_of;
pub use quarantine::Quarantine;
pub use run::Persist;
