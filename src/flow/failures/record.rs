//! Keeping a message that failed, with its body.

use super::sweep::unpublished_at;
use super::token::{self, attempt_of};
use crate::batch::{Manifest, failure_id};
use crate::broker::Delivery;
use crate::failure::{Attempt, Pause, Reason, Then};
use crate::flow::context::PROBE;
use crate::flow::{Context, aside};
use crate::metrics;
use crate::receipt::{BadRecord, CHILD_HEADER};
use crate::standard::code::{Action, BusinessCode};
use crate::standard::moment::Moment;
use crate::store::{About, NewBatch, NewFailure, StoreError};
use futures_util::future::join_all;
use std::collections::BTreeMap;
use uuid::Uuid;

/// What is wrong with a message.
#[derive(Debug, Clone)]
pub struct Fault {
    /// Why it failed.
    pub reason: Reason,
    /// What exactly, and what to do.
    pub detail: String,
    /// What the message tells of itself.
    pub about: Box<About>,
    /// What is wrong with its bad records, the first of them, where that is the reason.
    pub bad: Vec<BadRecord>,
}

impl Fault {
    /// A fault of a message of which nothing is known yet.
    pub fn new(reason: Reason, detail: String) -> Self {
        Self { reason, detail, about: Box::default(), bad: Vec::new() }
    }

    /// The fault of a message that tells this of itself.
    pub fn about(self, about: About) -> Self {
        Self { about: Box::new(about), ..self }
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

/// What a message tells of itself that nobody could, or dared to, open. Nothing of it is verified but that a user of this broker
/// published it.
pub fn unread(delivery: &Delivery) -> About {
    let Some(manifest) = Manifest::from_headers(&delivery.headers).ok().filter(|_| delivery.user_id.is_some()) else {
        return About::default();
    };
    let mut key = delivery.routing_key.rsplit('.');
    About {
        action: key.next().and_then(|code| Action::parse(code).ok()),
        busicode: key.next().and_then(|code| BusinessCode::parse(code).ok()),
        appid: Some(manifest.evidence.appid),
        random: Some(manifest.evidence.random),
        region: Some(manifest.home),
        records: Some(manifest.records),
        accepted: Some(manifest.accepted),
    }
}

/// Compression level of kept bodies; see persist.
const LEVEL: i32 = 1;

/// A delivery that failed at a step.
#[derive(Clone)]
pub struct Failed<'a> {
    /// The message.
    pub delivery: &'a Delivery,
    /// What is wrong with it.
    pub fault: Fault,
    /// Which attempt it was.
    pub attempt: Attempt,
}

/// Records failed attempts at a step. Once this returns, the deliveries may be acked: nothing is lost.
///
/// State and token are committed first; then the token is published to the queue of its pause. If that fails, the sweeper keeps
/// the failure's time.
pub async fn record(context: &Context, step: &'static str, failed: Vec<Failed<'_>>) -> Result<(), StoreError> {
    let (mut failures, mut told) = (Vec::with_capacity(failed.len()), Vec::with_capacity(failed.len()));
    for Failed { delivery, fault, attempt } in failed {
        let (id, batch) = identity(context, step, delivery);
        let reason = fault.reason.code();
        tracing::warn!(step, reason, detail = %fault.detail, %id, attempt = %attempt.token(), "a batch failed");
        ::metrics::counter!(metrics::FAILED_ATTEMPTS, "step" => step, "reason" => reason).increment(1);
        let body = zstd::bulk::compress(&delivery.body, LEVEL).map_err(|e| StoreError::Outage(e.to_string()))?;
        failures.push(NewFailure {
            id,
            batch,
            step,
            reason: fault.reason,
            // Shown by the interface log: Chinese first.
            detail: format!("{}（{}）", fault.reason.title(), fault.detail),
            attempt,
            link: match step {
                "uplink" => "parent".to_owned(),
                _ => delivery.user_id.clone().unwrap_or_default(),
            },
            about: *fault.about,
            routing_key: delivery.routing_key.clone(),
            headers: headers(context, step, delivery),
            body,
        });
        told.push((delivery, fault.bad));
    }
    let now = context.clock.now();
    let follows = context.store.fail(&failures, &context.rule, now).await?;
    for (delivery, bad) in &told {
        match step {
            "persist" => context.receipts.look(delivery, bad),
            "uplink" => context.receipts.look_onward(delivery),
            _ => {}
        }
    }
    let waits = failures.iter().zip(follows).filter_map(|(failure, then)| match then {
        Then::Wait(pause) => Some((failure, pause)),
        Then::Nothing | Then::Try(_) => None,
    });
    park(context, step, &waits.collect::<Vec<_>>(), now).await
}

/// Publishes the tokens of failures to the queues of their pauses.
async fn park(
    context: &Context,
    step: &str,
    waits: &[(&NewFailure, Pause)],
    recorded: Moment,
) -> Result<(), StoreError> {
    let tokens: Vec<_> = waits
        .iter()
        .map(|(failure, pause)| token::waiting(context.names, step, *pause, failure.id, failure.attempt))
        .collect();
    let published = join_all(tokens.iter().map(|token| context.publisher.publish(token))).await;
    for ((failure, pause), outcome) in waits.iter().zip(published) {
        if let Err(error) = outcome {
            tracing::warn!(%error, step, id = %failure.id, "the token of a failure could not be parked; the sweeper keeps its time");
            let length = context.rule.length(*pause).as_micros();
            let due = recorded.plus_micros(i64::try_from(length).unwrap_or(i64::MAX));
            unpublished_at(context, &[failure.id], due).await?;
        }
    }
    Ok(())
}

/// Records a failed attempt, however long the store is away. False when told to stop meanwhile.
pub async fn record_surely(context: &Context, step: &'static str, failed: Failed<'_>) -> bool {
    while let Err(error) = record(context, step, vec![failed.clone()]).await {
        tracing::warn!(%error, step, "waiting for the store");
        if !context.pause(PROBE).await || !context.store_up().await {
            return false;
        }
    }
    true
}

/// The headers to keep. The node's own user publishes the message again: who published it first, and how, has to be known then too,
/// and is the broker's word alone.
fn headers(context: &Context, step: &str, delivery: &Delivery) -> BTreeMap<String, String> {
    let mut headers = delivery.headers.clone();
    if step == "persist" {
        aside::mark(&mut headers, delivery);
    }
    headers.remove(CHILD_HEADER);
    if let Some(child) = context.receipts.child_of(delivery) {
        headers.insert(CHILD_HEADER.to_owned(), child.appid.clone());
    }
    headers
}

/// Marks the failure of a delivery that was tried again and went through.
pub async fn mend(context: &Context, step: &str, delivery: &Delivery) -> Result<(), StoreError> {
    if attempt_of(&delivery.headers) == Attempt::FIRST {
        return Ok(());
    }
    context.store.resolve_failure(identity(context, step, delivery).0).await?;
    if step == "uplink" {
        context.receipts.look_onward(delivery);
    }
    Ok(())
}

/// The failure's id, and the batch it says it is of: whatever it is, a redelivery has the same.
///
/// By all of the message, not by the batch it says it is: a forgery must never stand in an honest batch's place.
fn identity(context: &Context, step: &str, delivery: &Delivery) -> (Uuid, Option<Uuid>) {
    let batch = Manifest::from_headers(&delivery.headers).ok().map(|manifest| manifest.batch);
    let Delivery { routing_key, headers, body, .. } = delivery;
    (failure_id(context.node.cipher.as_ref(), step, routing_key, headers, body), batch)
}
