//! `[parent]` and `[[children]]`

use super::{KeySource, TextSource, node};
use crate::standard::region::Region;
use serde::Deserialize;
use std::num::NonZeroU32;

/// The node this one shares up to.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParentSettings {
    /// The parent's region.
    #[serde(deserialize_with = "node::region")]
    pub region: Region,
    /// `amqp://user:password@host:port/vhost` of the parent's broker; the user is this node's appid.
    pub uri: TextSource,
    /// Messages on their way to the parent at once.
    #[serde(default = "window")]
    pub window: u16,
    /// Messages a second that this process sends to the parent (§7.3); more wait.
    pub messages_per_second: Option<NonZeroU32>,
    /// Bytes a second that this process sends to the parent (§7.3); more wait.
    pub bytes_per_second: Option<NonZeroU32>,
}

/// At less than this a window of messages would be on its way for longer than RabbitMQ waits for an ack, 30 minutes.
pub(super) const LEAST_BYTES_PER_SECOND: u32 = 64 * 1024;

fn window() -> u16 {
    200
}

/// A node that shares up to this one.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChildSettings {
    /// The child's region.
    #[serde(deserialize_with = "node::region")]
    pub region: Region,
    /// The child's appid: its user at this node's broker.
    pub appid: String,
    /// The key the child signs with.
    pub key: KeySource,
    /// Keys it signed with before, good until they are taken out: what they sealed may still be on its way.
    #[serde(default)]
    pub former_keys: Vec<KeySource>,
    /// Password of the child's user at this node's broker, for `sesame topology`.
    pub broker_password: Option<TextSource>,
}
