//! What happens to a message that failed (§7.4): three attempts with growing pauses, then it is marked failed and waits for
//! 24 hours until its next round, verified anew against the keys, grants and rules of that moment.

mod policy;
mod reason;
mod record;
mod sweep;

pub use policy::{Attempt, Next, Pauses};
pub use reason::Reason;
pub use record::{Fault, mend, record};
pub use sweep::Sweeper;
