//! The link over AMQP: publishes to the parent's broker.
//!
//! Not a shovel: that hangs on one refused message, loses what the parent does not route, and tells nothing per message.
//!
//! A refusal alone does not tell whether the message or the link is at fault. The parent's confirms do: if it has taken anything
//! since the window was begun, from whichever queue, the link is open, and what it refuses fails. If it has taken nothing, the
//! link pauses and nothing fails; what arrives meanwhile joins the window, and one place is kept for it, so that messages at
//! fault do not stand before good ones for ever.

use super::Standing;
use super::desk::{End, LinkDesk};
use crate::batch::Manifest;
use crate::broker::{Availability, Connection, Consumer, Delivery, Message, Names, PublishError, Publisher};
use crate::failure::Reason;
use crate::flow::Context;
use crate::flow::context::PROBE;
use crate::flow::failures::Fault;
use crate::metrics;
use futures_util::future::join_all;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

/// The consumers of the uplink queues.
#[derive(Clone)]
pub struct AmqpUplink {
    desk: LinkDesk,
    /// Takes from the node's broker, apart from persist: what breaks its connection must not count deliveries here.
    consuming: Connection,
    parent: Publisher,
    exchange: String,
    window: u16,
    /// Whether the parent, though connected, refused everything the last time.
    refused: Arc<AtomicBool>,
    /// How many messages of either queue the parent has taken.
    taken: Arc<AtomicU64>,
}

/// What is to be done about a window's unsent rest.
enum Verdict {
    Confirmed,
    Refused(PublishError),
    Outage(PublishError),
}

/// What may be under way on the same channel.
#[derive(Clone, Copy)]
enum Company {
    Any,
    None,
}

/// Between two looks at the link for the metric.
const WATCH: Duration = Duration::from_secs(2);
/// When the parent refuses everything, nothing is wrong with the batches: look again after this time.
const REFUSED_PAUSE: Duration = Duration::from_secs(15);
/// So many refused one after the other, and none taken: the link is at fault, and the others need not be tried.
const REFUSED_MOST: usize = 200;
/// How often a message that came alone may be refused before it fails: nothing else tells whether the link is at fault.
const ALONE_MOST: u32 = 3;
/// Bulk batches on their way at once: each may be many megabytes, and all of them are held in memory.
const BULK_WINDOW: u16 = 2;
/// Bodies sent at once, in bytes; the window counts messages.
const WINDOW_BYTES: usize = 16 << 20;

impl AmqpUplink {
    /// A link from this node, whose broker `consuming` takes from, to the parent whose broker `parent` publishes to.
    pub fn new(desk: LinkDesk, consuming: Connection, parent: Publisher, parent_names: Names, window: u16) -> Self {
        let exchange = parent_names.exchange();
        Self { desk, consuming, parent, exchange, window, refused: Arc::default(), taken: Arc::default() }
    }

    pub(super) fn standing(&self) -> &Standing {
        &self.desk.standing
    }

    fn context(&self) -> &Context {
        &self.desk.context
    }

    pub(super) fn start(self, tasks: &TaskTracker) {
        let names = self.context().names;
        tasks.spawn(self.clone().watch());
        tasks.spawn(self.clone().run(names.uplink(), self.window));
        tasks.spawn(self.run(names.uplink_bulk(), BULK_WINDOW));
    }

    /// Shows a dead link also while nothing is to be sent.
    async fn watch(self) {
        while self.context().pause(WATCH).await {
            match self.parent.availability(&self.exchange) {
                Availability::Up if self.refused.load(Ordering::Relaxed) => {}
                Availability::Up => self.desk.standing.up(),
                other => self.desk.standing.down(&away(&other)),
            }
        }
    }

    async fn run(self, queue: String, window: u16) {
        while let Some(mut consumer) = self.context().consumer(&self.consuming, &queue, window.saturating_add(1)).await
        {
            let end = self.serve(&queue, &mut consumer, window).await;
            consumer.close().await;
            if matches!(end, End::Stopped) {
                return;
            }
        }
    }

    async fn serve(&self, queue: &str, consumer: &mut Consumer, most: u16) -> End {
        loop {
            let first = tokio::select! {
                first = consumer.next() => first,
                () = self.context().stop.cancelled() => return End::Stopped,
            };
            let Ok(first) = first else { return End::BrokerLost };
            let (mut messages, mut bytes) = (usize::from(first.is_last()), first.body.len());
            let mut window = vec![first];
            while messages < usize::from(most)
                && bytes < WINDOW_BYTES
                && let Some(Ok(delivery)) = consumer.arrived()
            {
                messages += usize::from(delivery.is_last());
                bytes += delivery.body.len();
                window.push(delivery);
            }
            let _held = self.context().oldest.hold(queue, &window, self.context().clock.now());
            let sent = match self.without_parcels(window).await {
                Ok(window) => self.send(window, consumer).await,
                Err(end) => Err(end),
            };
            if let Err(end) = sent {
                return end;
            }
        }
    }

    /// Puts what came in a parcel into the queue anew where there should be none: of when the link had no pace.
    async fn without_parcels(&self, mut window: Vec<Delivery>) -> Result<Vec<Delivery>, End> {
        if !self.context().has_parcels("uplink") {
            for delivery in window.extract_if(.., |delivery| !delivery.is_alone()) {
                self.desk.put_anew(&delivery).await?;
            }
        }
        Ok(window)
    }

    /// Sends a window until every message of it is confirmed, failed, or put into its queue anew. In a pause, more is taken from
    /// `consumer`.
    async fn send(&self, mut window: Vec<Delivery>, consumer: &mut Consumer) -> Result<(), End> {
        let taken_before = self.taken.load(Ordering::Relaxed);
        let until = Instant::now() + self.desk.hold;
        let mut alone = 0;
        while !window.is_empty() {
            if !self.parent_up(until).await {
                return Err(End::Stopped);
            }
            if Instant::now() >= until {
                return self.desk.put_all_anew(&window).await;
            }
            window = self.send_together(window).await?;
            if window.is_empty() {
                break;
            }
            // Away, or pushing back: not to be pressed.
            if !self.context().pause(PROBE).await {
                return Err(End::Stopped);
            }
            // The parent closed the channel, or is away: only one by one can the message at fault be told.
            let (mut rest, refused) = self.send_one_by_one(window, until).await?;
            let is_open = self.taken.load(Ordering::Relaxed) != taken_before;
            alone = if rest.is_empty() && refused.len() == 1 { alone + 1 } else { 0 };
            match refused.first() {
                Some((_, error)) if !is_open && alone < ALONE_MOST => {
                    self.pause_link(error).await?;
                    rest.extend(refused.into_iter().map(|(delivery, _)| delivery));
                    // Bounded by what the consumer may hold.
                    rest.extend(std::iter::from_fn(|| consumer.arrived()?.ok()));
                }
                _ => {
                    for (delivery, error) in refused {
                        self.desk.fail(&delivery, &Fault::new(Reason::RefusedByParent, error.to_string())).await?;
                    }
                }
            }
            window = rest;
        }
        Ok(())
    }

    /// Sends all at once, acks what is confirmed, and returns the rest.
    async fn send_together(&self, window: Vec<Delivery>) -> Result<Vec<Delivery>, End> {
        let verdicts = join_all(window.iter().map(|delivery| self.publish(delivery, Company::Any))).await;
        if verdicts.iter().all(|verdict| matches!(verdict, Verdict::Confirmed)) {
            self.desk.settle_all(&window).await?;
            return Ok(Vec::new());
        }
        let mut rest = Vec::new();
        for (delivery, verdict) in window.into_iter().zip(verdicts) {
            match verdict {
                Verdict::Confirmed => self.desk.settle(&delivery).await?,
                Verdict::Refused(_) => rest.push(delivery),
                Verdict::Outage(error) => {
                    self.note_down(&error);
                    rest.push(delivery);
                }
            }
        }
        Ok(rest)
    }

    /// Sends each alone, no longer than `until`, nor on and on while everything is refused. Returns what was left unsent, and what was
    /// refused with the reasons.
    async fn send_one_by_one(
        &self,
        window: Vec<Delivery>,
        until: Instant,
    ) -> Result<(Vec<Delivery>, Vec<(Delivery, PublishError)>), End> {
        let (mut rest, mut refused) = (Vec::new(), Vec::new());
        let taken_before = self.taken.load(Ordering::Relaxed);
        let mut window = window.into_iter();
        while Instant::now() < until
            && (refused.len() < REFUSED_MOST || self.taken.load(Ordering::Relaxed) != taken_before)
            && let Some(delivery) = window.next()
        {
            match self.publish_surely(&delivery).await {
                Verdict::Confirmed => self.desk.settle(&delivery).await?,
                Verdict::Refused(error) => refused.push((delivery, error)),
                Verdict::Outage(error) => {
                    self.note_down(&error);
                    rest.push(delivery);
                    break;
                }
            }
        }
        rest.extend(window);
        Ok((rest, refused))
    }

    /// Once more alone before it counts as refused: the other queue's messages share the channels, and the refusal of one is
    /// told to all that are under way.
    async fn publish_surely(&self, delivery: &Delivery) -> Verdict {
        match self.publish(delivery, Company::Any).await {
            Verdict::Refused(_) => self.publish(delivery, Company::None).await,
            other => other,
        }
    }

    async fn publish(&self, delivery: &Delivery, company: Company) -> Verdict {
        let mut headers = delivery.headers.clone();
        // An attempt is this node's affair; so is whatever RabbitMQ noted about dead-lettering.
        headers.retain(|name, _| name.starts_with("sesame-") && name != crate::batch::ATTEMPT_HEADER);
        let manifest = Manifest::from_headers(&headers).ok();
        let message = Message {
            exchange: self.exchange.clone(),
            routing_key: delivery.routing_key.clone(),
            id: manifest.as_ref().map_or_else(Uuid::nil, |manifest| manifest.batch),
            headers,
            body: delivery.body.clone(),
        };
        if !self.desk.in_turn(message.body.len()).await {
            return Verdict::Outage(PublishError::Lost("the node stops".to_owned()));
        }
        let started = Instant::now();
        let outcome = match company {
            Company::Any => self.parent.publish_gathered(&message).await,
            Company::None => self.parent.publish_alone(&message).await,
        };
        match outcome {
            Ok(()) => {
                ::metrics::histogram!(metrics::CONFIRM_SECONDS, "step" => "uplink")
                    .record(started.elapsed().as_secs_f64());
                self.refused.store(false, Ordering::Relaxed);
                self.taken.fetch_add(1, Ordering::Relaxed);
                self.desk.taken(manifest.as_ref());
                Verdict::Confirmed
            }
            Err(error) => {
                ::metrics::counter!(metrics::PUBLISH_FAILURES, "step" => "uplink", "reason" => error.code())
                    .increment(1);
                if error.is_outage() { Verdict::Outage(error) } else { Verdict::Refused(error) }
            }
        }
    }

    /// Waits until the parent's broker is connected, no longer than `until`. False when told to stop meanwhile.
    async fn parent_up(&self, until: Instant) -> bool {
        match self.parent.availability(&self.exchange) {
            Availability::Up => return true,
            other => self.desk.standing.down(&away(&other)),
        }
        tokio::select! {
            () = self.parent.up() => self.context().pause(PROBE).await,
            () = sleep_until(until) => true,
            () = self.context().stop.cancelled() => false,
        }
    }

    fn note_down(&self, error: &PublishError) {
        self.desk.standing.down(&error.to_string());
    }

    async fn pause_link(&self, error: &PublishError) -> Result<(), End> {
        self.desk.standing.down(&format!("the parent refuses everything alike: {error}"));
        self.refused.store(true, Ordering::Relaxed);
        tracing::error!(%error, pause_secs = REFUSED_PAUSE.as_secs(), "the parent refuses everything alike; the link pauses");
        if self.context().pause(REFUSED_PAUSE).await { Ok(()) } else { Err(End::Stopped) }
    }
}

/// Why the parent's broker cannot be published to.
fn away(availability: &Availability) -> String {
    match availability {
        Availability::Up => "connected".to_owned(),
        Availability::Blocked => {
            "the parent's broker takes no publishes: it is short of memory or disk space".to_owned()
        }
        Availability::Stalled => "the parent's broker has confirmed nothing for too long".to_owned(),
        Availability::Down(reason) => format!("the parent's broker cannot be reached: {reason}"),
    }
}
