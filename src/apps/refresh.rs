//! Keeps a directory at what the store says, within a fraction of a second.

use super::{Directory, Vault};
use crate::metrics;
use crate::store::{Store, StoreError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Asks the store for changes of apps.
pub struct Refresher {
    store: Store,
    directory: Directory,
    vault: Option<Vault>,
    stop: CancellationToken,
}

/// Between two looks at the counter of changes.
const LOOK: Duration = Duration::from_millis(250);
/// How long a look may take. A server that vanished without a word would hold one up for a quarter of an hour, and disabled
/// apps would go on calling.
const PATIENCE: Duration = Duration::from_secs(5);

impl Refresher {
    /// Refreshes `directory` from `store`, which should have a connection that nothing else uses: a disabled app must not go
    /// on calling because queries have taken all connections.
    pub fn new(store: Store, directory: Directory, vault: Option<Vault>, stop: CancellationToken) -> Self {
        Self { store, directory, vault, stop }
    }

    /// Starts it on `tasks`.
    pub fn start(self, tasks: &TaskTracker) {
        tasks.spawn(async move {
            let mut told = String::new();
            loop {
                let looked = tokio::time::timeout(PATIENCE, self.look()).await.unwrap_or_else(|_| {
                    self.store.renew();
                    Err(StoreError::Outage(format!("no answer within {} s", PATIENCE.as_secs())))
                });
                match looked {
                    Ok(()) => told.clear(),
                    Err(error) if error.to_string() != told => {
                        tracing::warn!(%error, "changes of apps cannot be read; going on with what is known");
                        told = error.to_string();
                    }
                    Err(_) => {}
                }
                tokio::select! {
                    () = tokio::time::sleep(LOOK) => {}
                    () = self.stop.cancelled() => return,
                }
            }
        });
    }

    async fn look(&self) -> Result<(), StoreError> {
        // Before the apps themselves: a change in between is then seen at the next look.
        let version = self.store.apps_version().await?;
        if self.directory.version() == Some(version) {
            return Ok(());
        }
        let (apps, bad) = self.store.apps().await?;
        self.directory.swap(version, &apps, &bad, self.vault.as_ref());
        let unreadable = self.directory.unreadable();
        for reason in &unreadable {
            tracing::error!("an app of the store cannot be used: {reason}");
        }
        let disabled = apps.iter().filter(|app| app.disabled.is_some()).count();
        let usable = (apps.len() + bad.len()).saturating_sub(disabled + unreadable.len());
        for (state, count) in [("usable", usable), ("disabled", disabled), ("unreadable", unreadable.len())] {
            ::metrics::gauge!(metrics::APPS, "state" => state).set(count as f64);
        }
        tracing::info!(version, usable, disabled, unreadable = unreadable.len(), "apps of the store are known");
        Ok(())
    }
}
