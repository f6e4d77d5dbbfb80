//! `[node]`

use super::KeySource;
use crate::standard::region::Region;
use serde::{Deserialize, Deserializer};

/// Who the node is and what this process does for it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeSettings {
    /// The region the regulator answers for; `000000` is the nation.
    #[serde(deserialize_with = "region")]
    pub region: Region,
    /// The node's own appid: its name towards its parent, and its user at brokers.
    pub appid: String,
    /// The key the node signs with.
    pub key: KeySource,
    /// Keys it signed with before: what they sealed may still lie in its queues.
    #[serde(default)]
    pub former_keys: Vec<KeySource>,
    /// The key that the keys of apps in the store are sealed under.
    pub master_key: Option<KeySource>,
    /// What this process does; all by default.
    #[serde(default = "Role::all")]
    pub roles: Vec<Role>,
}

/// One kind of work of a `sesame serve` process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Answers the standard's interface.
    Ingress,
    /// Commits batches and publishes them to the accepted exchange.
    Persist,
    /// Sends accepted batches to the parent.
    Uplink,
    /// Shows the operators' pages.
    Console,
}

impl Role {
    fn all() -> Vec<Role> {
        vec![Role::Ingress, Role::Persist, Role::Uplink, Role::Console]
    }
}

impl NodeSettings {
    /// Whether this process does that kind of work.
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }
}

pub(super) fn region<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Region, D::Error> {
    Region::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
}

pub(super) fn regions<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Region>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    texts.iter().map(|text| Region::parse(text).map_err(serde::de::Error::custom)).collect()
}
