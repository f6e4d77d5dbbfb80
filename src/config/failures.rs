//! `[failures]`

use serde::Deserialize;

/// How what failed is tried again (§7.4).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FailureSettings {
    /// Pauses after the first and the second failed attempt of a round, in seconds.
    pub retry_secs: [u64; 2],
    /// How long what has failed three times waits for its next round, in seconds (§7.4: 24 hours).
    pub park_secs: u64,
    /// Rounds begun by themselves; after the last one a failure is kept until an operator acts.
    pub rounds: u32,
    /// Batches that a replay brings back in a second, unless its operator asks for another pace.
    pub replay_per_second: u32,
}

/// RabbitMQ keeps milliseconds in 32 bits; 49 days are enough.
pub(super) const LONGEST_SECS: u64 = 4_000_000;

impl Default for FailureSettings {
    fn default() -> Self {
        Self { retry_secs: [2, 10], park_secs: 24 * 3600, rounds: 7, replay_per_second: 500 }
    }
}
