//! `[store]`

use super::TextSource;
use serde::Deserialize;

/// The node's PostgreSQL.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreSettings {
    /// `postgresql://user:password@host:port/database`; several hosts for failover.
    pub uri: TextSource,
    /// Connections for queries, the log and the pages.
    #[serde(default = "connections")]
    pub connections: usize,
}

fn connections() -> usize {
    8
}
