//! The standard's HTTP interface (§6.2, §6.3): every request ends in one signed answer, `0001` only once the broker holds
//! the batch. Needs the broker alone for writes; the store only for queries.

mod admit;
mod authenticate;
mod body;
mod budget;
mod caller;
mod child;
mod document;
mod door;
mod exchange;
mod journal;
mod limited;
mod log_query;
mod marked;
mod outcome;
mod query;
mod randoms;
mod reply;
mod sender;
mod server;

pub use child::Children;
pub use door::{Door, Limits};
pub use journal::Journal;
pub use server::router;
