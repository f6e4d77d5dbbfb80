//! County, city, province and nation on this machine: how long a record takes to the nation when all are idle, and how many
//! come through when they are not.

use super::pipeline::{BATCH, BULK_CLIENTS, memory};
use super::target;
use crate::bench::Bench;
use crate::corpus::Corpus;
use crate::federation::Federation;
use crate::load;
use crate::measure::cpu_seconds;
use crate::report::Report;
use crate::run::wait;
use crate::statistics::percentile_ms;
use anyhow::Result;
use std::time::{Duration, Instant};

/// Exchanges of the idle federation, and the pause after each.
const PACED: usize = 300;
const PAUSE: Duration = Duration::from_millis(50);
/// Batches of the busy one.
const BATCHES: usize = 100;
const MOST_MS: f64 = 500.0;

/// Measures both.
pub async fn measure(bench: &Bench, report: &mut Report) -> Result<()> {
    println!("\nchain: four tiers on this machine");
    let federation = Federation::start(bench).await?;
    let mut corpus = Corpus::new(federation.county()?.region)?;
    // Connections are made and statements prepared by the first ones.
    federation.delays(bench, federation.nation()?, &corpus.bodies(20, 1), PAUSE).await?;
    let delays = federation.delays(bench, federation.nation()?, &corpus.bodies(PACED, 1), PAUSE).await?;
    let (p50, p99) = (percentile_ms(&delays, 50.0), percentile_ms(&delays, 99.0));
    report.figure("chain", "idle: sent until persisted at the nation, p50", p50, "ms");
    report.figure("chain", "idle: sent until persisted at the nation, p99", p99, "ms");
    let (required, measured) = (format!("below {MOST_MS:.0} ms"), format!("{p99:.0} ms"));
    target(report, "chain: persisted nationally through four idle tiers, p99", required, measured, p99 < MOST_MS);
    throughput(bench, &federation, &corpus.bodies(BATCHES, BATCH), report).await?;
    let peak = federation.peak_mib()?;
    report.checks.push(memory("chain: memory of the largest of four nodes", peak));
    federation.stop(bench).await
}

async fn throughput(
    bench: &Bench,
    federation: &Federation,
    bodies: &crate::corpus::Bodies,
    report: &mut Report,
) -> Result<()> {
    let counter = federation.nation()?.counter()?;
    let there = counter.records(BATCH).await?;
    let (rabbit, pg) = bench.servers.pids()?;
    let pids = federation.nodes.iter().map(crate::node::Node::pid).collect::<Result<Vec<_>>>()?;
    let cpu = || {
        let nodes: f64 = pids.iter().map(|pid| cpu_seconds(*pid)).sum();
        [("four nodes", nodes), ("rabbit", cpu_seconds(rabbit)), ("pg", cpu_seconds(pg))]
    };
    let (before, begun) = (cpu(), Instant::now());
    let sent = load::send(federation.county()?.interface, BULK_CLIENTS, bodies).await?;
    wait(&counter, there + bodies.total(), BATCH).await?;
    let seconds = begun.elapsed().as_secs_f64();
    report.figure("chain", "records through all four tiers", bodies.total() as f64 / seconds, "a second");
    report.figure("chain", "answer to 2,000 records meanwhile, p99", percentile_ms(&sent.answers, 99.0), "ms");
    for ((name, before), (_, after)) in before.into_iter().zip(cpu()) {
        report.figure("chain", &format!("CPU of {name}"), (after - before) / seconds, "cores");
    }
    Ok(())
}
