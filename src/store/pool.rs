//! Connections to PostgreSQL.

use super::secure::{self, Connector};
use super::senders::Known;
use super::{StoreError, migrate};
use crate::standard::moment::Moment;
use crate::tls::ClientTls;
use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime, Transaction};
use std::time::Duration;
use time::OffsetDateTime;
use tokio_postgres::{Config, IsolationLevel};

/// What a pool's connections are for: shown by `pg_stat_activity`, and relied on by queries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Applies changes. The queries' horizon looks for transactions of this name.
    Persist,
    /// Everything else.
    Serve,
}

impl Purpose {
    /// `application_name` of the connections.
    pub(super) const fn application_name(self) -> &'static str {
        match self {
            Purpose::Persist => "sesame-persist",
            Purpose::Serve => "sesame",
        }
    }
}

/// How long a caller waits for a free or a new connection.
const WAIT: Duration = Duration::from_secs(5);

/// How long a process may say nothing before PostgreSQL looks whether it is still there, and amid a transaction gives it up. A machine
/// that vanishes says no farewell, and what it had locked would be kept from everyone else for two hours.
pub(super) const SILENT: Duration = Duration::from_secs(60);

/// What every connection asks of PostgreSQL.
fn options() -> String {
    let seconds = SILENT.as_secs();
    // Compiling a plan takes longer than any of ours runs. No transaction of ours is idle for longer than it takes to think; one that
    // is belongs to a process that is gone or stopped, which does it again when it is back.
    format!(
        "-c jit=off -c idle_in_transaction_session_timeout={seconds}s -c tcp_keepalives_idle={seconds} \
         -c tcp_keepalives_interval={} -c tcp_keepalives_count=3",
        seconds / 6
    )
}

/// How a pool connects.
fn config(uri: &str, purpose: Purpose, has_tls: bool) -> Result<Config, StoreError> {
    let mut config = secure::parse(uri, has_tls)?;
    config.application_name(purpose.application_name());
    config.connect_timeout(WAIT);
    // Options of the connection string stand behind ours, and win.
    let given = config.get_options().unwrap_or_default();
    config.options(format!("{} {given}", options()).trim_end());
    Ok(config)
}

/// A pool of connections to one node's database.
#[derive(Clone)]
pub struct Store {
    pool: Pool,
    senders: Known,
}

impl Store {
    /// Prepares a pool. Nothing is connected yet: PostgreSQL may come up later.
    ///
    /// # Errors
    /// When `uri` is no PostgreSQL connection string.
    pub fn new(uri: &str, connections: usize, purpose: Purpose) -> Result<Self, StoreError> {
        Self::secured(uri, connections, purpose, ClientTls::system())
    }

    /// The same, with TLS of its own: see [`secure::parse`] for when that is used.
    pub fn secured(uri: &str, connections: usize, purpose: Purpose, tls: ClientTls) -> Result<Self, StoreError> {
        let config = config(uri, purpose, tls.is_configured())?;
        let manager =
            Manager::from_config(config, Connector(tls), ManagerConfig { recycling_method: RecyclingMethod::Fast });
        let pool = Pool::builder(manager)
            .max_size(connections)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(WAIT))
            .create_timeout(Some(WAIT))
            .build()
            .map_err(|e| StoreError::Refused { sqlstate: String::new(), message: e.to_string() })?;
        Ok(Self { pool, senders: Known::default() })
    }

    /// Brings the schema to [`super::SCHEMA_VERSION`]. Safe to run from many processes at once.
    ///
    /// # Errors
    /// Also when the schema is newer than this program: an old program must not write into it.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        migrate::run(&mut self.client().await?).await?;
        // A node that was off for months has none for the present one.
        self.make_present_month().await
    }

    /// Whether the store takes writes: it may answer and yet be read-only, or out of disk space.
    pub async fn probe(&self) -> Result<(), StoreError> {
        self.client().await?.execute("UPDATE schema_version SET at = at", &[]).await?;
        Ok(())
    }

    /// PostgreSQL's clock, which every process of a node is checked against.
    pub async fn clock(&self) -> Result<Moment, StoreError> {
        let row = self.client().await?.query_one("SELECT clock_timestamp()", &[]).await?;
        Ok(row.get::<_, OffsetDateTime>(0).into())
    }

    /// Gives up the connections that nobody uses at this moment: for one whose server has gone silent, so that the next call
    /// makes a new one instead of waiting behind what was never answered.
    pub fn renew(&self) {
        self.pool.retain(|_, _| false);
    }

    /// The senders this process knows to be in the store.
    pub(super) fn known_senders(&self) -> &Known {
        &self.senders
    }

    pub(super) async fn client(&self) -> Result<Object, StoreError> {
        Ok(self.pool.get().await?)
    }
}

/// A transaction that only reads, and sees one moment in all its looks: what changes its place between two would be met twice or not
/// at all, and make a page that it has left seem the last.
pub(super) async fn one_moment(client: &mut Object) -> Result<Transaction<'_>, StoreError> {
    let transaction = client.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true);
    Ok(transaction.start().await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_connection_string_asks_for_comes_after_what_every_connection_asks_for_and_so_wins() {
        let uri = "postgres://u@localhost/d?options=-c%20jit%3Don";
        let asked = config(uri, Purpose::Serve, false).unwrap();
        let options = asked.get_options().unwrap();
        assert!(options.contains(" -c idle_in_transaction_session_timeout=60s "), "{options}");
        assert!(options.ends_with(" -c jit=on"), "{options}");
    }
}
