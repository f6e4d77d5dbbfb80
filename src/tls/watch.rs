//! Regular looks at all certificates' files.

use super::client::ClientTls;
use super::expiry::Expiry;
use super::material::{Change, Watched};
use super::server::ServerTls;
use crate::metrics;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How one listener's or connection's certificates stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Which listener or connection.
    pub name: String,
    /// When its certificates end.
    pub expiries: Vec<Expiry>,
    /// Why its files as they are now are not used.
    pub refused: Option<String>,
}

/// Everything of this process that is made of certificates' files.
#[derive(Default)]
pub struct Watch {
    watched: Vec<Arc<dyn Watched>>,
    /// Days left when an end was last warned about.
    warned: Mutex<HashMap<String, i64>>,
}

/// Between two looks. Files are small, so that they are compared by content.
const LOOK: Duration = Duration::from_secs(2);

impl Watch {
    /// Watches a listener's files.
    pub fn server(&mut self, tls: &ServerTls) {
        self.watched.push(tls.watched());
    }

    /// Watches a connection's files, if it has any.
    pub fn client(&mut self, tls: &ClientTls) {
        self.watched.extend(tls.watched());
    }

    /// Looks until told to stop.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        loop {
            let watch = self.clone();
            // A file may lie on a network drive that does not answer.
            let looked = tokio::task::spawn_blocking(move || watch.look()).await;
            if let Err(error) = looked {
                tracing::error!(%error, "cannot look at the certificates' files");
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    /// How everything stands.
    pub fn standings(&self) -> Vec<Standing> {
        self.watched.iter().map(|watched| watched.standing()).collect()
    }

    fn look(&self) {
        for watched in &self.watched {
            let change = watched.look();
            let Standing { name, expiries, refused } = watched.standing();
            match change {
                Change::None => {}
                Change::Taken => {
                    tracing::info!(certificate = name, "new certificates are in use");
                    count(&name, "taken");
                }
                Change::Refused => {
                    let reason = refused.unwrap_or_default();
                    tracing::warn!(certificate = name, reason, "new certificates cannot be used; the old stay in use");
                    count(&name, "refused");
                }
            }
            for expiry in expiries {
                let labels = [("certificate", expiry.certificate.clone())];
                ::metrics::gauge!(metrics::CERTIFICATE_EXPIRY, &labels).set(expiry.at as f64);
                self.warn(&expiry);
            }
        }
    }

    /// Once a day.
    fn warn(&self, expiry: &Expiry) {
        let days = expiry.days_left();
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        if !expiry.is_near() {
            warned.remove(&expiry.certificate);
        } else if warned.insert(expiry.certificate.clone(), days) != Some(days) {
            let certificate = &expiry.certificate;
            if days < 0 {
                tracing::error!(certificate, days, "a certificate has expired: renew it");
            } else {
                tracing::warn!(certificate, days, "a certificate expires soon: renew it");
            }
        }
    }
}

fn count(name: &str, result: &'static str) {
    let labels = [("certificate", name.to_owned()), ("result", result.to_owned())];
    ::metrics::counter!(metrics::CERTIFICATE_RELOADS, &labels).increment(1);
}
