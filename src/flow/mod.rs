//! What happens to a batch: committed here (persist), published to the accepted exchange (outbox), sent up (uplink), kept
//! and tried again when that fails (failures); the writer of the interface log, and what looks after its months (retention). Each step is a task that stops when
//! told, finishes what it has in hand, and treats an outage as a pause, never as a failure.

mod caution;
mod context;
pub mod failures;
mod log_writer;
mod oldest;
mod outbox;
mod persist;
mod retention;
mod uplink;

pub use context::Context;
pub use log_writer::LogWriter;
pub use oldest::Oldest;
pub use outbox::Outbox;
pub use persist::Persist;
pub use retention::{Fate, Retention, RetentionError};
pub use uplink::{Agreement, AmqpUplink, HttpsUplink, Peer, Standing, Uplink};
