//! What happens to a batch: committed here (persist), published to the accepted exchange (outbox), sent up (uplink), kept
//! and tried again when that fails (failures), told of to those below (receipts); the writer of the interface log, and what looks after its months
//! (retention). Each step is a task that stops when told, finishes what it has in hand, and treats an outage as a pause, never as a failure.

mod aside;
mod caution;
mod context;
pub mod failures;
mod log_writer;
mod oldest;
mod outbox;
mod persist;
pub mod receipts;
mod retention;
mod stuck;
mod uplink;

pub use context::Context;
pub use log_writer::LogWriter;
pub use oldest::Oldest;
pub use outbox::Outbox;
pub use persist::{Persist, Quarantine};
pub use retention::{Fate, Retention, RetentionError};
pub use stuck::Stuck;
pub use uplink::{Agreement, AmqpUplink, HttpsUplink, LinkDesk, Peer, Standing, Uplink};
