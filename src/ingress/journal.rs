//! Log entries on their way to the log queue: gathered for a moment, so that a refusal costs the broker next to nothing.

use crate::broker::{Message, Names, Publisher};
use crate::metrics::LOG_LOST;
use crate::store::LogEntry;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

/// Takes log entries. Clones write into the same queue.
#[derive(Clone)]
pub struct Journal {
    sender: mpsc::Sender<LogEntry>,
}

/// Entries that may wait in memory; more are given up and counted, since a log must not stop the exchange.
const ROOM: usize = 20_000;
/// Entries of one message.
const MOST: usize = 500;
/// How long entries are gathered.
const GATHER: Duration = Duration::from_millis(50);
/// Attempts to publish one message.
const ATTEMPTS: u32 = 20;

impl Journal {
    /// Starts the publisher of entries on `tasks`.
    pub fn start(publisher: Publisher, names: Names, stop: CancellationToken, tasks: &TaskTracker) -> Self {
        let (sender, receiver) = mpsc::channel(ROOM);
        tasks.spawn(publish(publisher, names, receiver, stop));
        Self { sender }
    }

    pub(super) fn write(&self, entry: LogEntry) {
        if self.sender.try_send(entry).is_err() {
            ::metrics::counter!(LOG_LOST).increment(1);
        }
    }
}

async fn publish(publisher: Publisher, names: Names, mut receiver: mpsc::Receiver<LogEntry>, stop: CancellationToken) {
    let mut entries = Vec::with_capacity(MOST);
    loop {
        let taken = tokio::select! {
            taken = receiver.recv_many(&mut entries, MOST) => taken,
            () = stop.cancelled() => {
                receiver.close();
                receiver.recv_many(&mut entries, ROOM).await
            }
        };
        if taken == 0 {
            return;
        }
        if entries.len() < MOST && !stop.is_cancelled() {
            tokio::time::sleep(GATHER).await;
            while entries.len() < MOST
                && let Ok(entry) = receiver.try_recv()
            {
                entries.push(entry);
            }
        }
        hand_over(&publisher, names, &entries, &stop).await;
        entries.clear();
    }
}

async fn hand_over(publisher: &Publisher, names: Names, entries: &[LogEntry], stop: &CancellationToken) {
    let body = match serde_json::to_vec(entries) {
        Ok(body) => body.into(),
        Err(error) => return tracing::error!(%error, "log entries cannot be written as JSON"),
    };
    let exchange = names.log();
    let message =
        Message { exchange, routing_key: "log".to_owned(), id: Uuid::now_v7(), headers: BTreeMap::new(), body };
    for _ in 0..ATTEMPTS {
        if publisher.publish(&message).await.is_ok() {
            return;
        }
        if stop.is_cancelled() {
            break;
        }
        tokio::time::sleep(GATHER * 10).await;
    }
    tracing::warn!(entries = entries.len(), "log entries were given up: the broker takes none");
    ::metrics::counter!(LOG_LOST).increment(entries.len() as u64);
}
