//! Publishing committed batches to the accepted exchange: at once from memory, and from the store whatever was left over
//! by a crash, an alarm of the broker, or a full memory.

use super::Context;
use crate::batch::{Manifest, Passage, routing_key, seal};
use crate::broker::{Availability, Message, PublishError};
use crate::metrics;
use crate::store::{StoreError, StoredBatch};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
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

/// Bodies that may wait in memory, in KiB; beyond them the sweeper takes over.
const ROOM_KIB: usize = 24 * 1024;
/// Confirms waited for at once.
const WINDOW: usize = 256;
/// Confirmed batches are taken off the outbox by the hundred or after this time.
const SETTLE: Duration = Duration::from_millis(50);
const SETTLE_MOST: usize = 500;
/// What lies in the outbox for longer than this was left over.
const LEFT_OVER: Duration = Duration::from_secs(5);
/// Left-overs taken at once, and bytes of their bodies, which are held in memory.
const SWEEP_MOST: i64 = 40;
const SWEEP_BYTES: i64 = 8 << 20;
/// A batch that is refused or cannot be read back stands aside for so long: it must not hold up the others.
const ASIDE: Duration = Duration::from_secs(600);

impl Outbox {
    /// Starts the publisher and the sweeper of left-overs on `tasks`.
    pub fn start(context: Context, tasks: &TaskTracker) -> Self {
        let (sender, receiver) = mpsc::channel(8 * WINDOW);
        if context.has_parent {
            tasks.spawn(publish(context.clone(), receiver));
            tasks.spawn(sweep(context));
        }
        Self { sender, room: Arc::new(Semaphore::new(ROOM_KIB)) }
    }

    /// Offers a message. Without room it is left to the sweeper, so that persist never waits for the broker.
    pub fn offer(&self, message: Message) {
        let kib = u32::try_from(message.body.len() / 1024 + 1).unwrap_or(u32::MAX);
        if let Ok(room) = self.room.clone().try_acquire_many_owned(kib) {
            let _ = self.sender.try_send(Offered { message, _room: room });
        }
    }
}

async fn publish(context: Context, mut receiver: mpsc::Receiver<Offered>) {
    let mut under_way = FuturesUnordered::new();
    let mut confirmed: Vec<Uuid> = Vec::new();
    let mut settle = tokio::time::interval(SETTLE);
    loop {
        tokio::select! {
            offered = receiver.recv(), if under_way.len() < WINDOW => match offered {
                Some(offered) => under_way.push(confirm(&context, offered)),
                None => break,
            },
            Some(done) = under_way.next() => confirmed.extend(done),
            _ = settle.tick(), if !confirmed.is_empty() => take_off(&context, &mut confirmed).await,
            () = context.stop.cancelled() => break,
        }
        if confirmed.len() >= SETTLE_MOST {
            take_off(&context, &mut confirmed).await;
        }
    }
    // What is under way is waited for briefly; the rest is left over for the next process.
    let rest = async {
        while let Some(done) = under_way.next().await {
            confirmed.extend(done);
        }
    };
    let _ = tokio::time::timeout(Duration::from_secs(2), rest).await;
    take_off(&context, &mut confirmed).await;
}

async fn confirm(context: &Context, offered: Offered) -> Option<Uuid> {
    let id = offered.message.id;
    publish_one(context, &offered.message).await.ok().map(|()| id)
}

async fn publish_one(context: &Context, message: &Message) -> Result<(), PublishError> {
    let started = Instant::now();
    let result = context.publisher.publish(message).await;
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

async fn take_off(context: &Context, confirmed: &mut Vec<Uuid>) {
    if confirmed.is_empty() {
        return;
    }
    // A batch that stays in the outbox is published once more, and found by the parent to be there.
    if let Err(error) = context.store.published(confirmed).await {
        tracing::debug!(%error, "the outbox is cleared later");
    }
    confirmed.clear();
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
    let (mut published, mut aside) = (Vec::with_capacity(left.len()), Vec::new());
    for batch in context.store.batches(&left).await? {
        let refused = match republished(context, &batch) {
            Ok(message) => match publish_left_over(context, &message).await {
                Ok(()) => {
                    published.push(batch.id);
                    continue;
                }
                Err(error) if error.is_outage() => break,
                Err(error) => error.to_string(),
            },
            Err(error) => error,
        };
        tracing::error!(error = refused, batch = %batch.id, "cannot be published; it stays in the outbox");
        aside.push(batch.id);
    }
    let settled = published.len() + aside.len();
    context.store.published(&published).await?;
    context.store.put_off_in_outbox(&aside, ASIDE).await?;
    Ok(settled == left.len())
}

/// The message of a batch, made again from what the store keeps and sealed with the node's present key.
pub(super) fn republished(context: &Context, batch: &StoredBatch) -> Result<Message, String> {
    let text = zstd::stream::decode_all(batch.body.as_slice()).map_err(|e| e.to_string())?;
    let busilist = String::from_utf8(text).map_err(|e| e.to_string())?;
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
    let sealed = seal(&context.node, &manifest, batch.busicode, batch.action, &busilist);
    Ok(Message {
        exchange: context.names.accepted(),
        routing_key: routing_key(batch.region, batch.busicode, batch.action),
        id: batch.id,
        headers: sealed.headers,
        body: sealed.body,
    })
}
