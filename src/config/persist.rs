//! `[persist]`

use serde::Deserialize;
use std::time::Duration;

/// How batches are committed, and tried again.
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
    /// Pauses after the first and the second failed attempt, in seconds.
    pub retry_secs: [u64; 2],
    /// How long a batch that has failed three times waits for its next round, in seconds (§7.4: 24 hours).
    pub park_secs: u64,
}

impl Default for PersistSettings {
    fn default() -> Self {
        Self {
            consumers: 2,
            max_batches: 500,
            max_records: 4_000,
            max_bytes: 4 << 20,
            retry_secs: [2, 10],
            park_secs: 24 * 3600,
        }
    }
}

impl PersistSettings {
    /// The pauses after a failed attempt.
    pub fn retry_pauses(&self) -> [Duration; 2] {
        self.retry_secs.map(Duration::from_secs)
    }

    /// The pause after a failed round.
    pub fn park_pause(&self) -> Duration {
        Duration::from_secs(self.park_secs)
    }
}
