//! One run: a federation, load, faults, quiet, verdict.

use super::draw::Draw;
use super::federation::Federation;
use super::layout::PLACES;
use super::ledger::{Closed, Ledger};
use super::process::{Counts, Process};
use super::quiet::{Patience, Quiet, settle};
use super::replays::{Replayed, Replays};
use super::sabotage::Sabotage;
use super::sender::Sender;
use super::tier::{Tier, Unverified, unverified};
use super::timeline::{Event, Timeline};
use super::verdict::{Verdict, judge};
use super::{flow, plan, storm};
use anyhow::{Context, Result, bail};
use futures_util::future::join_all;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// What a run is to be.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    pub kills: usize,
    pub seed: u64,
    pub sabotage: Option<Sabotage>,
}

/// Everything a run has found.
pub struct Report {
    pub options: Options,
    pub events: Vec<Event>,
    pub flow: Flow,
    pub closed: Closed,
    pub counts: Counts,
    /// Over all nodes.
    pub unverified: Unverified,
    pub quiet: Quiet,
    pub replayed: Replayed,
    pub verdict: Verdict,
    /// From the first batch to the verdict.
    pub took: Duration,
}

/// Whether batches flowed again after every wave of faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    Resumed,
    /// Not within [`flow::LONGEST`] of the last heal.
    Stalled,
}

/// The node each sender sends to, and the size of its first batch.
const SENDERS: [(usize, usize); 6] = [(0, 2_000), (0, 1), (0, 17), (1, 2_500), (1, 5), (2, 300)];
/// Faults between two lulls.
const WAVE: usize = 10;
/// Whatever the faults, so many batches are sent at least.
const LEAST_BATCHES: usize = 100;
/// After the last heal a sender learns the outcome of its last batch within this time.
const SETTLE_SENDERS: Duration = Duration::from_secs(120);
/// Longer than a failure waits that a process has taken and then died with; and longer than the sweeper waits for what has lost
/// its token.
const PATIENCE: Patience = Patience { missing: Duration::from_secs(90), overdue: Duration::from_secs(660) };
/// Where something is missing for sure, there is no need to wait for it.
const PATIENCE_SABOTAGED: Patience = Patience { missing: Duration::from_secs(10), overdue: Duration::from_secs(10) };

/// Runs. An error is the harness's own, or a process that ended by itself.
pub async fn run(federation: &Federation<'_>, options: Options) -> Result<Report> {
    if let Some(sabotage) = options.sabotage {
        sabotage.install(&federation.database(Sabotage::node(options.seed))).await?;
    }
    let (ledger, timeline) = (Arc::new(Ledger::default()), Timeline::new());
    let (stop, give_up) = (CancellationToken::new(), CancellationToken::new());
    let mut senders = start_senders(federation, options.seed, &ledger, &stop, &give_up)?;
    let replays = tokio::spawn(Replays::new(federation, options.seed)?.run(stop.clone()));
    let plan = plan::plan(options.seed, options.kills);
    let flow = tokio::select! {
        done = rage(federation, &timeline, &ledger, &plan) => done?,
        watched = flow::watch(federation, &timeline) => match watched? {},
        _ = join_all(federation.processes.iter().map(Process::watch)) => unreachable!("a watch never ends"),
        Some(ended) = senders.join_next() => {
            ended.context("a sender panicked")?;
            bail!("a sender ended before it was told to");
        }
    };
    stop.cancel();
    end(senders, &give_up).await?;
    let replays = replays.await.context("the operator panicked")?;
    for process in &federation.processes {
        process.check()?;
        process.look().await;
    }
    let closed = ledger.close();
    let patience = if options.sabotage.is_some() { PATIENCE_SABOTAGED } else { PATIENCE };
    let quiet = settle(federation, &closed.entries, patience).await?;
    let replayed = replays.end(patience.overdue).await?;
    let (mut tiers, mut mismatches) = (Vec::new(), Unverified::default());
    for node in 0..PLACES.len() {
        tiers.push(Tier::read(&federation.database(node)).await?);
        mismatches = mismatches.and(unverified(&federation.database(node)).await?);
    }
    let verdict = judge(&closed.entries, &tiers);
    let counts = federation.processes.iter().map(Process::counts).fold(Counts::default(), Counts::and);
    let (events, took) = (timeline.events(), timeline.now());
    Ok(Report { options, events, flow, closed, counts, unverified: mismatches, quiet, replayed, verdict, took })
}

/// Waits until every sender knows what became of its last batch. One that does not learn it in time gives up.
async fn end(mut senders: JoinSet<()>, give_up: &CancellationToken) -> Result<()> {
    let giving_up = tokio::spawn({
        let give_up = give_up.clone();
        async move {
            sleep(SETTLE_SENDERS).await;
            give_up.cancel();
        }
    });
    while let Some(ended) = senders.join_next().await {
        ended.context("a sender panicked")?;
    }
    giving_up.abort();
    Ok(())
}

/// The faults in waves; after each, batches must flow again before the next begins. Without lulls there would be no telling how
/// long recovery takes, nor that it comes at all.
async fn rage(federation: &Federation<'_>, timeline: &Timeline, ledger: &Ledger, plan: &[plan::Fault]) -> Result<Flow> {
    for wave in plan.chunks(WAVE) {
        storm::rage(federation, timeline, wave).await?;
        if !flow::resumed(timeline).await {
            return Ok(Flow::Stalled);
        }
    }
    let deadline = Instant::now() + SETTLE_SENDERS;
    while ledger.acknowledged() < LEAST_BATCHES {
        if Instant::now() > deadline {
            bail!("only {} batches were acknowledged", ledger.acknowledged());
        }
        sleep(Duration::from_millis(100)).await;
    }
    Ok(Flow::Resumed)
}

fn start_senders(
    federation: &Federation<'_>,
    seed: u64,
    ledger: &Arc<Ledger>,
    stop: &CancellationToken,
    give_up: &CancellationToken,
) -> Result<JoinSet<()>> {
    let clocks: Vec<Arc<AtomicI64>> = PLACES.iter().map(|_| Arc::default()).collect();
    let mut senders = JoinSet::new();
    for (number, (node, first)) in SENDERS.into_iter().enumerate() {
        let sender = Sender {
            draw: Draw::new(seed, number, node, clocks[node].clone(), first),
            doors: federation.callers(node)?,
            ledger: ledger.clone(),
            stop: stop.clone(),
            give_up: give_up.clone(),
            leads: SENDERS.iter().position(|(other, _)| *other == node) == Some(number),
        };
        senders.spawn(sender.run());
    }
    Ok(senders)
}
