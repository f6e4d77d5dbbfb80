//! Settings of a node: one TOML file, every key documented in `config/node.toml`, each overridable by an environment
//! variable `SESAME__SECTION__KEY`. One file per section; unknown keys are errors that name the nearest right one.

mod apps;
mod broker;
mod dictionary;
mod failures;
mod interface;
mod load;
mod marks;
mod neighbours;
mod node;
mod parent;
mod persist;
mod retention;
mod secret;
mod store;
mod tls;
mod transport;

use serde::Deserialize;
use std::net::SocketAddr;

pub use apps::AppSettings;
pub use broker::BrokerSettings;
pub use dictionary::DictionarySettings;
pub use failures::FailureSettings;
pub use interface::{
    ConsoleSettings, InterfaceLimits, InterfaceSettings, MetricsSettings, OperatorRights, OperatorSettings,
};
pub use load::{ConfigError, load, parse};
pub use marks::MarkSettings;
pub use neighbours::{ChildSettings, SubscriberSettings};
pub use node::{NodeSettings, Role};
pub use parent::{
    AmqpLinkSettings, EndpointUrl, ForeignSettings, HttpsLinkSettings, LinkSettings, ParentSettings, PeerSettings,
};
pub use persist::PersistSettings;
pub use retention::RetentionSettings;
pub use secret::{KeySource, TextSource};
pub use store::StoreSettings;
pub use tls::{ClientCertificates, ListenerTls, PeerTls};

/// All settings of one node.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Who the node is and what this process does for it.
    pub node: NodeSettings,
    /// The standard's interface.
    #[serde(default)]
    pub interface: InterfaceSettings,
    /// The operators' pages.
    #[serde(default)]
    pub console: ConsoleSettings,
    /// Metrics and health.
    #[serde(default)]
    pub metrics: MetricsSettings,
    /// The node's RabbitMQ.
    pub broker: BrokerSettings,
    /// The node's PostgreSQL.
    pub store: StoreSettings,
    /// How batches are committed.
    #[serde(default)]
    pub persist: PersistSettings,
    /// How what failed is tried again (§7.4).
    #[serde(default)]
    pub failures: FailureSettings,
    /// How long the interface log is kept in the store, and where it goes then.
    #[serde(default)]
    pub retention: RetentionSettings,
    /// Where the data dictionary is, if not the built-in one.
    #[serde(default)]
    pub dictionary: DictionarySettings,
    /// The node this one shares up to; none at the nation.
    pub parent: Option<ParentSettings>,
    /// The nodes that share up to this one.
    #[serde(default)]
    pub children: Vec<ChildSettings>,
    /// Those who fetch what they subscribed to from this node's broker.
    #[serde(default)]
    pub subscribers: Vec<SubscriberSettings>,
    /// The parties that may call this node.
    #[serde(default)]
    pub apps: Vec<AppSettings>,
}

impl Config {
    /// The listeners that others can reach and that are not encrypted: a proxy in front must do it for them.
    pub fn open_listeners(&self) -> Vec<(&'static str, SocketAddr)> {
        transport::open_listeners(self)
    }
}
