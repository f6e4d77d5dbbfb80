//! The two pairs of a private RabbitMQ and PostgreSQL.

use super::layout::SERVERS;
use anyhow::{Context, Result};
use sesame::lab::{Lab, LabError, LabOptions, PrivateBroker, PrivateDatabase, Scratch};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// A server that is worked on off the async threads, by one hand at a time.
pub struct Server<T>(Arc<Mutex<T>>);

/// All servers. They end when dropped, and when this process ends, however it ends.
pub struct Servers {
    pub pairs: Vec<Pair>,
    folder: Scratch,
}

/// A broker and a store.
pub struct Pair {
    pub broker: Server<PrivateBroker>,
    pub store: Server<PrivateDatabase>,
    /// Where the broker speaks AMQP.
    pub amqp: u16,
    /// The management API, with an administrator.
    pub management: String,
    /// Where the store listens.
    pub port: u16,
    /// URI of the store's database `DATABASE`.
    uri: String,
}

impl<T: Send + 'static> Server<T> {
    fn new(server: T) -> Self {
        Self(Arc::new(Mutex::new(server)))
    }

    /// Does something to the server.
    pub async fn act<R: Send + 'static>(
        &self,
        deed: impl FnOnce(&mut T) -> Result<R, LabError> + Send + 'static,
    ) -> Result<R> {
        let server = self.0.clone();
        let done =
            tokio::task::spawn_blocking(move || deed(&mut server.lock().unwrap_or_else(PoisonError::into_inner)));
        Ok(done.await.context("a blocking task panicked")??)
    }
}

impl Servers {
    /// Starts all, side by side, in a folder that the next run removes.
    pub async fn start() -> Result<Self> {
        let folder = Scratch::new(&std::env::temp_dir(), "sesame-chaos")?;
        let starts = SERVERS.map(|name| {
            let options = LabOptions { name: name.to_owned(), ..LabOptions::new(folder.path().join(name)) };
            tokio::task::spawn_blocking(move || Lab::start(&options))
        });
        let mut pairs = Vec::new();
        for start in starts {
            pairs.push(Pair::of(start.await.context("a blocking task panicked")??)?);
        }
        Ok(Self { pairs, folder })
    }

    /// Where everything of the run lies.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Pair {
    fn of(lab: Lab) -> Result<Self> {
        let (broker, store) = (lab.broker.context("a broker was asked for")?, lab.database.context("so was a store")?);
        Ok(Self {
            amqp: broker.ports().amqp,
            management: broker.management_url().replacen("://", "://guest:guest@", 1),
            port: store.port(),
            uri: store.uri("DATABASE"),
            broker: Server::new(broker),
            store: Server::new(store),
        })
    }

    /// URI of a database of the store.
    pub fn uri(&self, database: &str) -> String {
        self.uri.replace("DATABASE", database)
    }
}
