//! Brings back what nothing has been heard of for far too long: its token was lost with a broker, or its process died.

use super::replay::again_all;
use crate::broker::Availability;
use crate::flow::Context;
use crate::standard::moment::Moment;
use crate::store::StoreError;
use std::time::Duration;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

/// Publishes overdue failures again. Any number of processes may sweep: each failure is taken by one.
pub struct Sweeper {
    context: Context,
}

/// Between two looks at the store.
const LOOK: Duration = Duration::from_secs(1);
/// So long after its time a failure is overdue: queues may be long, and RabbitMQ's clock is the one that counts.
const OVERDUE_MICROS: i64 = 600_000_000;
/// One that could not be published is tried again after this time.
const UNPUBLISHED_MICROS: i64 = 2_000_000;
/// Taken at once.
const MOST: i64 = 50;
/// Messages in a queue of a step behind which nothing waits for long.
const MOST_WAITING: u32 = 100;

impl Sweeper {
    /// A sweeper of one node.
    pub fn new(context: Context) -> Self {
        Self { context }
    }

    /// Starts it on `tasks`.
    pub fn start(self, tasks: &TaskTracker) {
        tasks.spawn(async move {
            let mut pause = LOOK;
            while self.context.pause(pause).await {
                pause = match self.sweep().await {
                    Ok(taken) if taken as i64 == MOST => Duration::ZERO,
                    Ok(_) => LOOK,
                    Err(error) => {
                        tracing::debug!(%error, "failures are swept later");
                        LOOK
                    }
                };
            }
        });
    }

    /// Publishes some of what is overdue; returns how many it took of the step it took most of.
    async fn sweep(&self) -> Result<usize, StoreError> {
        let context = &self.context;
        if context.publisher.availability(&context.names.persist()) != Availability::Up {
            return Ok(0);
        }
        let now = context.clock.now();
        let (before, mut most) = (now.plus_micros(-OVERDUE_MICROS), 0);
        for step in context.store.steps_overdue(before).await? {
            if self.flows(&step).await {
                let due = context.store.failures_overdue(&step, before, MOST, &context.rule, now).await?;
                again_all(context, &due, now).await?;
                most = most.max(due.len());
            }
        }
        Ok(most)
    }

    /// Whether what is published to a step soon has its turn. Else what is overdue only waits there, behind others or for a parent
    /// that is away, and would be published once more every ten minutes.
    async fn flows(&self, step: &str) -> bool {
        let names = self.context.names;
        let queues = match step {
            "persist" => vec![names.persist(), names.persist_bulk(), names.quarantine()],
            "uplink" => vec![names.uplink(), names.uplink_bulk()],
            _ => Vec::new(),
        };
        for queue in queues {
            if !self.context.consuming.depth(&queue).await.is_ok_and(|waiting| waiting <= MOST_WAITING) {
                return false;
            }
        }
        true
    }
}

/// Lets the sweeper take failures that were due at this moment, and whose message or token could not be published, soon after it
/// instead of ten minutes later. One that something has happened to since is left.
pub(super) async fn unpublished_at(context: &Context, ids: &[Uuid], due: Moment) -> Result<(), StoreError> {
    context.store.put_off_failures(ids, due, due.plus_micros(UNPUBLISHED_MICROS - OVERDUE_MICROS)).await
}
