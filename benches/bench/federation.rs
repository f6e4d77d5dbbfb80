//! Four tiers on this machine, and how long a batch takes to be in a tier's store.

use crate::bench::Bench;
use crate::corpus::{APPID, Bodies};
use crate::load::Caller;
use crate::measure::peak_bytes;
use crate::node::{self, ALL_ROLES, Node, tiers};
use anyhow::{Context, Result, ensure};
use sesame::batch::batch_id;
use std::time::{Duration, Instant};

/// Nodes from the county to the nation, all running.
pub struct Federation {
    /// In that order.
    pub nodes: Vec<Node>,
}

/// Between two looks for a batch: it costs the store a look into an index.
const LOOK: Duration = Duration::from_millis(2);
/// What has not arrived by now never will.
const PATIENCE: Duration = Duration::from_secs(60);

impl Federation {
    /// Starts it, every vhost and database empty.
    pub async fn start(bench: &Bench) -> Result<Self> {
        let mut nodes = node::set_up(&bench.servers, &bench.folder, &tiers()?).await?;
        for node in &mut nodes {
            node.start(ALL_ROLES).await?;
        }
        Ok(Self { nodes })
    }

    /// Where everything enters.
    pub fn county(&self) -> Result<&Node> {
        self.nodes.first().context("a county")
    }

    /// Where everything ends.
    pub fn nation(&self) -> Result<&Node> {
        self.nodes.last().context("a nation")
    }

    /// Sends bodies to the county one after another, with a pause between them, and gives for each the time from its first
    /// byte until the store of `tier` has it. Sorted.
    pub async fn delays(&self, bench: &Bench, tier: &Node, bodies: &Bodies, pause: Duration) -> Result<Vec<Duration>> {
        let store = bench.servers.connect(&node::name(tier.region)).await?;
        let look = store.prepare("SELECT EXISTS (SELECT FROM once WHERE id = $1)").await?;
        let county = self.county()?;
        let mut caller = Caller::connect(county.interface).await?;
        let mut delays = Vec::with_capacity(bodies.bodies.len());
        for (body, random) in bodies.bodies.iter().zip(&bodies.randoms) {
            let id = batch_id(county.region, APPID, random);
            let begun = Instant::now();
            caller.surely(body).await?;
            while !store.query_one(&look, &[&id]).await?.get::<_, bool>(0) {
                ensure!(begun.elapsed() < PATIENCE, "batch {id} has not arrived at {}", tier.region);
                tokio::time::sleep(LOOK).await;
            }
            delays.push(begun.elapsed());
            tokio::time::sleep(pause).await;
        }
        delays.sort_unstable();
        Ok(delays)
    }

    /// The most memory any of the nodes has held, in MiB.
    pub fn peak_mib(&self) -> Result<f64> {
        let peaks = self.nodes.iter().map(|node| Ok(peak_bytes(node.pid()?) as f64 / f64::from(1 << 20)));
        Ok(peaks.collect::<Result<Vec<f64>>>()?.into_iter().fold(0.0, f64::max))
    }

    /// Stops the nodes and removes what they have left.
    pub async fn stop(mut self, bench: &Bench) -> Result<()> {
        for node in &mut self.nodes {
            node.stop().await?;
        }
        node::tear_down(&bench.servers, &self.nodes).await
    }
}
