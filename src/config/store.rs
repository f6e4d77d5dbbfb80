//! `[store]`

use super::{PeerTls, TextSource};
use serde::Deserialize;
use std::path::PathBuf;

/// The node's PostgreSQL.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreSettings {
    /// `postgresql://user:password@host:port/database`; several hosts for failover.
    pub uri: TextSource,
    /// Connections for queries, the log and the pages.
    #[serde(default = "connections")]
    pub connections: usize,
    /// The CAs its certificate may be signed by, in PEM; the system's by default.
    pub ca: Option<PathBuf>,
    /// A certificate to show to it, and the private key of that.
    pub client_certificate: Option<PathBuf>,
    /// The private key of `client_certificate`.
    pub client_key: Option<PathBuf>,
    /// Whether it may be spoken to unencrypted although it is another host.
    #[serde(default)]
    pub plaintext: bool,
}

impl StoreSettings {
    /// What a connection trusts, and what it shows of itself.
    pub fn tls(&self) -> PeerTls {
        PeerTls::of(&self.ca, &self.client_certificate, &self.client_key)
    }
}

fn connections() -> usize {
    8
}
