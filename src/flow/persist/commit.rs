//! Committing a group: met transactions run again, and one bad batch never stops the others.

use crate::failure::Reason;
use crate::flow::Context;
use crate::flow::failures::Fault;
use crate::metrics;
use crate::store::{NewBatch, StoreError, Verdict};
use std::time::Instant;

/// The store is away; nothing of the group beyond what was committed counts.
#[derive(Debug)]
pub(super) struct Outage(pub(super) StoreError);

/// What became of each batch, in the order given.
pub(super) type Outcomes = Vec<Result<Verdict, Fault>>;

/// How often a transaction that met another is run again before its group is halved.
const RERUNS: u32 = 5;

/// Commits a group. A group that PostgreSQL refuses is halved until the one batch at fault stands alone.
pub(super) async fn commit(context: &Context, batches: &[NewBatch]) -> Result<Outcomes, Outage> {
    // A stack of halves instead of recursion; the later half is pushed first, so that outcomes come in order.
    let mut halves = vec![batches];
    let mut outcomes = Outcomes::with_capacity(batches.len());
    while let Some(half) = halves.pop() {
        match attempt(context, half).await {
            Ok(verdicts) => outcomes.extend(verdicts.into_iter().map(verdict_or_fault)),
            Err(outage) if outage.is_outage() => return Err(Outage(outage)),
            Err(error) if half.len() == 1 => outcomes.push(Err(Fault::new(Reason::RefusedByStore, error.to_string()))),
            Err(_) => {
                let (earlier, later) = half.split_at(half.len() / 2);
                halves.extend([later, earlier]);
            }
        }
    }
    Ok(outcomes)
}

async fn attempt(context: &Context, batches: &[NewBatch]) -> Result<Vec<Verdict>, StoreError> {
    if batches.is_empty() {
        return Ok(Vec::new());
    }
    let mut runs = 0;
    loop {
        let started = Instant::now();
        match context.store.persist(batches, context.has_parent).await {
            Err(StoreError::Conflict(_)) if runs < RERUNS => runs += 1,
            result => {
                ::metrics::histogram!(metrics::PERSIST_SECONDS).record(started.elapsed().as_secs_f64());
                ::metrics::histogram!(metrics::PERSIST_BATCHES).record(batches.len() as f64);
                return result;
            }
        }
    }
}

fn verdict_or_fault(verdict: Verdict) -> Result<Verdict, Fault> {
    match verdict {
        Verdict::RandomReused => Err(Fault::new(
            Reason::RandomReused,
            "another batch with this random and other content was committed before".to_owned(),
        )),
        Verdict::MissingKeys(places) => {
            let shown: Vec<String> = places.iter().take(10).map(|place| (place + 1).to_string()).collect();
            Err(Fault::new(
                Reason::MissingKey,
                format!("{} records were never added, among them no. {}", places.len(), shown.join(", ")),
            ))
        }
        verdict => Ok(verdict),
    }
}
