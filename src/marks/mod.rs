//! Transfers that failed too often at the door (§7.4): three wrong signatures in a row of one (appid, random, source address)
//! mark it for 24 hours. [`Standing`] is the rule, pure; [`Guard`] is what the door asks, from memory alone, so that it needs
//! no store; [`Sharer`] keeps the memories of a node's processes in step through the store.

mod guard;
mod memory;
mod share;
mod standing;
mod transfer;

pub use guard::Guard;
pub use share::Sharer;
pub use standing::{Failure, Rule, Standing, Verdict};
pub use transfer::Transfer;
