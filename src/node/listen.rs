//! The three listeners: the standard's interface, the console, metrics and health.

use super::StartError;
use crate::config::{Config, Role};
use std::net::SocketAddr;
use tokio::net::TcpListener;

/// Bound sockets, not served yet. A role that this process does not have has none.
pub struct Listeners {
    /// The standard's interface.
    pub interface: Option<TcpListener>,
    /// The operators' pages.
    pub console: Option<TcpListener>,
    /// Metrics and health.
    pub metrics: TcpListener,
}

impl Listeners {
    /// Binds what the settings name.
    pub async fn bind(config: &Config) -> Result<Self, StartError> {
        let interface = match config.node.has(Role::Ingress) {
            true => Some(bind("interface", config.interface.listen).await?),
            false => None,
        };
        let console = match config.node.has(Role::Console) {
            true => Some(bind("console", config.console.listen).await?),
            false => None,
        };
        Ok(Self { interface, console, metrics: bind("metrics", config.metrics.listen).await? })
    }
}

async fn bind(section: &'static str, address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|reason| StartError::Listen { section, address, reason })
}
