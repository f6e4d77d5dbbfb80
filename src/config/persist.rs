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
}

impl Default for PersistSettings {
    fn default() -> Self {
        Self { consumers: 2, max_batches: 500, max_records: 4_000, max_bytes: 4 << 20 }
    }
}
