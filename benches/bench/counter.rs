//! How far a process has come, by its own counters: a `count(*)` would load the database enough to void a run.

use anyhow::{Context, Result};
use std::net::SocketAddr;

/// Whom to ask.
#[derive(Clone)]
pub struct Counter {
    http: reqwest::Client,
    source: Source,
}

#[derive(Clone)]
enum Source {
    Floor(SocketAddr),
    /// Where metrics are, and whether what went to the parent counts too.
    Node {
        metrics: SocketAddr,
        uplink: bool,
    },
}

impl Counter {
    /// The floor's own.
    pub fn of_floor(interface: SocketAddr) -> Result<Self> {
        Ok(Self { http: http()?, source: Source::Floor(interface) })
    }

    /// A node's metrics. With `uplink` a record counts when it is persisted and its batch is with the parent's broker.
    pub fn of_node(metrics: SocketAddr, uplink: bool) -> Result<Self> {
        Ok(Self { http: http()?, source: Source::Node { metrics, uplink } })
    }

    /// Records that are through to the end, where each batch has so many.
    pub async fn records(&self, batch_records: usize) -> Result<u64> {
        match &self.source {
            Source::Floor(interface) => {
                let text = self.text(&format!("http://{interface}/persisted")).await?;
                text.trim().parse().context("the floor's counter")
            }
            Source::Node { metrics, uplink } => {
                let text = self.text(&format!("http://{metrics}/metrics")).await?;
                let persisted = total(&text, sesame::metrics::RECORDS_PERSISTED);
                let sent = total(&text, sesame::metrics::UPLINK_SENT) * batch_records as f64;
                Ok(if *uplink { persisted.min(sent) } else { persisted } as u64)
            }
        }
    }

    async fn text(&self, url: &str) -> Result<String> {
        Ok(self.http.get(url).send().await?.error_for_status()?.text().await?)
    }
}

fn http() -> Result<reqwest::Client> {
    Ok(reqwest::Client::builder().no_proxy().build()?)
}

fn total(text: &str, name: &str) -> f64 {
    let lines = text.lines().filter_map(|line| line.strip_prefix(name));
    // The name must end there: others may begin with it.
    lines
        .filter(|rest| rest.starts_with([' ', '{']))
        .filter_map(|rest| rest.rsplit(' ').next()?.parse::<f64>().ok())
        .sum()
}
