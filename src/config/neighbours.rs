//! `[parent]` and `[[children]]`

use super::{KeySource, TextSource, node};
use crate::standard::region::Region;
use serde::Deserialize;

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
}

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
