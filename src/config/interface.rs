//! `[interface]`, `[console]`, `[metrics]`: the three listeners.

use super::{ListenerTls, MarkSettings, TextSource};
use crate::standard::subject::Subject;
use crate::standard::volume::Volume;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;

/// The standard's interface (§6.3).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct InterfaceSettings {
    /// Address and port.
    pub listen: SocketAddr,
    /// The `<service>` of §6.3.
    pub service: String,
    /// Further names of `exchange`, `log` and `validate`: the `<interFlag>` of §6.3.
    pub aliases: BTreeMap<String, String>,
    /// The longest request taken, in bytes.
    pub max_body_bytes: usize,
    /// The most records of one exchange.
    pub max_records: usize,
    /// What all requests being worked on may hold of memory together, in bytes of their bodies.
    pub budget_bytes: usize,
    /// How long a request waits for its share of the budget, and a sender may be silent, in seconds.
    pub patience_secs: u64,
    /// How long an answer waits for the broker's confirm, in milliseconds.
    pub confirm_millis: u64,
    /// Always answer 200: for clients that throw on 4xx.
    pub always_ok: bool,
    /// What all callers together may exchange in this process.
    pub limits: InterfaceLimits,
    /// What each app may exchange that has no limits of its own.
    pub app_limits: Volume,
    /// When transfers are marked (§7.4).
    pub marks: MarkSettings,
    /// The most connections open at once.
    pub max_connections: usize,
    /// How long a connection may take to send the head of a request, in seconds.
    pub header_secs: u64,
    /// How long a connection may rest between two requests, or leave an answer unread, in seconds.
    pub idle_secs: u64,
    /// HTTPS; plain HTTP without it.
    pub tls: Option<ListenerTls>,
}

/// What all callers together may exchange (§7.3); bytes and records of one exchange stand in `[interface]` itself.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct InterfaceLimits {
    /// Exchanges a second, on the average.
    pub exchanges_per_second: Option<NonZeroU32>,
    /// Exchanges that may come at once after a pause; as many as a second's by default.
    pub exchanges_burst: Option<NonZeroU32>,
    /// Bytes of request bodies a second, on the average.
    pub bytes_per_second: Option<NonZeroU32>,
    /// Exchanges being worked on at once.
    pub max_concurrent: Option<NonZeroU32>,
}

impl InterfaceLimits {
    /// The same numbers as of a party.
    pub fn volume(&self) -> Volume {
        Volume {
            exchanges_per_second: self.exchanges_per_second,
            exchanges_burst: self.exchanges_burst,
            bytes_per_second: self.bytes_per_second,
            max_concurrent: self.max_concurrent,
            ..Volume::default()
        }
    }
}

impl Default for InterfaceSettings {
    fn default() -> Self {
        Self {
            listen: any(8100),
            service: "sesame".to_owned(),
            aliases: BTreeMap::new(),
            max_body_bytes: 32 << 20,
            max_records: 100_000,
            budget_bytes: 64 << 20,
            patience_secs: 10,
            confirm_millis: 2_000,
            always_ok: false,
            limits: InterfaceLimits::default(),
            app_limits: Volume::default(),
            marks: MarkSettings::default(),
            max_connections: 16_384,
            header_secs: 10,
            idle_secs: 75,
            tls: None,
        }
    }
}

/// The operators' pages.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConsoleSettings {
    /// Address and port.
    pub listen: SocketAddr,
    /// Password of the operator `admin`; without one the console stays closed.
    pub admin_password: Option<TextSource>,
    /// The most connections open at once.
    pub max_connections: usize,
    /// Operators known by their client certificates (§7.2), who need no password.
    pub operators: Vec<OperatorSettings>,
    /// HTTPS; plain HTTP without it.
    pub tls: Option<ListenerTls>,
}

/// An operator known by a client certificate.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperatorSettings {
    /// What the pages call it.
    pub name: String,
    /// Subject of its certificate.
    pub certificate: Subject,
    /// What it may do.
    #[serde(default)]
    pub role: OperatorRights,
}

/// What an operator may do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OperatorRights {
    /// Look, with sensitive values masked.
    Viewer,
    /// Act, with sensitive values masked.
    #[default]
    Operator,
    /// Act, and read sensitive values in full.
    Supervisor,
}

impl Default for ConsoleSettings {
    fn default() -> Self {
        Self { listen: any(9100), admin_password: None, max_connections: 1_024, operators: Vec::new(), tls: None }
    }
}

/// Metrics and health.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MetricsSettings {
    /// Address and port.
    pub listen: SocketAddr,
    /// The most connections open at once.
    pub max_connections: usize,
    /// HTTPS; plain HTTP without it.
    pub tls: Option<ListenerTls>,
}

impl Default for MetricsSettings {
    fn default() -> Self {
        Self { listen: any(9200), max_connections: 256, tls: None }
    }
}

fn any(port: u16) -> SocketAddr {
    (Ipv4Addr::UNSPECIFIED, port).into()
}
