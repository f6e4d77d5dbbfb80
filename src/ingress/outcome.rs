//! How a request can end.

use super::budget::Share;
use crate::batch::RecordFault;
use crate::standard::refusal::{Refusal, RefusalCode};

/// A success to be answered.
pub(super) struct Success {
    pub(super) message: String,
    /// An array's text.
    pub(super) busilist: String,
    pub(super) after: Option<String>,
    /// Records accepted, or rows answered.
    pub(super) records: usize,
    /// The memory a long answer was lent, until its caller has read it.
    pub(super) share: Option<Share>,
}

impl Success {
    /// A success that answers a list and may be told in a word.
    pub(super) fn new(message: String, busilist: String, records: usize) -> Self {
        Self { message, busilist, after: None, records, share: None }
    }
}

/// A refusal and the bad records it is about.
#[derive(Debug)]
pub(super) struct Denial {
    pub(super) refusal: Refusal,
    pub(super) faults: Vec<RecordFault>,
    /// Records of the exchange, where they were counted.
    pub(super) records: usize,
    /// How long to wait, in seconds, where that is known.
    pub(super) retry_after: Option<u64>,
    /// The methods that the address takes, where the method was another.
    pub(super) allowed: Option<String>,
}

impl Denial {
    pub(super) fn new(code: RefusalCode, reason: impl Into<String>) -> Self {
        Refusal::new(code, reason).into()
    }
}

impl<R: Into<Refusal>> From<R> for Denial {
    fn from(reason: R) -> Self {
        Self { refusal: reason.into(), faults: Vec::new(), records: 0, retry_after: None, allowed: None }
    }
}
