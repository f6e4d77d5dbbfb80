//! What every `sesame app` command needs: the settings, the store, and in whose name it acts.

use crate::apps::{Registry, Vault};
use crate::cli::actor::actor;
use crate::clock::Clock;
use crate::config::{self, Config};
use crate::store::{Purpose, Store};
use crate::tls::ClientTls;
use anyhow::{Context, bail};
use std::path::PathBuf;

/// Of which node, and how the result is shown.
#[derive(clap::Args)]
pub(in crate::cli) struct Desk {
    /// The node's settings
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Print the result as JSON
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

/// The node's apps, ready to be acted on.
pub(in crate::cli) struct Office {
    pub(in crate::cli) config: Config,
    pub(in crate::cli) store: Store,
    pub(super) registry: Registry,
}

impl Desk {
    /// Opens the node's store, and brings its schema up to date as `sesame serve` would.
    pub(in crate::cli) async fn open(&self) -> anyhow::Result<Office> {
        let config = config::load(&self.config)?;
        let tls = ClientTls::load("store", &config.store.tls())?;
        let store = Store::secured(config.store.uri.text(), 1, Purpose::Serve, tls)?;
        store.migrate().await.context("check [store] uri in the settings, and that PostgreSQL runs")?;
        let vault = config.node.master_key.as_ref().map(|key| Vault::new(key.key()));
        let registry = Registry::new(store.clone(), vault, config.node.region, Clock::system(), actor());
        Ok(Office { config, store, registry })
    }
}

impl Office {
    /// An app of the settings is the settings' alone.
    pub(super) fn refuse_fixed(&self, appid: &str) -> anyhow::Result<()> {
        let config = &self.config;
        if config.apps.iter().any(|app| app.appid == appid) {
            bail!("{appid} is an app of the settings: change its [[apps]] section, and start the node anew");
        }
        if config.node.appid == appid || config.children.iter().any(|child| child.appid == appid) {
            bail!("{appid} is the appid of a node in the settings: choose another");
        }
        Ok(())
    }
}
