//! A sender that keeps to §7.4: three tries of one and the same exchange with growing pauses, then marked failed, and again
//! after 24 hours or when told by hand. [`fate`] says which outcomes are worth another try, [`Transmission`] is the rule, both
//! pure; [`Shelf`] keeps what is not settled on disk, its random before the first try, so that whatever crashes when, the node
//! sees the same exchange again and counts it once.

mod content;
mod fate;
mod run;
mod shelf;
mod state;

pub use content::Content;
pub use fate::{Fate, Miss, fate};
pub use run::{Ended, Failed, Run};
pub use shelf::{Shelf, ShelfError};
pub use state::{Rule, Step, Transmission};
