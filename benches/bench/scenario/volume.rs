//! Millions of records into one node: does it become slower?

use super::pipeline::{BATCH, BULK_CLIENTS, memory};
use super::target;
use crate::bench::Bench;
use crate::corpus::{Bodies, Corpus};
use crate::load;
use crate::measure::peak_bytes;
use crate::node::tiers;
use crate::report::Report;
use crate::run::wait;
use crate::statistics::median;
use crate::subject::{Running, Subject};
use anyhow::{Context, Result};
use std::time::Instant;

/// Batches sent at a time; the next are made meanwhile.
const PORTION: usize = 50;
/// Records that may be accepted and not yet persisted when the next portion is sent.
const LEAD: u64 = 200_000;
/// The run is looked at in so many equal parts.
const PARTS: usize = 20;
/// So many at either end are compared.
const COMPARED: usize = 3;
const MOST_FALL_PERCENT: f64 = 15.0;

/// Sends so many records and compares the speed at the beginning and at the end.
pub async fn measure(bench: &Bench, records: usize, report: &mut Report) -> Result<()> {
    println!("\nvolume: {records} records into one node, {BULK_CLIENTS} clients");
    let running = Running::start(&bench.servers, &bench.folder, Subject::Sesame, 0).await?;
    let rates = rates(&running, records).await?;
    for (part, rate) in rates.iter().enumerate() {
        let millions = records as f64 * part as f64 / PARTS as f64 / 1e6;
        report.figure("volume", &format!("speed from {millions:.1} million records on"), *rate, "records/s");
    }
    let compared = rates.len().min(COMPARED);
    let (first, last) = (median(&rates[..compared]), median(&rates[rates.len() - compared..]));
    let fall = 100.0 * (1.0 - last / first);
    let peak = peak_bytes(running.pid) as f64 / f64::from(1 << 20);
    running.stop(&bench.servers).await?;
    let required = format!("falls by less than {MOST_FALL_PERCENT:.0} %");
    let asked = format!("volume: speed from empty to {records} records");
    target(report, &asked, required, format!("{fall:.1} %"), fall < MOST_FALL_PERCENT);
    report.checks.push(memory("volume: memory of serve", peak));
    Ok(())
}

/// Records a second in each part of the run.
async fn rates(running: &Running, records: usize) -> Result<Vec<f64>> {
    let mut corpus = Corpus::new(*tiers()?.first().context("a county")?)?;
    let (portions, mut sent) = (records.div_ceil(BATCH * PORTION), 0);
    let mut ready = corpus.bodies(PORTION, BATCH);
    let (mut rates, mut part_begun) = (Vec::with_capacity(PARTS), (Instant::now(), 0));
    for portion in 1..=portions {
        let making: tokio::task::JoinHandle<(Corpus, Bodies)> = tokio::task::spawn_blocking(move || {
            let next = corpus.bodies(PORTION, BATCH);
            (corpus, next)
        });
        load::send(running.interface, BULK_CLIENTS, &ready).await?;
        sent += ready.total();
        wait(&running.counter, sent.saturating_sub(LEAD), BATCH).await?;
        (corpus, ready) = making.await?;
        if portion * PARTS / portions > rates.len() {
            let (now, there) = (Instant::now(), running.counter.records(BATCH).await?);
            rates.push((there - part_begun.1) as f64 / (now - part_begun.0).as_secs_f64());
            println!("  {there:>10} records, {:.0} a second", rates.last().copied().unwrap_or_default());
            part_begun = (now, there);
        }
    }
    wait(&running.counter, sent, BATCH).await?;
    Ok(rates)
}
