//! A node that was not persisting for long comes back: how much memory it takes to work off what waits.

use super::pipeline::{BATCH, BULK_CLIENTS, SINGLES_CLIENTS, memory};
use crate::bench::Bench;
use crate::corpus::Corpus;
use crate::load;
use crate::measure::peak_bytes;
use crate::node::{self, ALL_ROLES, Node, tiers};
use crate::report::Report;
use crate::run::wait;
use anyhow::{Context, Result};
use std::time::Instant;

/// Bodies of about 1 MB that wait.
const LARGE: usize = 500;
/// Small ones are made and sent so many at a time.
const PORTION: usize = 50_000;

/// Lets them pile up, then works them off.
pub async fn measure(bench: &Bench, small: usize, report: &mut Report) -> Result<()> {
    println!("\nbacklog: {LARGE} bodies of 1 MB and {small} small ones wait for a node");
    let regions = &tiers()?[..1];
    let mut nodes = node::set_up(&bench.servers, &bench.folder, regions).await?;
    let node = nodes.first_mut().context("a node")?;
    node.start(&["ingress"]).await?;
    let records = pile_up(node, small).await?;
    let peak = peak_bytes(node.pid()?) as f64 / f64::from(1 << 20);
    report.checks.push(memory("backlog: memory of serve while it piles up", peak));
    node.stop().await?;

    let begun = Instant::now();
    node.start(ALL_ROLES).await?;
    wait(&node.counter()?, records, 1).await?;
    let seconds = begun.elapsed().as_secs_f64();
    report.figure("backlog", "worked off in", seconds, "s");
    report.figure("backlog", "records worked off", records as f64 / seconds, "a second");
    let peak = peak_bytes(node.pid()?) as f64 / f64::from(1 << 20);
    report.checks.push(memory("backlog: memory of serve while it is worked off", peak));
    node.stop().await?;
    node::tear_down(&bench.servers, &nodes).await
}

/// Sends everything; returns how many records wait.
async fn pile_up(node: &Node, small: usize) -> Result<u64> {
    let mut corpus = Corpus::new(node.region)?;
    let large = corpus.bodies(LARGE, BATCH);
    load::send(node.interface, BULK_CLIENTS, &large).await?;
    let (mut records, mut left) = (large.total(), small);
    while left > 0 {
        let bodies = corpus.bodies(left.min(PORTION), 1);
        load::send(node.interface, SINGLES_CLIENTS, &bodies).await?;
        records += bodies.total();
        left -= bodies.bodies.len();
    }
    Ok(records)
}
