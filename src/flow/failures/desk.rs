//! Carries out what operators asked for at the failure desk.

use super::replay::again_all;
use crate::broker::Availability;
use crate::flow::Context;
use crate::metrics;
use crate::store::{ActKind, ActRow, ActState, Carried, StoreError};
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

/// Replays and discards failures, at the pace and in the order that was asked for. Any number of processes may: each act is one's
/// at a time.
pub struct Desk {
    context: Context,
    /// When the next part of an act may be begun.
    turns: HashMap<Uuid, Instant>,
}

/// Between two looks at the store while there is nothing to do.
const LOOK: Duration = Duration::from_millis(500);
/// Before an act goes on that has enough under way.
const WAITING: Duration = Duration::from_millis(100);
/// Begun at once. Each part costs a transaction, and a look at all that is under way.
const MOST: u32 = 400;

impl Desk {
    /// The desk of one node.
    pub fn new(context: Context) -> Self {
        Self { context, turns: HashMap::new() }
    }

    /// Starts it on `tasks`.
    pub fn start(mut self, tasks: &TaskTracker) {
        tasks.spawn(async move {
            let mut pause = LOOK;
            while self.context.pause(pause).await {
                pause = match self.work().await {
                    Ok(next) => next.saturating_duration_since(Instant::now()),
                    Err(error) => {
                        tracing::debug!(%error, "operators' acts go on later");
                        LOOK
                    }
                };
            }
        });
    }

    /// Does the next part of each act whose turn it is; says when the next turn is.
    async fn work(&mut self) -> Result<Instant, StoreError> {
        let acts = self.context.store.open_acts().await?;
        self.turns.retain(|id, _| acts.iter().any(|(open, _)| open == id));
        let look = Instant::now() + LOOK;
        if !self.can_publish() {
            return Ok(look);
        }
        for (id, per_second) in &acts {
            let now = Instant::now();
            if self.turns.get(id).is_some_and(|turn| *turn > now) {
                continue;
            }
            // One act that does not go on holds up no other.
            let pause = match self.carry(*id, part_of(*per_second)).await {
                Ok(Some(carried)) if carried.act.state.goes_on() => pause_of(*per_second, carried.begun),
                Ok(_) => LOOK,
                Err(error) => {
                    tracing::warn!(%error, %id, "an act on failures goes on later");
                    LOOK
                }
            };
            self.turns.insert(*id, now + pause);
        }
        Ok(self.turns.values().copied().fold(look, Instant::min))
    }

    /// Begins up to so many of an act's failures. `None` while another process has it.
    async fn carry(&self, id: Uuid, part: u32) -> Result<Option<Carried>, StoreError> {
        let moment = self.context.clock.now();
        let carried = self.context.store.carry_act(id, part, &self.context.rule, moment).await?;
        if let Some(carried) = &carried {
            again_all(&self.context, &carried.due, moment).await?;
            for headers in &carried.discarded {
                self.context.receipts.look_kept(headers);
            }
            self.tell(&carried.act, carried.due.len());
        }
        Ok(carried)
    }

    /// What is begun and cannot be published would wait ten minutes for the sweeper.
    fn can_publish(&self) -> bool {
        let names = self.context.names;
        let up = |exchange: &str| self.context.publisher.availability(exchange) == Availability::Up;
        up(&names.persist()) && (!self.context.has_parent || up(&names.uplink()))
    }

    fn tell(&self, act: &ActRow, published: usize) {
        if act.asked.kind == ActKind::Replay {
            ::metrics::counter!(metrics::REPLAYS).increment(published as u64);
        }
        if act.state != ActState::Done {
            return;
        }
        let progress = &act.progress;
        tracing::info!(
            id = %act.asked.id, act = act.asked.kind.as_str(), by = act.asked.by, total = progress.total, resolved = progress.resolved,
            failed = progress.failed, skipped = progress.skipped, discarded = progress.discarded, "an act on failures is done"
        );
    }
}

/// How many are begun at once: what a tenth of a second allows, that no pace comes in gusts.
fn part_of(per_second: u32) -> u32 {
    (per_second / 10).clamp(1, MOST)
}

/// How long an act rests after so many were begun.
fn pause_of(per_second: u32, begun: u32) -> Duration {
    let pace = Duration::from_secs(1) * begun / per_second.max(1);
    // One that could not begin its whole part waits for what is under way, and asking for that is not free.
    if begun < part_of(per_second) { pace.max(WAITING) } else { pace }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_takes_its_share_of_a_second() {
        for (per_second, part, millis) in [(1, 1, 1_000), (5, 1, 200), (100, 10, 100), (100_000, 400, 4)] {
            assert_eq!(part_of(per_second), part, "{per_second}");
            assert_eq!(pause_of(per_second, part).as_millis(), millis, "{per_second}");
        }
        assert_eq!([pause_of(100, 0), pause_of(100_000, 399)], [WAITING; 2]);
    }
}
