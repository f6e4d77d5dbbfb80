//! Keeping a message that failed, with its body.

use super::{Attempt, Pauses, Reason};
use crate::batch::{Manifest, failure_id};
use crate::broker::Delivery;
use crate::flow::Context;
use crate::metrics;
use crate::receipt::{BadRecord, CHILD_HEADER};
use crate::store::{About, NewBatch, NewFailure, StoreError};
use uuid::Uuid;

/// What is wrong with a message.
#[derive(Debug, Clone)]
pub struct Fault {
    /// Why it failed.
    pub reason: Reason,
    /// What exactly, and what to do.
    pub detail: String,
    /// What the message tells of itself.
    pub about: About,
    /// What is wrong with its bad records, the first of them, where that is the reason.
    pub bad: Vec<BadRecord>,
}

impl Fault {
    /// A fault of a message of which nothing is known yet.
    pub fn new(reason: Reason, detail: String) -> Self {
        Self { reason, detail, about: About::default(), bad: Vec::new() }
    }

    /// The fault of a message that tells this of itself.
    pub fn about(self, about: About) -> Self {
        Self { about, ..self }
    }

    /// The fault of a verified batch.
    pub fn of(self, batch: &NewBatch) -> Self {
        self.about(About {
            appid: Some(batch.appid.clone()),
            random: Some(batch.random.clone()),
            busicode: Some(batch.busicode),
            action: Some(batch.action),
            region: Some(batch.region),
            records: Some(batch.records),
            accepted: Some(batch.accepted),
        })
    }
}

/// Compression level of kept bodies; see persist.
const LEVEL: i32 = 1;

/// Records a failed attempt of a delivery at a step. Once this returns, the delivery may be acked: nothing is lost.
pub async fn record(
    context: &Context,
    step: &'static str,
    delivery: &Delivery,
    fault: Fault,
    attempt: Attempt,
) -> Result<(), StoreError> {
    let settings = &context.settings;
    let next = attempt.failed(&Pauses { retry: settings.retry_pauses(), park: settings.park_pause() });
    let (id, batch) = identity(context, step, delivery);
    let reason = fault.reason.code();
    tracing::warn!(step, reason, detail = %fault.detail, %id, attempt = %attempt.token(), "a batch failed");
    ::metrics::counter!(metrics::FAILED_ATTEMPTS, "step" => step, "reason" => reason).increment(1);
    let pause = i64::try_from(next.pause.as_micros()).unwrap_or(i64::MAX);
    // A body that cannot be compressed would be lost with the ack: it is kept as it is then, which zstd can frame too.
    let body = zstd::bulk::compress(&delivery.body, LEVEL).map_err(|e| StoreError::Outage(e.to_string()))?;
    let mut headers = delivery.headers.clone();
    // The node's own user publishes it again: who sent it has to be known then too, and is the broker's word alone.
    headers.remove(CHILD_HEADER);
    if let Some(child) = context.receipts.child_of(delivery) {
        headers.insert(CHILD_HEADER.to_owned(), child.appid.clone());
    }
    let failure = NewFailure {
        id,
        batch,
        step,
        reason,
        // Shown by the interface log: Chinese first.
        detail: format!("{}（{}）", fault.reason.title(), fault.detail),
        state: next.state,
        round: attempt.round,
        attempt: attempt.attempt,
        next: context.clock.now().plus_micros(pause),
        about: fault.about,
        routing_key: delivery.routing_key.clone(),
        headers,
        body,
    };
    context.store.fail(&failure).await?;
    if step == "persist" {
        context.receipts.look(delivery, &fault.bad);
    }
    Ok(())
}

/// Marks the failure of a delivery that was tried again and went through.
pub async fn mend(context: &Context, step: &str, delivery: &Delivery) -> Result<(), StoreError> {
    if Attempt::of(&delivery.headers) == Attempt::FIRST {
        return Ok(());
    }
    context.store.resolve_failure(identity(context, step, delivery).0).await
}

/// The failure's id, and the batch it says it is of: whatever it is, a redelivery has the same.
///
/// By all of the message, not by the batch it says it is: a forgery must never stand in an honest batch's place.
fn identity(context: &Context, step: &str, delivery: &Delivery) -> (Uuid, Option<Uuid>) {
    let batch = Manifest::from_headers(&delivery.headers).ok().map(|manifest| manifest.batch);
    let Delivery { routing_key, headers, body, .. } = delivery;
    (failure_id(context.node.cipher.as_ref(), step, routing_key, headers, body), batch)
}
