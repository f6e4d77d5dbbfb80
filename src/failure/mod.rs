//! Three failures, a mark, 24 hours (§7.4): what a failure is, how it moves, and why it came to be. Pure: no clock, no I/O.

mod attempt;
mod machine;
mod reason;
mod rule;

pub use attempt::Attempt;
pub use machine::{Event, Standing, State, Step, Then, UnknownState};
pub use reason::Reason;
pub use rule::{Pause, Rule};

/// The steps at which something can fail: committed here, sent up, shared sideways.
pub const STEPS: [&str; 3] = ["persist", "uplink", "share"];
