//! A batch: one accepted exchange on its way up. What it carries beside its envelope (the manifest), how the node that puts
//! it on a broker seals it and the next step opens it, and the changes it makes to records. Pure: no I/O, no clock.

mod carriage;
mod changes;
mod content;
mod findings;
mod identity;
mod manifest;
mod open;
mod record_fault;
mod seal;

pub use carriage::{BadEscape, from_http, to_http};
pub use changes::{Against, Changes, read_changes};
pub use content::{batch_id, content_digest, failure_id, routing_key};
pub use findings::{Findings, check_records};
pub use identity::Stamp;
pub use manifest::{Evidence, Form, LONGEST_SIGN, Manifest, NotAManifest, Passage};
pub use open::{Incoming, OpenFault, Opened, TOLERANCE_MICROS, Trust, TrustedNode, open};
pub use record_fault::RecordFault;
pub use seal::{NodeIdentity, Sealed, reseal, seal};

/// Header that routes a batch to the queue of its size; not signed: a wrong one sends a batch
/// through the queue of other sizes, which costs its consumer memory and speed, never data.
pub const SIZE_HEADER: &str = "sesame-size";
/// Header that says which attempt this delivery is; a token only, the store's row is the truth.
pub const ATTEMPT_HEADER: &str = "sesame-attempt";
/// Bodies from this many bytes on are bulk: they go through a queue of their own, so that no small batch waits behind them.
pub const BULK_BYTES: usize = 64 * 1024;
