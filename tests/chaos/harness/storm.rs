//! The faults of a plan, one after another and sometimes together.

use super::act::inflict;
use super::federation::Federation;
use super::plan::{Fault, Victim};
use super::timeline::Timeline;
use anyhow::Result;
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::collections::BTreeMap;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

/// Faults at the same time. With more there would be no flow left to disturb.
const MOST_AT_ONCE: usize = 4;

/// Does all faults and returns when the last is healed. One that would come while as many are going on as may waits for an end;
/// one whose victim still has another waits for that.
pub async fn rage(federation: &Federation<'_>, timeline: &Timeline, plan: &[Fault]) -> Result<()> {
    let victims: BTreeMap<Victim, Mutex<()>> =
        plan.iter().map(|fault| (fault.harm.victim(), Mutex::default())).collect();
    let mut going_on = FuturesUnordered::new();
    let mut next = Instant::now();
    for fault in plan {
        next = (next + fault.after).max(Instant::now());
        while Instant::now() < next || going_on.len() >= MOST_AT_ONCE {
            tokio::select! {
                Some(done) = going_on.next(), if !going_on.is_empty() => done?,
                () = sleep_until(next), if going_on.len() < MOST_AT_ONCE => {}
            }
        }
        let victim = &victims[&fault.harm.victim()];
        going_on.push(async move {
            let _alone = victim.lock().await;
            let place = timeline.begin(*fault);
            inflict(federation, fault).await?;
            timeline.heal(place);
            anyhow::Ok(())
        });
    }
    while let Some(done) = going_on.next().await {
        done?;
    }
    Ok(())
}
