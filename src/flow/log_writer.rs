//! Writes what the door tells of refusals and queries into the interface log (§6.1).

use super::Context;
use crate::broker::{Consumer, Delivery, ack_all};
use crate::store::{LogEntry, StoreError};
use tokio_util::task::TaskTracker;

/// The consumer of the log queue.
pub struct LogWriter {
    context: Context,
}

const PREFETCH: u16 = 100;
/// Entries written at once.
const MOST: usize = 5_000;

impl LogWriter {
    /// A writer of one node.
    pub fn new(context: Context) -> Self {
        Self { context }
    }

    /// Starts it on `tasks`.
    pub fn start(self, tasks: &TaskTracker) {
        tasks.spawn(self.run());
    }

    async fn run(self) {
        let queue = self.context.names.log();
        while let Some(mut consumer) = self.context.consumer(&self.context.consuming, &queue, PREFETCH).await {
            self.serve(&mut consumer).await;
            consumer.close().await;
        }
    }

    /// Writes until the store, the broker or the process stops.
    async fn serve(&self, consumer: &mut Consumer) {
        loop {
            let first = tokio::select! {
                first = consumer.next() => first,
                () = self.context.stop.cancelled() => return,
            };
            let Ok(first) = first else { return };
            let mut entries = read(&first);
            let mut taken = vec![first];
            while entries.len() < MOST
                && let Some(Ok(delivery)) = consumer.arrived()
            {
                entries.extend(read(&delivery));
                taken.push(delivery);
            }
            match self.context.store.log(&entries).await {
                Ok(()) => {}
                Err(error @ StoreError::Refused { .. }) => {
                    // An entry that PostgreSQL refuses must not stop the log for ever; the line below keeps its loss known.
                    tracing::error!(%error, entries = entries.len(), "log entries were refused by the store");
                }
                Err(_) => return,
            }
            if ack_all(&taken).await.is_err() {
                return;
            }
        }
    }
}

fn read(delivery: &Delivery) -> Vec<LogEntry> {
    serde_json::from_slice(&delivery.body).unwrap_or_else(|error| {
        tracing::error!(%error, "a message in the log queue holds no log entries");
        Vec::new()
    })
}
