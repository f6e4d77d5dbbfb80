//! §6.4 of the standard, clause by clause.

use super::pipeline::{BATCH, SINGLES_CLIENTS};
use crate::bench::Bench;
use crate::corpus::{APPID, Corpus, KEY};
use crate::federation::Federation;
use crate::load;
use crate::report::{Check, Report};
use crate::run::wait;
use crate::statistics::percentile_ms;
use anyhow::{Result, ensure};
use sesame::client::Client;
use sesame::standard::cipher::Key;
use sesame::standard::random::Random;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Exchanges of a batch each, one after another.
const EXCHANGES: usize = 20;
const PAUSE: Duration = Duration::from_millis(20);
/// Exchanges of a single record each.
const CONCURRENT: usize = 10_000;
const LOG_QUERIES: usize = 50;
/// 单笔信息交换(1M以下).
const MEGABYTE: usize = 1 << 20;

/// Measures every clause.
pub async fn measure(bench: &Bench, report: &mut Report) -> Result<()> {
    println!("\nstandard: the clauses of 6.4, on four tiers");
    let federation = Federation::start(bench).await?;
    let mut corpus = Corpus::new(federation.county()?.region)?;
    batches(bench, &federation, &mut corpus, report).await?;
    concurrent(&federation, &mut corpus, report).await?;
    log(&federation, report).await?;
    federation.stop(bench).await
}

async fn batches(bench: &Bench, federation: &Federation, corpus: &mut Corpus, report: &mut Report) -> Result<()> {
    let bodies = corpus.bodies(EXCHANGES, BATCH);
    let bytes = bodies.bodies.first().map_or(0, bytes::Bytes::len);
    ensure!(bytes < MEGABYTE, "the exchanges of these clauses are below 1M, not {bytes} bytes");
    let sent = load::send(federation.county()?.interface, 1, &bodies).await?;
    let p99 = percentile_ms(&sent.answers, 99.0);
    clause(report, "records in one exchange", "2,000", format!("{BATCH}, in {p99:.0} ms"), sent.repeated == 0);
    let slowest = |delays: Vec<Duration>| delays.last().copied().unwrap_or_default();
    for (asked, tier, seconds) in [
        ("an exchange below 1M within a domain, until persisted", federation.county()?, 10),
        ("an exchange below 1M across domains, county to nation", federation.nation()?, 40),
    ] {
        let delays = federation.delays(bench, tier, &corpus.bodies(EXCHANGES, BATCH), PAUSE).await?;
        let slowest = slowest(delays);
        let (required, pass) = (format!("at most {seconds} s"), slowest <= Duration::from_secs(seconds));
        clause(report, asked, &required, format!("{:.2} s", slowest.as_secs_f64()), pass);
    }
    Ok(())
}

async fn concurrent(federation: &Federation, corpus: &mut Corpus, report: &mut Report) -> Result<()> {
    let counter = federation.nation()?.counter()?;
    let there = counter.records(1).await?;
    let bodies = corpus.bodies(CONCURRENT, 1);
    let sent = load::send(federation.county()?.interface, SINGLES_CLIENTS, &bodies).await?;
    let measured = format!("{SINGLES_CLIENTS}, p99 {:.0} ms", percentile_ms(&sent.answers, 99.0));
    clause(report, "concurrent exchanges, none refused", "200", measured, sent.repeated == 0);
    wait(&counter, there + bodies.total(), 1).await
}

async fn log(federation: &Federation, report: &mut Report) -> Result<()> {
    const MOST: Duration = Duration::from_secs(3);
    let base = format!("http://{}/sesame", federation.nation()?.interface);
    let client = Client::new(&base, APPID, Key::parse(KEY)?)?;
    let mut slowest = Duration::ZERO;
    for _ in 0..LOG_QUERIES {
        let asked = Instant::now();
        let answered = client.log(None, r#"[{"SIZE":"100"}]"#, &Random::from(Uuid::new_v4())).await?;
        ensure!(answered.success, "the log was not answered: {}", answered.message);
        slowest = slowest.max(asked.elapsed());
    }
    let measured = format!("{:.3} s", slowest.as_secs_f64());
    clause(report, "answer to a query of the log, the slowest of 50", "at most 3 s", measured, slowest <= MOST);
    Ok(())
}

fn clause(report: &mut Report, asked: &str, required: &str, measured: String, pass: bool) {
    let (clause, asked, required) = ("6.4".to_owned(), asked.to_owned(), required.to_owned());
    report.checks.push(Check { clause, asked, required, measured, pass });
}
