//! The consumers of the persist queues.

use super::again::granted;
use super::commit::{Limits, Outage, commit};
use super::group::collect;
use super::prepare::{Onward, Prepared};
use super::reading::read;
use super::suspects::{Suspicion, set_apart, set_aside};
use crate::batch::Manifest;
use crate::broker::{Consumer, Delivery, Message, ack_all};
use crate::failure::Reason;
use crate::flow::caution::Caution;
use crate::flow::failures::{Failed, Fault, attempt_of, record};
use crate::flow::receipts::OF_SIGNATURE;
use crate::flow::{Context, Outbox, aside};
use crate::metrics;
use crate::receipt::{AGAIN_HEADER, Child, Kind, is_of};
use crate::standard::region::Region;
use crate::store::{NewBatch, StoreError, Verdict};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

/// Commits what arrives on the two persist queues.
pub struct Persist {
    context: Context,
    outbox: Outbox,
    /// What its groups wait for; small ones never wait, since a long transaction must not hold them up.
    work: Option<Arc<Semaphore>>,
    limits: Limits,
}

/// How often a transaction that met another is run again, in company and alone.
const RERUNS: u32 = 5;
const RERUNS_ALONE: u32 = 20;

/// Messages taken ahead of their acks: small ones, each of which may be a parcel, by the hundred; bulk ones by two, one being worked
/// on and one on its way, since each may be tens of megabytes.
const PREFETCH_SMALL: u16 = 100;
const PREFETCH_BULK: u16 = 2;

/// Bodies of the groups that are worked on at once, in KiB: their changes take several times that. Two of the largest exchanges
/// are not worked on at once, dozens of the usual ones are.
const WORK_KIB: u32 = 40 * 1024;

/// Why a consumer's loop ended.
enum End {
    Stopped,
    BrokerLost,
    /// The time of caution is over.
    Calm,
    /// Too many threads of this process are stuck.
    Unable,
}

/// The pauses while the store is away grow from the first to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LAST_PAUSE: Duration = Duration::from_secs(10);

impl Persist {
    /// A step that hands committed batches to `outbox`.
    pub fn new(context: Context, outbox: Outbox) -> Self {
        let patience = Duration::from_secs(context.settings.stall_secs);
        Self { context, outbox, work: None, limits: Limits { patience, reruns: RERUNS, in_company: true } }
    }

    /// One that works on what nobody waits behind.
    pub(super) fn alone(context: Context, outbox: Outbox) -> Self {
        let patience = Duration::from_secs(context.settings.watchdog_secs);
        Self { context, outbox, work: None, limits: Limits { patience, reruns: RERUNS_ALONE, in_company: false } }
    }

    /// Starts the consumers on `tasks`.
    pub fn start(self, tasks: &TaskTracker) {
        let names = self.context.names;
        let work = Arc::new(Semaphore::new(WORK_KIB as usize));
        let queues = [(names.persist(), PREFETCH_SMALL, None), (names.persist_bulk(), PREFETCH_BULK, Some(work))];
        for (queue, prefetch, work) in queues {
            for _ in 0..self.context.settings.consumers {
                let step = Persist {
                    context: self.context.clone(),
                    outbox: self.outbox.clone(),
                    work: work.clone(),
                    limits: self.limits,
                };
                tasks.spawn(step.run(queue.clone(), prefetch));
            }
        }
    }

    async fn run(self, queue: String, prefetch: u16) {
        let mut caution = Caution::new(prefetch);
        // The store first: messages taken while it is away would only have to be given back.
        while self.context.able().await
            && self.context.store_up().await
            && self.context.broker_up(&self.context.consuming).await
        {
            let mut consumer = match self.context.consuming.consume(&queue, caution.prefetch(Instant::now())).await {
                Ok(consumer) => consumer,
                Err(error) => {
                    tracing::warn!(%error, "cannot consume");
                    caution.alarm(Instant::now());
                    if self.context.pause(Duration::from_secs(1)).await {
                        continue;
                    }
                    return;
                }
            };
            let end = self.serve(&queue, &mut consumer, &caution).await;
            // Closing gives back what is in hand: nothing has failed, and another process may go on with it.
            consumer.close().await;
            match end {
                End::Stopped => return,
                End::BrokerLost => caution.alarm(Instant::now()),
                End::Calm | End::Unable => {}
            }
        }
    }

    async fn serve(&self, queue: &str, consumer: &mut Consumer, caution: &Caution) -> End {
        loop {
            if self.context.stuck.too_many() {
                return End::Unable;
            }
            let collected = tokio::select! {
                collected = collect(consumer, &self.context.settings) => collected,
                () = self.context.stop.cancelled() => return End::Stopped,
                () = caution.calm() => return End::Calm,
            };
            let (questions, group) = match collected {
                Ok(group) => group.into_iter().partition::<Vec<_>, _>(|one| is_of(Kind::Question, &one.headers)),
                Err(error) => {
                    tracing::warn!(%error, "will consume again");
                    return End::BrokerLost;
                }
            };
            // Each by itself and before the batches: the one ack of these reaches back over all that came earlier.
            for question in &questions {
                if let Err(error) = question.ack().await {
                    tracing::debug!(error, "an ack was lost");
                }
            }
            let group = group.into_iter().map(|delivery| aside::restored(delivery, &self.context.node.appid).0);
            let group = Arc::new(set_apart(&self.context, group.collect()).await);
            let _room = self.room(&group).await;
            let _held = self.context.oldest.hold(queue, &group, self.context.clock.now());
            if !group.is_empty() && !self.process_surely(queue, &group).await {
                return End::Stopped;
            }
            // Behind the batches that came with it, and may be asked for.
            self.hear(&questions);
        }
    }

    /// Takes children's questions for their receipts.
    fn hear(&self, questions: &[Delivery]) {
        for question in questions {
            if let Err(error) = self.context.receipts.asked(self.context.node.cipher.as_ref(), question) {
                ::metrics::counter!(metrics::QUESTIONS_REFUSED).increment(1);
                tracing::warn!(%error, user = ?question.user_id, "a question for receipts is not answered");
            }
        }
    }

    /// Waits until the process has memory for the changes of a group.
    async fn room(&self, group: &[Delivery]) -> Option<SemaphorePermit<'_>> {
        let kib = group.iter().map(|delivery| delivery.body.len() / 1024 + 1).sum::<usize>();
        // A group larger than all there is works alone. Nobody closes the semaphore.
        self.work.as_ref()?.acquire_many(u32::try_from(kib).unwrap_or(WORK_KIB).min(WORK_KIB)).await.ok()
    }

    /// Works on a group until it is acked, however long the store is away. False when told to stop meanwhile.
    ///
    /// The group stays in hand: giving it back would count a delivery each time, and after fifty RabbitMQ takes a message
    /// for poison.
    async fn process_surely(&self, queue: &str, group: &Arc<Vec<Delivery>>) -> bool {
        let mut pause = FIRST_PAUSE;
        while let Err(Outage(error)) = self.process(group).await {
            tracing::warn!(%error, queue, pause_millis = pause.as_millis(), "waiting for the store with a group in hand");
            // While the store cannot be reached at all, cheap probes find its return; the growing pause is for one that answers and
            // takes nothing.
            if !self.context.pause(pause).await || !self.context.store_up().await {
                return false;
            }
            pause = (pause * 2).min(LAST_PAUSE);
        }
        true
    }

    /// Commits a group and acks it. On an outage nothing is acked; what was committed is found so the next time.
    pub(super) async fn process(&self, group: &Arc<Vec<Delivery>>) -> Result<(), Outage> {
        let granted = granted(&self.context, group, self.limits.patience).await?;
        let prepared = read(&self.context, group, granted, self.limits.patience).await;
        let (mut batches, mut good, mut failed) = (Vec::new(), Vec::new(), Vec::new());
        for (delivery, result) in group.iter().zip(prepared) {
            match result {
                Ok(Prepared { batch, unapplied, onward }) => {
                    batches.push(batch);
                    good.push((delivery, unapplied, onward));
                }
                Err(fault) => failed.push(self.failed(delivery, fault)),
            }
        }
        let outcomes = commit(&self.context, &batches, self.limits).await?;
        for (((delivery, unapplied, onward), batch), outcome) in good.into_iter().zip(&batches).zip(outcomes) {
            let is_short = outcome.as_ref().is_ok_and(|verdict| !verdict.is_whole(batch));
            if outcome.as_ref().is_ok_and(|verdict| verdict.is_whole(batch)) {
                self.supersede(delivery, batch).await?;
            }
            let fault = self.settle(delivery, batch, onward, outcome).or(unapplied.filter(|_| is_short));
            failed.extend(fault.map(|fault| self.failed(delivery, fault.of(batch))));
        }
        let kept = if self.limits.in_company { self.set_stalled_aside(&mut failed).await } else { Vec::new() };
        if !failed.is_empty() {
            let unverified = self.unverified(&failed);
            record(&self.context, "persist", failed).await.map_err(Outage)?;
            for (child, batches) in unverified.values() {
                self.drop_repeated(child, batches).await.map_err(Outage)?;
            }
        }
        let settled = group.iter().filter(|delivery| !kept.iter().any(|kept| std::ptr::eq(*kept, *delivery)));
        if let Err(error) = ack_all(settled).await {
            // What is not acked comes back and is found to be committed.
            tracing::debug!(error, "an ack was lost");
        }
        Ok(())
    }

    /// Moves what held up the others to quarantine, and takes it off what failed. Returns what could not be moved because the
    /// broker is away: it has been given back. What the broker does not let into quarantine fails here.
    async fn set_stalled_aside<'a>(&self, failed: &mut Vec<Failed<'a>>) -> Vec<&'a Delivery> {
        let (mut rest, mut kept) = (Vec::new(), Vec::new());
        for failed in failed.drain(..) {
            if failed.fault.reason != Reason::Poison {
                rest.push(failed);
                continue;
            }
            tracing::warn!(detail = %failed.fault.detail, "a batch holds up others: it is worked on alone, in quarantine");
            match set_aside(&self.context, failed.delivery, Suspicion::Stalled).await {
                Ok(()) => {}
                Err(error) if error.is_outage() => {
                    let _ = failed.delivery.requeue().await;
                    kept.push(failed.delivery);
                }
                Err(error) => {
                    tracing::error!(%error, "it cannot be moved to quarantine, and fails");
                    rest.push(failed);
                }
            }
        }
        *failed = rest;
        kept
    }

    /// Goes on with a batch that went through; what is wrong with one that did not.
    fn settle(
        &self,
        delivery: &Delivery,
        batch: &NewBatch,
        onward: Option<Onward>,
        outcome: Result<Verdict, Fault>,
    ) -> Option<Fault> {
        match outcome {
            Ok(Verdict::Committed { stale }) => {
                self.count(batch, stale);
                if let Some(onward) = onward {
                    self.hand_on(batch, onward);
                }
                self.tell(delivery, batch);
            }
            Ok(_) => {
                ::metrics::counter!(metrics::BATCHES_REPEATED).increment(1);
                self.context.receipts.look(delivery, &[]);
            }
            Err(fault) => return Some(fault),
        }
        None
    }

    /// Tells the child that sent a batch of its commit. Of one without some of its records the failure tells.
    fn tell(&self, delivery: &Delivery, batch: &NewBatch) {
        let Some(child) = self.context.receipts.child_of(delivery) else { return };
        if batch.failure.is_some() || delivery.headers.contains_key(AGAIN_HEADER) {
            self.context.receipts.look(delivery, &[]);
        } else if batch.unapplied.is_empty() {
            self.context.receipts.persisted(child, batch.id, batch.records, self.context.clock.now());
        }
    }

    /// A batch that its child has signed anew, once all of it is applied, settles what became of the copy that nobody could verify. Of
    /// what is applied in part that copy may be the one that holds the rest: it was verified once, and will be again.
    async fn supersede(&self, delivery: &Delivery, batch: &NewBatch) -> Result<(), Outage> {
        let child = self.context.receipts.child_of(delivery);
        match child.filter(|_| delivery.headers.contains_key(AGAIN_HEADER)) {
            Some(child) => self.resolve_unverified(batch.id, child).await.map_err(Outage),
            None => Ok(()),
        }
    }

    /// Of messages that failed because a signature does not verify: each child, and the batches that it says they are.
    fn unverified(&self, failed: &[Failed<'_>]) -> BTreeMap<Region, (&Child, Vec<Uuid>)> {
        let mut unverified = BTreeMap::new();
        for Failed { delivery, .. } in failed.iter().filter(|f| OF_SIGNATURE.contains(&f.fault.reason.code())) {
            if let Some(child) = self.context.receipts.child_of(delivery)
                && let Ok(manifest) = Manifest::from_headers(&delivery.headers)
            {
                unverified.entry(child.region).or_insert((child, Vec::new())).1.push(manifest.batch);
            }
        }
        unverified
    }

    /// What cannot be verified of a batch that this very child has delivered whole before is a copy of it, redelivered after a
    /// change of keys: the child has its receipt, and will never sign it anew.
    async fn drop_repeated(&self, child: &Child, batches: &[Uuid]) -> Result<(), StoreError> {
        let children = self.context.receipts.children();
        for standing in self.context.store.standings(batches, &child.appid).await? {
            let is_whole = standing.committed.is_some_and(|(committed, way)| {
                committed.unapplied == 0 && children.is_sender(child.region, way.origin, way.last)
            });
            if is_whole {
                self.resolve_unverified(standing.batch, child).await?;
            }
        }
        Ok(())
    }

    async fn resolve_unverified(&self, batch: Uuid, child: &Child) -> Result<(), StoreError> {
        match self.context.store.supersede_failures(batch, &child.appid, &OF_SIGNATURE).await {
            Err(error) if !error.is_outage() => {
                tracing::warn!(%error, %batch, "a failure of its signature stays open");
                Ok(())
            }
            resolved => resolved,
        }
    }

    fn hand_on(&self, batch: &NewBatch, onward: Onward) {
        self.outbox.offer(Message {
            exchange: self.context.names.accepted(),
            routing_key: onward.routing_key,
            id: batch.id,
            headers: onward.sealed.headers,
            body: onward.sealed.body,
        });
    }

    fn failed<'a>(&self, delivery: &'a Delivery, fault: Fault) -> Failed<'a> {
        Failed { delivery, fault, attempt: attempt_of(&delivery.headers) }
    }

    fn count(&self, batch: &NewBatch, stale: u32) {
        let labels = [("busicode", batch.busicode.to_string()), ("action", batch.action.to_string())];
        ::metrics::counter!(metrics::BATCHES_PERSISTED, &labels).increment(1);
        ::metrics::counter!(metrics::RECORDS_PERSISTED, &labels).increment(batch.changes.len() as u64);
        if !batch.unapplied.is_empty() {
            let labels = [("busicode", batch.busicode.to_string())];
            ::metrics::counter!(metrics::RECORDS_UNAPPLIED, &labels).increment(batch.unapplied.len() as u64);
        }
        if stale > 0 {
            let labels = [("busicode", batch.busicode.to_string())];
            ::metrics::counter!(metrics::RECORDS_STALE, &labels).increment(u64::from(stale));
        }
        let age = (self.context.clock.now().micros() - batch.accepted.micros()).max(0) as f64 / 1e6;
        ::metrics::histogram!(metrics::AGE_SECONDS).record(age);
    }
}
