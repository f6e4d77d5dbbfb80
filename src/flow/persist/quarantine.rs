//! Works on what may end or stall whoever works on it: one batch at a time, under a watch, over a connection of its own.
//!
//! A batch that comes here by mistake is committed as it would have been. One that a process ended over goes behind the others,
//! with the deaths counted in a header; after the third it is not worked on again. So is one that does not end in time.

use super::commit::Outage;
use super::run::Persist;
use crate::broker::{Connection, Delivery, Getter};
use crate::failure::Reason;
use crate::flow::failures::{Failed, Fault, attempt_of, record_surely, unread};
use crate::flow::{Context, Outbox, aside};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

/// The consumer of the quarantine.
pub struct Quarantine {
    context: Context,
    consuming: Connection,
    persist: Persist,
    watchdog: Duration,
}

/// So many processes may end over a batch before it is given up.
const DEATHS: u64 = 3;
/// After its start a process leaves the others time to flow, before it works on what may end it.
const HEAD_START: Duration = Duration::from_secs(2);
/// The watch over reading and over each statement knows more than the one over all of it, so that comes later.
const GRACE: Duration = Duration::from_secs(10);
/// A store that does not answer within this time is away.
const ANSWER: Duration = Duration::from_secs(5);
/// How long work under way may take to end once told to stop.
const FINISH: Duration = Duration::from_secs(10);
/// Between two looks at an empty queue.
const LOOK: Duration = Duration::from_millis(500);
/// Before a queue is asked for again that is not there, or refuses.
const PAUSE: Duration = Duration::from_secs(1);

/// Why a consumer's loop ended.
enum End {
    Stopped,
    Again,
}

/// What became of a batch.
enum Outcome {
    /// Committed or kept as a failure, and acked.
    Done,
    /// It is to be given up.
    GivenUp(String),
    /// The store is away, or another holds what it needs.
    Outage,
}

impl Quarantine {
    /// A consumer that takes by `consuming`, which no other uses: a message that breaks it must not count deliveries of others.
    pub fn new(context: Context, consuming: Connection, outbox: Outbox) -> Self {
        let watchdog = Duration::from_secs(context.settings.watchdog_secs);
        Self { persist: Persist::alone(context.clone(), outbox), context, consuming, watchdog }
    }

    /// Starts it on `tasks`.
    pub fn start(self, tasks: &TaskTracker) {
        tasks.spawn(self.run());
    }

    async fn run(self) {
        let context = &self.context;
        let mut told = String::new();
        if !context.pause(HEAD_START).await {
            return;
        }
        while context.able().await && context.store_up().await && context.broker_up(&self.consuming).await {
            if let Ok(mut getter) = self.consuming.getter(&context.names.quarantine()).await {
                let end = self.serve(&mut getter, &mut told).await;
                getter.close().await;
                if matches!(end, End::Stopped) {
                    return;
                }
            }
            if !context.pause(PAUSE).await {
                return;
            }
        }
    }

    async fn serve(&self, getter: &mut Getter, told: &mut String) -> End {
        while !self.context.stuck.too_many() {
            if self.context.stop.is_cancelled() {
                return End::Stopped;
            }
            match getter.get().await {
                Ok(Some(delivery)) => {
                    if let Err(end) = self.work_on(delivery).await {
                        return end;
                    }
                }
                Ok(None) => _ = self.context.pause(LOOK).await,
                Err(error) => {
                    let error = error.to_string();
                    if error != *told {
                        tracing::warn!(error, "nothing can be taken from quarantine: sesame topology check tells more");
                        *told = error;
                    }
                    return End::Again;
                }
            }
        }
        End::Again
    }

    async fn work_on(&self, delivery: Delivery) -> Result<(), End> {
        let context = &self.context;
        let (delivery, before) = aside::restored(delivery, &context.node.appid);
        let deaths = before + delivery.delivery_count;
        if deaths >= DEATHS {
            return self.give_up(&delivery, format!("{deaths} processes ended while they worked on it alone")).await;
        }
        if delivery.delivery_count > 0 {
            tracing::warn!(
                deaths,
                "whoever had it in hand has ended, or lost its connection: it goes behind the others"
            );
            return self.put_back(&delivery, deaths).await;
        }
        let group = Arc::new(vec![delivery]);
        let queue = context.names.quarantine();
        let _held = context.oldest.hold(&queue, &group, context.clock.now());
        let outcome = tokio::select! {
            outcome = self.watch(&group) => outcome,
            () = self.told_to_stop() => {
                // It has ended nobody; so it must not lie there as if it had.
                let _ = self.put_back(&group[0], before).await;
                return Err(End::Stopped);
            }
        };
        match outcome {
            Outcome::Done => Ok(()),
            Outcome::GivenUp(why) => self.give_up(&group[0], why).await,
            Outcome::Outage => {
                // Not held meanwhile: a delivery that is given back would count as a death.
                self.put_back(&group[0], before).await?;
                Err(End::Again)
            }
        }
    }

    async fn watch(&self, group: &Arc<Vec<Delivery>>) -> Outcome {
        match timeout(self.watchdog + GRACE, self.persist.process(group)).await {
            Ok(Ok(())) => Outcome::Done,
            Ok(Err(Outage(error))) => {
                tracing::warn!(%error, "waiting for the store; the batch goes back into quarantine");
                Outcome::Outage
            }
            Err(_) if self.store_answers().await => {
                Outcome::GivenUp(format!("working on it did not end within {} s", self.watchdog.as_secs()))
            }
            Err(_) => Outcome::Outage,
        }
    }

    /// Whether the store takes writes: else it is what stalls.
    async fn store_answers(&self) -> bool {
        self.context.store.renew();
        matches!(timeout(ANSWER, self.context.store.probe()).await, Ok(Ok(())))
    }

    async fn told_to_stop(&self) {
        self.context.stop.cancelled().await;
        tokio::time::sleep(FINISH).await;
    }

    /// Puts it behind the others, as if it had never been delivered.
    async fn put_back(&self, delivery: &Delivery, deaths: u64) -> Result<(), End> {
        let message = aside::moved(delivery, self.context.names.quarantine(), deaths);
        // It stays in hand while the broker takes nothing: given back it would count as a death.
        while let Err(error) = self.context.publisher.publish_alone(&message).await {
            tracing::warn!(%error, "stays in hand, and is put back into quarantine later");
            if !error.is_outage() || !self.context.pause(PAUSE).await {
                return Err(End::Again);
            }
        }
        delivery.ack().await.map_err(|_| End::Again)
    }

    /// Keeps it as a failure that is not tried again by itself.
    async fn give_up(&self, delivery: &Delivery, why: String) -> Result<(), End> {
        let fault = Fault::new(Reason::Poison, why).about(unread(delivery));
        let attempt = attempt_of(&delivery.headers);
        if !record_surely(&self.context, "persist", Failed { delivery, fault, attempt }).await {
            return Err(End::Stopped);
        }
        delivery.ack().await.map_err(|_| End::Again)
    }
}
