//! How the three listeners are served, and what the operator should know about that.

use super::certificates::Certificates;
use super::health::Check;
use crate::config::Config;
use crate::flow::Standing;
use crate::server::{FileLimit, Listening};
use crate::tls::{ServerTls, Watch};
use std::sync::Arc;
use std::time::Duration;

/// The console and the metrics take as long for a head and a rest as the interface does by default.
const HEAD: Duration = Duration::from_secs(10);
const IDLE: Duration = Duration::from_secs(75);
/// Their requests are small, and answered at once or not at all.
const REQUEST: Duration = Duration::from_secs(60);

/// Interface, console and metrics, in this order.
pub(super) fn listening(config: &Config, certificates: &Certificates, files: FileLimit) -> [Listening; 3] {
    let beside = config.console.max_connections + config.metrics.max_connections;
    let interface = Listening {
        name: "interface",
        connections: files.connections(config.interface.max_connections, beside),
        head: Duration::from_secs(config.interface.header_secs),
        idle: Duration::from_secs(config.interface.idle_secs),
        request: None,
        tls: certificates.interface.clone(),
    };
    let other = |name, connections, tls: &Option<ServerTls>| Listening {
        name,
        connections,
        head: HEAD,
        idle: IDLE,
        request: Some(REQUEST),
        tls: tls.clone(),
    };
    [
        interface,
        other("console", config.console.max_connections, &certificates.console),
        other("metrics", config.metrics.max_connections, &certificates.metrics),
    ]
}

/// Says which listeners others can read along with.
pub(super) fn warn_of_plain(config: &Config) {
    for (section, listen) in config.open_listeners() {
        tracing::warn!(
            "[{section}] listens on {listen} without TLS: whoever is on the network can read along; give [{section}.tls], or \
             listen on 127.0.0.1 behind a proxy that has it"
        );
    }
}

/// Whether the operating system allows as many files as the settings' connections need.
pub(super) fn check_files(config: &Config, limit: FileLimit) -> Check {
    let connections =
        config.interface.max_connections + config.console.max_connections + config.metrics.max_connections;
    let (needed, FileLimit(allowed)) = (FileLimit::needed(connections), limit);
    if allowed >= needed {
        return Check::good(format!("{allowed} allowed, {needed} needed at most"));
    }
    let detail = format!(
        "{allowed} allowed, {needed} needed for the connections of the settings: fewer are taken; raise the limit \
         (LimitNOFILE, ulimit -n), or lower max_connections"
    );
    tracing::warn!("open files: {detail}");
    Check::bad(detail)
}

/// What the monitor looks at beside broker and store.
pub struct Looks {
    pub(super) files: Check,
    pub(super) watch: Arc<Watch>,
    /// The link to the parent, where this process has one.
    pub(super) link: Option<Standing>,
}

impl Looks {
    /// How the link to the parent is. While it does not work batches wait, so it says nothing about readiness.
    pub(super) fn link(&self) -> Check {
        match self.link.as_ref().map(Standing::look) {
            None => Check::good("none in this process"),
            Some(Ok(detail)) => Check::good(detail),
            Some(Err(reason)) => Check::bad(reason),
        }
    }

    /// How the certificates stand, in one line.
    pub(super) fn certificates(&self) -> Check {
        let (mut ok, mut parts) = (true, Vec::new());
        for standing in self.watch.standings() {
            for expiry in standing.expiries {
                ok &= !expiry.is_near();
                parts.push(format!("{} {} days", expiry.certificate, expiry.days_left()));
            }
            if let Some(reason) = standing.refused {
                ok = false;
                parts.push(format!("{}: the old stay in use: {reason}", standing.name));
            }
        }
        let detail = if parts.is_empty() { "none in use".to_owned() } else { parts.join("; ") };
        Check { ok, detail }
    }
}
