//! `[broker]`

use super::TextSource;
use serde::Deserialize;

/// The node's RabbitMQ.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BrokerSettings {
    /// `amqp://user:password@host:port/vhost`; the user is the node's appid.
    pub uri: TextSource,
    /// `http://user:password@host:port` of RabbitMQ's management API, for `sesame topology`.
    pub management: Option<TextSource>,
    /// Channels to publish over.
    #[serde(default = "channels")]
    pub channels: usize,
}

fn channels() -> usize {
    4
}
