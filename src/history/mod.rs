//! What became of a record, change by change, and the proof of who sent each: for regulators who ask years later.

mod evidence;
mod past;

pub use evidence::{Means, NotProven, SignedExchange};
pub use past::{AsOf, Entry, HistoryError, Past, past_of};
