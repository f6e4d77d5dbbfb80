//! The private RabbitMQ and PostgreSQL that every subject of a run shares, with the settings of the measured floor.

use anyhow::{Context, Result};
use sesame::lab::{DatabaseSettings, Lab, LabOptions};
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::time::sleep;
use tokio_postgres::NoTls;

/// Servers that end with this process.
pub struct Servers {
    lab: Lab,
    http: reqwest::Client,
}

/// Beside the lab's own: enough memory for the tables, and no checkpoint in the middle of a measurement.
const DATABASE: [(&str, &str); 3] =
    [("shared_buffers", "1GB"), ("max_wal_size", "8GB"), ("checkpoint_timeout", "30min")];

/// Within this time a vhost is removed, whatever it has held.
const REMOVED: Duration = Duration::from_secs(300);
const AGAIN: Duration = Duration::from_secs(2);

impl Servers {
    /// Starts both in a folder, PostgreSQL with a module of its own if need be.
    pub async fn start(folder: &Path, module: Option<&str>) -> Result<Self> {
        let mut options = LabOptions::new(folder);
        let mut settings = DatabaseSettings::default();
        settings.0.extend(DATABASE.map(|(name, value)| (name.to_owned(), value.to_owned())));
        settings.0.extend(module.map(|module| ("shared_preload_libraries".to_owned(), module.to_owned())));
        options.database = Some(settings);
        let lab = tokio::task::spawn_blocking(move || Lab::start(&options)).await??;
        let http = reqwest::Client::builder().no_proxy().build()?;
        Ok(Self { lab, http })
    }

    /// `host:port` of the broker.
    pub fn broker(&self) -> Result<String> {
        Ok(format!("127.0.0.1:{}", self.lab.broker.as_ref().context("a broker")?.ports().amqp))
    }

    /// The broker's management API with an administrator.
    pub fn management(&self) -> Result<String> {
        let url = self.lab.broker.as_ref().context("a broker")?.management_url();
        Ok(url.replacen("://", "://guest:guest@", 1))
    }

    /// URI of a database.
    pub fn store(&self, database: &str) -> Result<String> {
        Ok(self.lab.database.as_ref().context("a database")?.uri(database))
    }

    /// First processes of broker and database.
    pub fn pids(&self) -> Result<(i32, i32)> {
        let broker = self.lab.broker.as_ref().and_then(|broker| broker.pid()).context("a running broker")?;
        let database = self.lab.database.as_ref().and_then(|database| database.pid()).context("a running database")?;
        Ok((broker, database))
    }

    /// An empty database of this name.
    pub fn empty_database(&self, name: &str) -> Result<()> {
        let database = self.lab.database.as_ref().context("a database")?;
        database.drop_database(name)?;
        Ok(database.create_database(name)?)
    }

    /// Removes a database.
    pub fn drop_database(&self, name: &str) -> Result<()> {
        Ok(self.lab.database.as_ref().context("a database")?.drop_database(name)?)
    }

    /// An empty vhost where user guest may do everything.
    pub async fn empty_vhost(&self, name: &str) -> Result<()> {
        self.drop_vhost(name).await?;
        self.manage(reqwest::Method::PUT, &format!("/api/vhosts/{name}")).await
    }

    /// Removes a vhost, if it is there. Where a queue has held very much, RabbitMQ takes longer to remove it than it waits itself, says
    /// that it has failed, and goes on: it is asked again.
    pub async fn drop_vhost(&self, name: &str) -> Result<()> {
        let (path, deadline) = (format!("/api/vhosts/{name}"), Instant::now() + REMOVED);
        loop {
            match self.manage(reqwest::Method::DELETE, &path).await {
                Err(_) if Instant::now() < deadline => sleep(AGAIN).await,
                end => return end,
            }
        }
    }

    async fn manage(&self, method: reqwest::Method, path: &str) -> Result<()> {
        let absent = method == reqwest::Method::DELETE;
        let response = self.http.request(method, format!("{}{path}", self.management()?)).send().await?;
        if !(absent && response.status() == reqwest::StatusCode::NOT_FOUND) {
            response.error_for_status()?;
        }
        Ok(())
    }

    /// A connection to a database, as superuser.
    pub async fn connect(&self, database: &str) -> Result<tokio_postgres::Client> {
        let (client, connection) = tokio_postgres::connect(&self.store(database)?, NoTls).await?;
        // An error shows in the statements of the client.
        tokio::spawn(async move { drop(connection.await) });
        Ok(client)
    }

    /// `RabbitMQ 3.10.8, PostgreSQL 15.18`.
    pub async fn versions(&self) -> Result<String> {
        let overview = self.http.get(format!("{}/api/overview", self.management()?)).send().await?;
        let overview: serde_json::Value = overview.json().await?;
        let rabbit = overview["rabbitmq_version"].as_str().unwrap_or("of unknown version").to_owned();
        let client = self.connect("postgres").await?;
        let postgres: String = client.query_one("SHOW server_version", &[]).await?.get(0);
        let postgres = postgres.split_whitespace().next().unwrap_or_default().to_owned();
        Ok(format!("RabbitMQ {rabbit}, PostgreSQL {postgres}"))
    }

    /// Stops both.
    pub async fn stop(self) -> Result<()> {
        Ok(tokio::task::spawn_blocking(move || self.lab.stop()).await??)
    }
}
