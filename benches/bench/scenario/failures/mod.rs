//! Many failures (§7.4): what the desk's lists and groups take, whether the flow of fresh batches feels them, and how fast those
//! whose cause is mended go through.

mod desk;
mod replay;

use super::pipeline::{SINGLES_CLIENTS, memory};
use super::target;
use crate::arguments::FailureArguments;
use crate::bench::Bench;
use crate::corpus::{Bodies, Corpus};
use crate::load;
use crate::measure::peak_bytes;
use crate::node::{self, ALL_ROLES, Node, tiers};
use crate::report::Report;
use crate::run::wait;
use anyhow::{Context, Result};
use sesame::broker::Names;
use sesame::clock::Clock;
use sesame::dataset::{Dictionary, InUse};
use sesame::desk::FailureDesk;
use sesame::store::{Purpose, Store};
use std::time::Instant;

/// What fails three times is parked at once, and nothing comes back by itself meanwhile.
const SETTINGS: &str = "[failures]\nretry_secs = [0, 0]\n";
/// Sent before anything is measured.
const WARM_UP: usize = 1_000;
/// Where fresh batches are as fast with failures as without, but for what two measurements on one machine differ by.
const LEAST_FRESH: f64 = 0.8;

/// What is asked and looked at, past the node's process.
struct Office {
    store: Store,
    desk: FailureDesk,
    client: tokio_postgres::Client,
}

/// Measures all of it on one node.
pub async fn measure(bench: &Bench, arguments: &FailureArguments, report: &mut Report) -> Result<()> {
    let FailureArguments { failures, replays, fresh: singles } = *arguments;
    println!(
        "\nfailures: {failures} open ones, {replays} replayed, {singles} fresh batches without them and with them"
    );
    let regions = &tiers()?[..1];
    let mut nodes = node::set_up(&bench.servers, &bench.folder, regions).await?;
    let node = nodes.first_mut().context("a node")?;
    node.add_settings(SETTINGS)?;
    node.start(ALL_ROLES).await?;
    let office = Office::open(bench, node).await?;
    let mut corpus = Corpus::new(node.region)?;
    fresh(node, &corpus.bodies(WARM_UP, 1)).await?;
    replay::measure(&office, node, &mut corpus, replays, report).await?;
    let without = fresh(node, &corpus.bodies(singles, 1)).await?;
    node.stop().await?;

    desk::fill(&office.client, failures).await?;
    desk::measure(&office, failures, report).await?;

    node.start(ALL_ROLES).await?;
    fresh(node, &corpus.bodies(WARM_UP, 1)).await?;
    let with = fresh(node, &corpus.bodies(singles, 1)).await?;
    report.figure("failures", "fresh batches of one record, without open failures", without, "a second");
    report.figure("failures", &format!("fresh batches of one record, {failures} failures open"), with, "a second");
    let ratio = with / without;
    let asked = format!("failures: fresh batches with {failures} open ones, as a part of those without");
    target(report, &asked, format!("at least {LEAST_FRESH:.1}"), format!("{ratio:.2}"), ratio >= LEAST_FRESH);
    let peak = peak_bytes(node.pid()?) as f64 / f64::from(1 << 20);
    report.checks.push(memory(&format!("failures: memory of serve, {failures} open"), peak));
    node.stop().await?;
    drop(office);
    node::tear_down(&bench.servers, &nodes).await
}

impl Office {
    async fn open(bench: &Bench, node: &Node) -> Result<Self> {
        let database = node::name(node.region);
        let store = Store::new(&bench.servers.store(&database)?, 2, Purpose::Serve)?;
        let dictionary = InUse::new(Dictionary::builtin());
        let desk = FailureDesk::new(store.clone(), dictionary, Names(node.region.tier()), Clock::system(), 1);
        Ok(Self { store, desk, client: bench.servers.connect(&database).await? })
    }
}

/// Batches a second, from the first request until the last of them is persisted.
async fn fresh(node: &Node, bodies: &Bodies) -> Result<f64> {
    let counter = node.counter()?;
    let before = counter.records(bodies.records).await?;
    let begun = Instant::now();
    load::send(node.interface, SINGLES_CLIENTS, bodies).await?;
    wait(&counter, before + bodies.total(), bodies.records).await?;
    Ok(bodies.bodies.len() as f64 / begun.elapsed().as_secs_f64())
}
