//! Brings back what has waited long enough.

use super::Attempt;
use crate::batch::ATTEMPT_HEADER;
use crate::broker::Message;
use crate::flow::Context;
use crate::metrics;
use crate::store::{DueFailure, StoreError};
use std::time::Duration;
use tokio_util::task::TaskTracker;

/// Publishes failures again whose time has come. Any number of processes may sweep: each failure is taken by one.
pub struct Sweeper {
    context: Context,
}

/// Between two looks at the store.
const LOOK: Duration = Duration::from_secs(1);
/// A failure taken by a process that then died is taken again after this time.
const TAKEN_MICROS: i64 = 60_000_000;
/// One that was published and of which nothing was heard is published again after this time: queues may be long.
const PUBLISHED_MICROS: i64 = 600_000_000;
/// One that could not be published, for the broker is away, is tried again after this time.
const UNPUBLISHED_MICROS: i64 = 2_000_000;
/// Taken at once: bodies are held in memory meanwhile.
const MOST: i64 = 10;

impl Sweeper {
    /// A sweeper of one node.
    pub fn new(context: Context) -> Self {
        Self { context }
    }

    /// Starts it on `tasks`.
    pub fn start(self, tasks: &TaskTracker) {
        tasks.spawn(async move {
            while self.context.pause(LOOK).await {
                if let Err(error) = self.sweep().await {
                    tracing::debug!(%error, "failures are swept later");
                }
            }
        });
    }

    /// Publishes what is due; returns how many.
    pub async fn sweep(&self) -> Result<usize, StoreError> {
        let now = self.context.clock.now();
        let taken = now.plus_micros(TAKEN_MICROS);
        let due = self.context.store.take_due_failures(now, taken, MOST).await?;
        if due.is_empty() {
            return Ok(0);
        }
        let (mut published, mut unpublished) = (Vec::new(), Vec::new());
        for failure in &due {
            match self.bring_back(failure).await {
                Ok(()) => published.push(failure.id),
                Err(error) => {
                    tracing::warn!(id = %failure.id, error, "a failure could not be brought back");
                    unpublished.push(failure.id);
                }
            }
        }
        let now = self.context.clock.now();
        self.context.store.put_off_failures(&published, taken, now.plus_micros(PUBLISHED_MICROS)).await?;
        self.context.store.put_off_failures(&unpublished, taken, now.plus_micros(UNPUBLISHED_MICROS)).await?;
        Ok(published.len())
    }

    async fn bring_back(&self, failure: &DueFailure) -> Result<(), String> {
        let body = zstd::stream::decode_all(failure.body.as_slice()).map_err(|e| e.to_string())?;
        let next = Attempt { round: failure.round, attempt: failure.attempt }.following();
        if next.attempt == 1 {
            ::metrics::counter!(metrics::ROUNDS, "step" => failure.step.clone()).increment(1);
        }
        let mut headers = failure.headers.clone();
        headers.retain(|name, _| name.starts_with("sesame-"));
        headers.insert(ATTEMPT_HEADER.to_owned(), next.token());
        let size = if body.len() < crate::batch::BULK_BYTES { "small" } else { "bulk" };
        headers.entry(crate::batch::SIZE_HEADER.to_owned()).or_insert_with(|| size.to_owned());
        // Straight to the step that failed: other queues of the exchange have had the message already.
        let exchange = match failure.step.as_str() {
            "uplink" => self.context.names.uplink(),
            _ => self.context.names.persist(),
        };
        let message =
            Message { exchange, routing_key: failure.routing_key.clone(), id: failure.id, headers, body: body.into() };
        self.context.publisher.publish(&message).await.map_err(|e| e.to_string())
    }
}
