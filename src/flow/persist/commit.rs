//! Committing a group: met transactions run again, and one bad batch never stops the others.

use crate::failure::Reason;
use crate::flow::Context;
use crate::flow::failures::Fault;
use crate::metrics;
use crate::store::{NewBatch, StoreError, Upward, Verdict};
use std::time::{Duration, Instant};

/// The store is away; nothing of the group beyond what was committed counts.
#[derive(Debug)]
pub(super) struct Outage(pub(super) StoreError);

/// What became of each batch, in the order given. A fault of reason POISON says that the batch holds up others.
pub(super) type Outcomes = Vec<Result<Verdict, Fault>>;

/// What a batch may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// How long, in one statement or to be read.
    pub(super) patience: Duration,
    /// How often a transaction that met another is run again.
    pub(super) reruns: u32,
    /// Whether others wait for it. Where none does, a lock that another session holds is waited for.
    pub(super) in_company: bool,
}

/// Before a transaction that met another is run again, longer each time.
const RERUN_PAUSE: Duration = Duration::from_millis(20);

/// Commits a group. A group that PostgreSQL refuses is halved until the one batch at fault stands alone; one that takes too long
/// is taken apart at once, since every half of it could take as long.
pub(super) async fn commit(context: &Context, batches: &[NewBatch], limits: Limits) -> Result<Outcomes, Outage> {
    // A stack of parts instead of recursion; later ones are pushed first, so that outcomes come in order.
    let mut parts = vec![batches];
    let mut outcomes = Outcomes::with_capacity(batches.len());
    while let Some(part) = parts.pop() {
        match attempt(context, part, limits).await {
            Ok(verdicts) => outcomes.extend(verdicts.into_iter().map(verdict_or_fault)),
            Err(StoreError::Locked(_)) if limits.in_company && part.len() > 1 => parts.extend(part.chunks(1).rev()),
            Err(StoreError::Locked(lock)) if limits.in_company => outcomes.push(Err(holding_up(&lock))),
            Err(outage) if outage.is_outage() => return Err(Outage(outage)),
            Err(error) if part.len() == 1 => outcomes.push(Err(match &error {
                StoreError::Stalled(_) | StoreError::Conflict(_) => holding_up(&error.to_string()),
                _ => Fault::new(Reason::RefusedByStore, error.to_string()),
            })),
            Err(StoreError::Stalled(_)) => parts.extend(part.chunks(1).rev()),
            Err(_) => {
                let (earlier, later) = part.split_at(part.len() / 2);
                parts.extend([later, earlier]);
            }
        }
    }
    Ok(outcomes)
}

fn holding_up(why: &str) -> Fault {
    Fault::new(Reason::Poison, why.to_owned())
}

async fn attempt(context: &Context, batches: &[NewBatch], limits: Limits) -> Result<Vec<Verdict>, StoreError> {
    if batches.is_empty() {
        return Ok(Vec::new());
    }
    let upward = match (context.has_parent, context.receipts.is_awaited()) {
        (true, true) => Upward::Awaited,
        (true, false) => Upward::Shared,
        (false, _) => Upward::Not,
    };
    let mut runs = 0;
    loop {
        let started = Instant::now();
        match context.store.persist(batches, upward, limits.patience).await {
            Err(StoreError::Conflict(_)) if runs < limits.reruns => {
                runs += 1;
                tokio::time::sleep(RERUN_PAUSE * runs).await;
            }
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
