//! The floor: the least that a durable pipeline of the same shape must do. HTTP POST, a confirmed, persistent, mandatory publish
//! to a quorum queue, and one transaction for all that has arrived; no signature, no rules, no guard against repetition, no log.
//!
//! It runs as a process of its own, as `sesame serve` does, so that what it takes of the machine is measured alike.

mod consume;
mod publish;
mod rows;
mod serve;
mod store;

pub use serve::{FloorArguments, run};
pub use store::{TABLES, Variant};

/// The quorum queue between the two halves.
const QUEUE: &str = "floor";
