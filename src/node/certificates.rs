//! The certificates of a node's listeners and connections.

use crate::config::{Config, ListenerTls, PeerTls};
use crate::tls::{ClientTls, ServerTls, TlsError, Watch};
use std::sync::Arc;

/// TLS of every listener and connection of a node, and the watch over their files.
pub struct Certificates {
    pub(super) interface: Option<ServerTls>,
    pub(super) console: Option<ServerTls>,
    pub(super) metrics: Option<ServerTls>,
    pub(super) broker: ClientTls,
    pub(super) parent: ClientTls,
    pub(super) store: ClientTls,
    pub(super) watch: Arc<Watch>,
}

impl Certificates {
    /// Reads every file that the settings name.
    pub(super) fn load(config: &Config) -> Result<Self, TlsError> {
        let mut watch = Watch::default();
        let mut server = |name: &str, settings: &Option<ListenerTls>| {
            let tls = settings.as_ref().map(|settings| ServerTls::load(name, settings)).transpose()?;
            if let Some(tls) = &tls {
                watch.server(tls);
            }
            Ok::<_, TlsError>(tls)
        };
        let interface = server("interface", &config.interface.tls)?;
        let console = server("console", &config.console.tls)?;
        let metrics = server("metrics", &config.metrics.tls)?;
        let mut client = |section: &str, settings: &PeerTls| {
            let tls = ClientTls::load(section, settings)?;
            watch.client(&tls);
            Ok::<_, TlsError>(tls)
        };
        let broker = client("broker", &config.broker.tls())?;
        let parent = config.parent.as_ref().map(|parent| parent.tls()).unwrap_or_default();
        let parent = client("parent", &parent)?;
        let store = client("store", &config.store.tls())?;
        Ok(Self { interface, console, metrics, broker, parent, store, watch: Arc::new(watch) })
    }
}
