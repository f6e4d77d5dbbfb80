//! `[broker]`

use super::{PeerTls, TextSource};
use serde::Deserialize;
use std::path::PathBuf;

/// The node's RabbitMQ.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BrokerSettings {
    /// `amqps://user:password@host:port/vhost`; the user is the node's appid.
    pub uri: TextSource,
    /// `https://user:password@host:port` of RabbitMQ's management API, for `sesame topology`.
    pub management: Option<TextSource>,
    /// Channels to publish over.
    #[serde(default = "channels")]
    pub channels: usize,
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

impl BrokerSettings {
    /// What a connection trusts, and what it shows of itself.
    pub fn tls(&self) -> PeerTls {
        PeerTls::of(&self.ca, &self.client_certificate, &self.client_key)
    }
}

fn channels() -> usize {
    4
}
