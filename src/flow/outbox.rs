//! Publishing committed batches to the accepted exchange: at once from memory, and from the store whatever was left over
//! by a crash, an alarm of the broker, or a full memory.

use super::Context;
use crate::batch::{Manifest, Passage, routing_key, seal};
use crate::broker::{Availability, Message, PublishError};
use crate::metrics;
use crate::standard::busilist::Array;
use crate::store::{StoreError, StoredBatch};
use futures_util::StreamExt;
use futures_util::stream::{self, FuturesUnordered};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

/// Takes committed batches to publish. Clones share the memory bound.
#[derive(Clone)]
pub struct Outbox {
    sender: mpsc::Sender<Offered>,
    room: Arc<Semaphore>,
}

struct Offered {
    message: Message,
    _room: OwnedSemaphorePermit,
}

/// What may wait in memory, in KiB, and how many messages of some KiB each; beyond that the sweeper takes over.
const ROOM_KIB: usize = 24 * 1024;
const ROOM_MESSAGES: usize = 8 * 1024;
/// Confirms waited for at once.
const WINDOW: usize = 512;
/// Confirmed batches are taken off the outbox so many at once, or after this time.
const SETTLE: Duration = Duration::from_millis(50);
const SETTLE_MOST: usize = 1_000;
/// What lies in the outbox for longer than this was left over.
const LEFT_OVER: Duration = Duration::from_secs(10);
/// Left-overs taken at once, and bytes of their bodies, which are held in memory.
const SWEEP_MOST: i64 = 1_000;
const SWEEP_BYTES: i64 = 8 << 20;
/// A batch that is refused or cannot be read back stands aside for so long: it must not hold up the others.
const ASIDE: Duration = Duration::from_secs(600);

impl Outbox {
    /// Starts the publisher and the sweeper of left-overs on `tasks`.
    pub fn start(context: Context, tasks: &TaskTracker) -> Self {
        let (sender, receiver) = mpsc::channel(ROOM_MESSAGES);
        if context.has_parent {
            let (sender, confirmed) = mpsc::channel(ROOM_MESSAGES);
            tasks.spawn(publish(context.clone(), receiver, sender));
            tasks.spawn(settle(context.clone(), confirmed));
            tasks.spawn(sweep(context));
        }
        Self { sender, room: Arc::new(Semaphore::new(ROOM_KIB)) }
    }

    /// Offers a message. Without room it is left to the sweeper, so that persist never waits for the broker.
    pub fn offer(&self, message: Message) {
        let kib = u32::try_from(message.size() / 1024 + 1).unwrap_or(u32::MAX);
        if let Ok(room) = self.room.clone().try_acquire_many_owned(kib) {
            let _ = self.sender.try_send(Offered { message, _room: room });
        }
    }
}

async fn publish(context: Context, mut receiver: mpsc::Receiver<Offered>, confirmed: mpsc::Sender<Uuid>) {
    let mut under_way = FuturesUnordered::new();
    // What finds no room stays in the outbox, is published once more, and found by the parent to be there.
    let note = |done: Option<Uuid>| {
        let _ = done.map(|id| confirmed.try_send(id));
    };
    loop {
        tokio::select! {
            offered = receiver.recv(), if under_way.len() < WINDOW => match offered {
                Some(offered) => under_way.push(confirm(&context, offered)),
                None => break,
            },
            Some(done) = under_way.next() => note(done),
            () = context.stop.cancelled() => break,
        }
    }
    // What is under way is waited for briefly; the rest is left over for the next process.
    let rest = async {
        while let Some(done) = under_way.next().await {
            note(done);
        }
    };
    let _ = tokio::time::timeout(Duration::from_secs(2), rest).await;
}

/// Takes what is confirmed off the outbox, until nobody publishes any more.
async fn settle(context: Context, mut confirmed: mpsc::Receiver<Uuid>) {
    let mut ids = Vec::new();
    loop {
        let taken = confirmed.recv_many(&mut ids, SETTLE_MOST).await;
        if taken == 0 {
            return;
        }
        // As above, where the store is away.
        if let Err(error) = context.store.published(&ids).await {
            tracing::debug!(%error, "the outbox is cleared later");
        }
        ids.clear();
        if taken < SETTLE_MOST {
            tokio::time::sleep(SETTLE).await;
        }
    }
}

async fn confirm(context: &Context, offered: Offered) -> Option<Uuid> {
    let id = offered.message.id;
    publish_one(context, &offered.message).await.ok().map(|()| id)
}

async fn publish_one(context: &Context, message: &Message) -> Result<(), PublishError> {
    let started = Instant::now();
    let result = context.publish("uplink", message).await;
    note(message, started, &result);
    result
}

/// Publishes a left-over. Before it counts as refused it is tried alone: on a channel that others use as well, it may have been
/// told what was said of another.
async fn publish_left_over(context: &Context, message: &Message) -> Result<(), PublishError> {
    match publish_one(context, message).await {
        Err(error) if !error.is_outage() => {}
        other => return other,
    }
    let started = Instant::now();
    let result = context.publisher.publish_alone(message).await;
    note(message, started, &result);
    result
}

fn note(message: &Message, started: Instant, result: &Result<(), PublishError>) {
    match result {
        Ok(()) => {
            ::metrics::histogram!(metrics::CONFIRM_SECONDS, "step" => "outbox").record(started.elapsed().as_secs_f64());
        }
        Err(error) => {
            ::metrics::counter!(metrics::PUBLISH_FAILURES, "step" => "outbox", "reason" => error.code()).increment(1);
            tracing::debug!(%error, batch = %message.id, "left in the outbox");
        }
    }
}

async fn sweep(context: Context) {
    let mut pause = Duration::ZERO;
    while context.pause(pause).await {
        pause = match sweep_once(&context).await {
            Ok(true) => Duration::from_millis(10),
            Ok(false) => Duration::from_secs(1),
            Err(error) => {
                tracing::debug!(%error, "the outbox is swept later");
                Duration::from_secs(2)
            }
        };
    }
}

/// Whether there may be more to be published at once.
async fn sweep_once(context: &Context) -> Result<bool, StoreError> {
    if context.publisher.availability(&context.names.accepted()) != Availability::Up {
        return Ok(false);
    }
    let left = context.store.left_in_outbox(LEFT_OVER, SWEEP_MOST, SWEEP_BYTES).await?;
    if left.is_empty() {
        return Ok(false);
    }
    tracing::info!(batches = left.len(), "publishing what was left in the outbox");
    // Other processes sweep too: they look again when these are left over once more.
    context.store.put_off_in_outbox(&left, Duration::ZERO).await?;
    let batches = context.store.batches(&left).await?;
    let fates: Vec<(Uuid, Fate)> =
        stream::iter(batches).map(|batch| sweep_out(context, batch)).buffer_unordered(WINDOW).collect().await;
    let of = |wanted: Fate| fates.iter().filter(|(_, fate)| *fate == wanted).map(|(id, _)| *id).collect::<Vec<_>>();
    let (published, aside) = (of(Fate::Published), of(Fate::Aside));
    let settled = published.len() + aside.len();
    context.store.published(&published).await?;
    context.store.put_off_in_outbox(&aside, ASIDE).await?;
    Ok(settled == left.len())
}

/// What becomes of a left-over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Published,
    /// It is at fault itself.
    Aside,
    /// The broker is away.
    Later,
}

async fn sweep_out(context: &Context, batch: StoredBatch) -> (Uuid, Fate) {
    let refused = match republished(context, &batch) {
        Ok(message) => match publish_left_over(context, &message).await {
            Ok(()) => return (batch.id, Fate::Published),
            Err(error) if error.is_outage() => return (batch.id, Fate::Later),
            Err(error) => error.to_string(),
        },
        Err(error) => error,
    };
    tracing::error!(error = refused, batch = %batch.id, "cannot be published; it stays in the outbox");
    (batch.id, Fate::Aside)
}

/// The message of a batch, made again from what the store keeps and sealed with the node's present key.
pub(super) fn republished(context: &Context, batch: &StoredBatch) -> Result<Message, String> {
    let text = zstd::stream::decode_all(batch.body.as_slice()).map_err(|e| e.to_string())?;
    let text = String::from_utf8(text).map_err(|e| e.to_string())?;
    let busilist = Array::read(&text).map_err(|e| e.to_string())?;
    let mut trace: Vec<Passage> = serde_json::from_value(batch.trace.clone()).map_err(|e| e.to_string())?;
    let (region, dataset) = (context.node.region.to_string(), batch.dataset_version.clone());
    trace.push(Passage { region, at: batch.persisted.to_rfc3339(), dataset });
    let manifest = Manifest {
        batch: batch.id,
        origin: batch.origin,
        home: batch.home,
        accepted: batch.accepted,
        digest: batch.digest,
        records: batch.records,
        refused: batch.refused.clone(),
        // The entering node's passage tells its version.
        dataset: trace.first().map(|entered| entered.dataset.clone()).unwrap_or_default(),
        evidence: serde_json::from_value(batch.evidence.clone()).map_err(|e| e.to_string())?,
        trace,
    };
    let sealed = seal(&context.node, &manifest, batch.busicode, batch.action, busilist);
    Ok(Message {
        exchange: context.names.accepted(),
        routing_key: routing_key(batch.region, batch.busicode, batch.action),
        id: batch.id,
        headers: sealed.headers,
        body: sealed.body,
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_parcel_is_sorted_by_the_header_that_sorts_what_is_in_it() {
        assert_eq!(crate::broker::SORTED_BY, crate::batch::SIZE_HEADER);
    }
}
