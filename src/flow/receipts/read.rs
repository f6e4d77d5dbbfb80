//! Takes the receipts that the parent has for this node, keeps what they say, and passes it on down.

use super::{OF_SIGNATURE, key_mark};
use crate::broker::{Connection, Consumer, Delivery, ack_all};
use crate::flow::Context;
use crate::metrics;
use crate::receipt::{BadLetter, Kind, Letter, Verdict, open};
use crate::standard::cipher::Key;
use crate::standard::region::Region;
use crate::store::{Merged, StoreError, Want};
use std::time::Duration;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

/// The reader of one node's queue at its parent.
pub struct Reader {
    context: Context,
    /// At the parent's broker.
    consuming: Connection,
    queue: String,
    parent: Region,
    /// The node's present key and its former ones: the parent may not know of a change yet.
    keys: Vec<Key>,
}

/// Letters taken ahead of their acks, and at once.
const PREFETCH: u16 = 8;
/// How often a transaction that met another is run again at once.
const RERUNS: u32 = 5;

/// What letters say.
#[derive(Default)]
struct Told {
    verdicts: Vec<Verdict>,
    unknown: Vec<Uuid>,
    /// Whether any letter is the parent's.
    any: bool,
}

impl Reader {
    /// Reads `queue` at the broker of `parent`, which `consuming` takes from.
    pub fn new(context: Context, consuming: Connection, queue: String, parent: Region, former: Vec<Key>) -> Self {
        let keys = [context.node.key.clone()].into_iter().chain(former).collect();
        Self { context, consuming, queue, parent, keys }
    }

    /// Starts it on `tasks`.
    pub fn start(self, tasks: &TaskTracker) {
        tasks.spawn(self.run());
    }

    async fn run(self) {
        // Where none can be read nothing else is held up: the child asks, and learns later.
        while let Some(mut consumer) = self.context.consumer(&self.consuming, &self.queue, PREFETCH).await {
            self.serve(&mut consumer).await;
            consumer.close().await;
            if self.context.stop.is_cancelled() {
                return;
            }
        }
    }

    /// Reads until the broker or the process stops.
    async fn serve(&self, consumer: &mut Consumer) {
        let mut is_noted = false;
        loop {
            let first = tokio::select! {
                first = consumer.next() => first,
                () = self.context.stop.cancelled() => return,
            };
            let Ok(first) = first else { return };
            let mut letters = vec![first];
            while letters.len() < usize::from(PREFETCH)
                && let Some(Ok(delivery)) = consumer.arrived()
            {
                letters.push(delivery);
            }
            let told = self.open(&letters);
            if told.any && !is_noted {
                is_noted = self.context.store.note_sends_receipts(self.parent).await.is_ok();
            }
            if !self.keep_surely(told).await || ack_all(&letters).await.is_err() {
                return;
            }
        }
    }

    fn open(&self, letters: &[Delivery]) -> Told {
        let mut told = Told::default();
        for delivery in letters {
            match self.open_one(delivery) {
                Ok(letter) => {
                    told.any = true;
                    told.verdicts.extend(letter.verdicts);
                    told.unknown.extend(letter.unknown);
                }
                Err(error) => {
                    let reason = reason_of(error);
                    ::metrics::counter!(metrics::RECEIPTS_REFUSED, "reason" => reason).increment(1);
                    tracing::warn!(reason, %error, queue = self.queue, user = ?delivery.user_id, "a receipt is not believed");
                }
            }
        }
        told
    }

    fn open_one(&self, delivery: &Delivery) -> Result<Letter, BadLetter> {
        let Delivery { headers, body, .. } = delivery;
        let text = open(Kind::Receipts, self.context.node.cipher.as_ref(), &self.keys, headers, body)?;
        Letter::read(text, self.parent, self.context.node.region)
    }

    /// Keeps what is told, however long the store is away. False when told to stop meanwhile.
    async fn keep_surely(&self, told: Told) -> bool {
        let mut reruns = 0;
        loop {
            match self.keep(&told).await {
                Ok(()) => return true,
                Err(StoreError::Conflict(_)) if reruns < RERUNS => reruns += 1,
                Err(error @ StoreError::Refused { .. }) => {
                    // Letters that the store refuses must not stop the others for ever; the batches are asked for.
                    tracing::error!(%error, "receipts were refused by the store");
                    return true;
                }
                Err(error) => {
                    tracing::debug!(%error, "receipts wait for the store");
                    if !self.context.pause(Duration::from_millis(200)).await || !self.context.store_up().await {
                        return false;
                    }
                }
            }
        }
    }

    async fn keep(&self, told: &Told) -> Result<(), StoreError> {
        let Merged { news, unknown } =
            self.context.store.merge_receipts(told.verdicts.clone(), Some(self.parent)).await?;
        let unverified = told.verdicts.iter().filter(|verdict| {
            verdict.node == self.parent && !verdict.is_final() && OF_SIGNATURE.contains(&verdict.code.as_str())
        });
        let unverified: Vec<Uuid> = unverified.map(|verdict| verdict.batch).collect();
        let (key, now) = (key_mark(&self.context.node), self.context.clock.now());
        self.context.store.want_again(&unverified, Want::Signed, key, now).await?;
        self.context.store.want_again(&told.unknown, Want::Sent, key, now).await?;
        ::metrics::counter!(metrics::RECEIPTS_RECEIVED).increment(told.verdicts.len() as u64);
        if !unknown.is_empty() {
            ::metrics::counter!(metrics::RECEIPTS_REFUSED, "reason" => "unknown_batch").increment(unknown.len() as u64);
            tracing::warn!(batches = unknown.len(), first = %unknown[0], "the parent speaks of batches that were never sent to it");
        }
        for (verdict, way) in news {
            if let Some(child) = self.context.receipts.children().of_batch(way.origin, way.last) {
                self.context.receipts.pass_on(child, verdict);
            }
        }
        Ok(())
    }
}

fn reason_of(error: BadLetter) -> &'static str {
    match error {
        BadLetter::Malformed => "malformed",
        BadLetter::Signature => "signature",
        BadLetter::Foreign => "foreign",
    }
}
