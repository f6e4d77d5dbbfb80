//! Keeps the marks of a node's processes in step, within a fraction of a second.

use super::{Guard, Standing};
use crate::clock::Clock;
use crate::store::{MarkBounds, Store, StoreError, StoredMark};
use std::num::NonZeroUsize;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Tells the store what this process has seen, and this process what others have.
pub struct Sharer {
    store: Store,
    guard: Guard,
    /// The most rows of the store.
    most: NonZeroUsize,
    clock: Clock,
    stop: CancellationToken,
    /// The change up to which everything was read.
    seen: i64,
}

/// Between two looks.
const LOOK: Duration = Duration::from_millis(250);
/// How long a look may take: a server that vanished without a word must not hold it up for a quarter of an hour.
const PATIENCE: Duration = Duration::from_secs(5);
/// Transfers told to the store at once. Whoever sends wrong signatures by the thousand costs it no more than this.
const AT_ONCE: usize = 500;

impl Sharer {
    /// Shares `guard`'s marks through `store`, which keeps `most` at the most.
    pub fn new(store: Store, guard: Guard, most: NonZeroUsize, clock: Clock, stop: CancellationToken) -> Self {
        Self { store, guard, most, clock, stop, seen: 0 }
    }

    /// Starts it on `tasks`.
    pub fn start(mut self, tasks: &TaskTracker) {
        tasks.spawn(async move {
            let mut told = String::new();
            loop {
                // Asked before the look: what was seen during the last one is not to be lost with the process.
                let is_last = self.stop.is_cancelled();
                let looked = tokio::time::timeout(PATIENCE, self.look()).await.unwrap_or_else(|_| {
                    self.store.renew();
                    Err(StoreError::Outage(format!("no answer within {} s", PATIENCE.as_secs())))
                });
                match looked {
                    Ok(()) => told.clear(),
                    Err(error) if error.to_string() != told => {
                        tracing::warn!(%error, "marks cannot be shared; they go on counting in this process alone");
                        told = error.to_string();
                    }
                    Err(_) => {}
                }
                if is_last {
                    return;
                }
                tokio::select! {
                    () = tokio::time::sleep(LOOK) => {}
                    () = self.stop.cancelled() => {}
                }
            }
        });
    }

    async fn look(&mut self) -> Result<(), StoreError> {
        let (now, rule) = (self.clock.now(), self.guard.rule());
        let unshared = self.guard.unshared(AT_ONCE);
        if !unshared.is_empty() {
            let merge = |theirs: &StoredMark, mine: &StoredMark| {
                let merged = Standing::of_stored(theirs, rule).merge(&Standing::of_stored(mine, rule), rule);
                let failures = merged.failures().iter().map(|failure| (failure.at, failure.nonce)).collect();
                StoredMark { floor: merged.floor(), failures, ..mine.clone() }
            };
            let bounds = MarkBounds { most: self.most.get(), spent_before: rule.spent_before(now) };
            let merged = self.store.share_marks(&unshared, merge, bounds).await?;
            self.guard.learn(&merged, now);
        }
        let version = self.store.marks_version().await?;
        if version != self.seen {
            // A store brought back from a copy counts from a number of before.
            let since = if version < self.seen { 0 } else { self.seen };
            self.guard.learn(&self.store.marks_since(since).await?, now);
            self.seen = version;
        } else {
            self.guard.learn(&[], now);
        }
        Ok(())
    }
}
