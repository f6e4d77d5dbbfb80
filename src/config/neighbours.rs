//! `[parent]`, `[[children]]` and `[[subscribers]]`

use super::{KeySource, PeerTls, TextSource, node};
use crate::standard::region::Region;
use serde::Deserialize;
use std::num::NonZeroU32;
use std::path::PathBuf;

/// The node this one shares up to.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParentSettings {
    /// The parent's region.
    #[serde(deserialize_with = "node::region")]
    pub region: Region,
    /// `amqps://user:password@host:port/vhost` of the parent's broker; the user is this node's appid.
    pub uri: TextSource,
    /// Messages on their way to the parent at once.
    #[serde(default = "window")]
    pub window: u16,
    /// Messages a second that this process sends to the parent (§7.3); more wait.
    pub messages_per_second: Option<NonZeroU32>,
    /// Bytes a second that this process sends to the parent (§7.3); more wait.
    pub bytes_per_second: Option<NonZeroU32>,
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

impl ParentSettings {
    /// What a connection trusts, and what it shows of itself.
    pub fn tls(&self) -> PeerTls {
        PeerTls::of(&self.ca, &self.client_certificate, &self.client_key)
    }
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

/// A party that fetches what it subscribed to from this node's broker, with a user and a queue of its own.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubscriberSettings {
    /// The subscription's id: its queue is `sub.<id>`, its user `sub-<id>`.
    #[serde(deserialize_with = "subscription")]
    pub id: String,
    /// Password of its user, for `sesame topology`.
    pub broker_password: Option<TextSource>,
}

/// An id stands in names of queues and in patterns of permissions, so it has no letter that means something there.
fn subscription<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let id = String::deserialize(deserializer)?;
    let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if (1..=64).contains(&id.len()) && id.bytes().all(good) {
        return Ok(id);
    }
    Err(serde::de::Error::custom(format!(
        "subscriber id {id:?}: 1 to 64 small letters, digits and hyphens, such as emergency-1"
    )))
}
