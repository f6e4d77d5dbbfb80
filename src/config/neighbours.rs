//! `[[children]]` and `[[subscribers]]`

use super::{KeySource, TextSource, node};
use crate::standard::region::Region;
use serde::Deserialize;

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
