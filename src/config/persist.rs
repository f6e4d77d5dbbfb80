//! `[persist]`

use serde::Deserialize;

/// How batches are committed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PersistSettings {
    /// Consumers of each of the two queues.
    pub consumers: usize,
    /// The most batches of one transaction.
    pub max_batches: usize,
    /// Records after which a transaction takes no further batch.
    pub max_records: usize,
    /// Bytes of bodies after which a transaction takes no further batch.
    pub max_bytes: usize,
    /// A batch that takes longer than this, in one statement or to be read, holds up no other: it goes to quarantine. In seconds.
    pub stall_secs: u64,
    /// How long a batch in quarantine may take before it is given up, in seconds.
    pub watchdog_secs: u64,
}

/// RabbitMQ takes a message back that is not acked for 30 minutes.
pub(super) const LONGEST_WATCH_SECS: u64 = 1_500;

impl Default for PersistSettings {
    fn default() -> Self {
        Self {
            consumers: 2,
            max_batches: 500,
            max_records: 4_000,
            max_bytes: 4 << 20,
            stall_secs: 60,
            watchdog_secs: 300,
        }
    }
}
