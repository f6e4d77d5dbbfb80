//! Waiting until nothing moves any more: what is then not there will not come.

use super::federation::Federation;
use super::flow::connect;
use super::layout::{PLACES, way};
use super::ledger::{Entry, Kind, Outcome};
use super::strict::refused;
use super::tier::failures;
use anyhow::Result;
use std::collections::HashSet;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

const LOOK: Duration = Duration::from_millis(500);
/// Without any change, once all that was acknowledged has come everywhere. RabbitMQ tells the depth of quorum queues every 5 s.
const SETTLED: Duration = Duration::from_secs(6);
/// In all.
const LONGEST: Duration = Duration::from_secs(900);

/// How long nothing may change while something is missing: then it is taken for lost.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    pub missing: Duration,
    /// While a failure is open that should have gone through.
    pub overdue: Duration,
}

/// How it ended.
pub struct Quiet {
    pub waited: Duration,
    /// What still moved or lay about when the patience was over.
    pub restless: Vec<String>,
}

/// What is seen of one node.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Sight {
    batches: i64,
    changes: i64,
    outbox: i64,
    failing: Vec<Option<Uuid>>,
}

/// Waits.
pub async fn settle(federation: &Federation<'_>, entries: &[Entry], patience: Patience) -> Result<Quiet> {
    let started = Instant::now();
    let expected: Vec<i64> = (0..PLACES.len()).map(|node| committed(entries, node)).collect();
    let lasting: Vec<HashSet<Uuid>> = (0..PLACES.len()).map(|node| lasting(entries, node)).collect();
    let (mut before, mut since) = (Vec::new(), Instant::now());
    // When each node's queues were last seen empty, but for what is tried again.
    let mut empty: Vec<Option<Instant>> = vec![None; PLACES.len()];
    loop {
        let mut sights = Vec::new();
        let mut depths = Vec::new();
        for node in 0..PLACES.len() {
            sights.push(sight(federation, node).await?);
            // A busy broker's management may not answer; then nothing is known of its queues, and so they are not empty.
            let silent = |error: anyhow::Error| vec![(error.to_string(), -1)];
            depths.push(depths_of(federation, node).await.unwrap_or_else(silent));
            if explained(&depths[node], &sights[node]) {
                empty[node] = Some(Instant::now());
            }
        }
        if sights != before {
            (before, since) = (sights, Instant::now());
        }
        let complete = before.iter().zip(&expected).all(|(sight, expected)| sight.batches == *expected);
        let is_overdue = |(sight, lasting): (&Sight, &HashSet<Uuid>)| {
            sight.failing.iter().any(|batch| batch.is_none_or(|batch| !lasting.contains(&batch)))
        };
        let patience = match complete {
            _ if before.iter().zip(&lasting).any(is_overdue) => patience.overdue,
            true => SETTLED,
            false => patience.missing,
        };
        let idle = before.iter().all(|sight| sight.outbox == 0)
            && empty.iter().all(|at| at.is_some_and(|at| at.elapsed() < SETTLED));
        let waited = started.elapsed();
        if idle && since.elapsed() >= patience {
            return Ok(Quiet { waited, restless: Vec::new() });
        }
        if waited > LONGEST {
            return Ok(Quiet { waited, restless: restless(&before, &depths) });
        }
        sleep(LOOK).await;
    }
}

/// How many batches must be committed at a node: all that passed it but those that modify what was never added.
fn committed(entries: &[Entry], node: usize) -> i64 {
    let acknowledged = entries.iter().filter(|entry| matches!(entry.outcome, Outcome::Acknowledged(_)));
    let passed = acknowledged.filter(|entry| entry.sent.kind != Kind::Orphan);
    passed.filter(|entry| way(entry.sent.entry).any(|at| at == node)).count() as i64
}

/// Batches that are a failure of a node for good: they modify what was never added, or its rule refuses one of their records.
fn lasting(entries: &[Entry], node: usize) -> HashSet<Uuid> {
    let fails = |entry: &&Entry| match entry.sent.kind {
        Kind::Orphan => entry.sent.entry == node,
        _ => refused(&entry.sent, node).is_some(),
    };
    entries.iter().filter(fails).filter_map(id).collect()
}

fn id(entry: &Entry) -> Option<Uuid> {
    match entry.outcome {
        Outcome::Acknowledged(id) => Some(id),
        Outcome::Unknown | Outcome::Refused(_) => None,
    }
}

async fn sight(federation: &Federation<'_>, node: usize) -> Result<Sight> {
    let client = connect(&federation.database(node)).await?;
    let counts = "SELECT (SELECT count(*) FROM batches), (SELECT count(*) FROM history), (SELECT count(*) FROM outbox)";
    let row = client.query_one(counts, &[]).await?;
    let failing = failures(&client).await?.into_iter().map(|failure| failure.batch).collect();
    Ok(Sight { batches: row.get(0), changes: row.get(1), outbox: row.get(2), failing })
}

/// Whether so many failures are open that all that is queued may be theirs, on its way from one pause to the next. That
/// nothing else is among it, the numbers of batches tell.
fn explained(depths: &[(String, i64)], sight: &Sight) -> bool {
    let is_known = depths.iter().all(|(_, messages)| *messages >= 0);
    is_known && depths.iter().map(|(_, messages)| *messages).sum::<i64>() <= sight.failing.len() as i64
}

/// Queues of pauses hold tokens alone: what they are of stands among the failures, and what was never added waits in them for good.
const PAUSES: [&str; 3] = [".retry.1", ".retry.2", ".parked"];

/// The queues of a node that are not empty, but for those of pauses.
async fn depths_of(federation: &Federation<'_>, node: usize) -> Result<Vec<(String, i64)>> {
    let management = &federation.servers.pairs[PLACES[node].servers].management;
    let url = format!("{management}/api/queues/{}?columns=name,messages", federation.vhost(node));
    let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(20)).build()?;
    let queues: Vec<serde_json::Value> = http.get(url).send().await?.error_for_status()?.json().await?;
    let depths = queues.iter().map(|queue| {
        let name = queue["name"].as_str().unwrap_or_default().to_owned();
        // A queue that has just been recovered tells no number yet.
        (name, queue["messages"].as_i64().unwrap_or(-1))
    });
    let is_pause = |name: &str| PAUSES.iter().any(|end| name.ends_with(end));
    Ok(depths.filter(|(name, messages)| *messages != 0 && !is_pause(name)).collect())
}

fn restless(sights: &[Sight], depths: &[Vec<(String, i64)>]) -> Vec<String> {
    let nodes = sights
        .iter()
        .zip(depths)
        .enumerate()
        .filter(|(_, (sight, depths))| sight.outbox > 0 || !depths.is_empty() || !sight.failing.is_empty());
    let words = nodes.map(|(node, (sight, depths))| {
        let (region, failing) = (PLACES[node].region, sight.failing.len());
        format!("{region}: {} in the outbox, {failing} failing, queues {depths:?}", sight.outbox)
    });
    words.collect()
}
