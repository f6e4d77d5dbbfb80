//! Receipts: a tier's verdict on a batch, on its way down the way the batch came up. What a verdict says, which of two counts,
//! when a batch is settled, who a verdict is for, and the letters that carry them. Pure: no I/O, no clock.

mod letter;
mod recipient;
mod state;
mod verdict;

pub use letter::{BadLetter, KIND_HEADER, Kind, Letter, MOST_BATCHES, Question, is_of, open, seal};
pub use recipient::{Child, Children};
pub use state::{Step, is_settled, merge};
pub use verdict::{BadRecord, State, Verdict};

/// Header that says which child first put a failed message on this node's broker, by its broker user: the node's own user
/// publishes it again. Set by the node where it keeps a failure; whatever a child writes there is replaced.
pub const CHILD_HEADER: &str = "sesame-child";
/// Header of a batch sent again after it had been sent before, because of a receipt or for want of one. Not signed: it only makes
/// the parent look for failures of the same batch that its commit settles.
pub const AGAIN_HEADER: &str = "sesame-again";
