//! What happens to a message that failed (§7.4): it is kept with its body, a token of it waits in the queue of its pause, and
//! what comes back from there is published to its step again. The rule itself is [`crate::failure`].

mod desk;
mod record;
mod replay;
mod returned;
mod salvage;
mod sweep;
mod token;

pub use desk::Desk;
pub use record::{Failed, Fault, mend, record, record_surely, unread};
pub use returned::Returner;
pub use salvage::Salvage;
pub use sweep::Sweeper;
pub use token::attempt_of;
