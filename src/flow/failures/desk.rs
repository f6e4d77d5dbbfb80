//! Carries out what operators asked for at the failure desk.

use super::again;
use crate::broker::Availability;
use crate::flow::Context;
use crate::metrics;
use crate::store::{ActKind, ActRow, StoreError};
use futures_util::future::join_all;
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
/// Between two parts of an act.
const PART: Duration = Duration::from_millis(50);
/// Begun at once: the bodies are held in memory.
const MOST: u32 = 50;

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
                    Ok(true) => PART,
                    Ok(false) => LOOK,
                    Err(error) => {
                        tracing::debug!(%error, "operators' acts go on later");
                        LOOK
                    }
                };
            }
        });
    }

    /// Does the next part of each act; whether there was any.
    async fn work(&mut self) -> Result<bool, StoreError> {
        let acts = self.context.store.open_acts().await?;
        self.turns.retain(|id, _| acts.iter().any(|(open, _)| open == id));
        for (id, per_second) in &acts {
            let now = Instant::now();
            if self.turns.get(id).is_some_and(|turn| *turn > now) || !self.can_publish() {
                continue;
            }
            let moment = self.context.clock.now();
            let Some(carried) =
                self.context.store.carry_act(*id, part_of(*per_second), &self.context.rule, moment).await?
            else {
                continue;
            };
            let begun = carried.due.len() as u32;
            let published = join_all(carried.due.iter().map(|due| again(&self.context, due))).await;
            for (due, outcome) in carried.due.iter().zip(published) {
                if let Err(error) = outcome {
                    tracing::warn!(id = %due.id, error, "a replayed failure waits for the sweeper");
                }
            }
            self.turns.insert(*id, now + pause_of(*per_second, begun));
            self.tell(&carried.act, begun);
        }
        Ok(!acts.is_empty())
    }

    /// What is begun and cannot be published would wait ten minutes for the sweeper.
    fn can_publish(&self) -> bool {
        let names = self.context.names;
        let up = |exchange: &str| self.context.publisher.availability(exchange) == Availability::Up;
        up(&names.persist()) && (!self.context.has_parent || up(&names.uplink()))
    }

    fn tell(&self, act: &ActRow, begun: u32) {
        if act.kind == ActKind::Replay {
            ::metrics::counter!(metrics::REPLAYS).increment(u64::from(begun));
        }
        let Some(ended) = act.state.is_over().then(|| act.state.as_str()) else { return };
        let progress = &act.progress;
        tracing::info!(
            id = %act.id, act = act.kind.as_str(), by = act.by, ended, total = progress.total, resolved = progress.resolved,
            failed = progress.failed, skipped = progress.skipped, discarded = progress.discarded, "an act on failures is over"
        );
    }
}

/// How many are begun at once: what a tenth of a second allows, that no pace comes in gusts.
fn part_of(per_second: u32) -> u32 {
    (per_second / 10).clamp(1, MOST)
}

/// How long the pace lets an act rest after so many.
fn pause_of(per_second: u32, begun: u32) -> Duration {
    Duration::from_secs(1) * begun / per_second.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_takes_its_share_of_a_second() {
        for (per_second, part, millis) in [(1, 1, 1_000), (5, 1, 200), (100, 10, 100), (100_000, 50, 0)] {
            assert_eq!(part_of(per_second), part, "{per_second}");
            assert_eq!(pause_of(per_second, part).as_millis(), millis, "{per_second}");
        }
        assert_eq!(pause_of(100, 0), Duration::ZERO);
    }
}
