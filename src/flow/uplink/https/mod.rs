//! The link over HTTP: posts exchanges to an endpoint of the standard (§6.3), over connections of its own.

mod content;
mod cut;
mod foreign;
mod hand;
mod outcome;
mod plan;
mod sesame;

pub use foreign::Agreement;

use super::Standing;
use super::desk::{End, LinkDesk};
use crate::batch::Manifest;
use crate::broker::{Connection, Consumer, Delivery};
use crate::client::{Dialer, NoAnswer, Received};
use crate::failure::Reason;
use crate::flow::Context;
use crate::flow::caution::Caution;
use crate::flow::failures::Fault;
use crate::flow::oldest;
use crate::metrics;
use foreign::Foreign;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use hand::{Hand, Held, SPARE};
use outcome::{OutageKind, Outcome};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};
use tokio_util::task::TaskTracker;

/// Who answers at the endpoint.
pub enum Peer {
    /// A node of our kind; so many exchanges may be under way at once.
    Sesame {
        /// Exchanges under way at once.
        window: u16,
    },
    /// Any other, and what was agreed with it.
    Foreign(Agreement),
}

/// The link to a parent that is an endpoint of the standard.
#[derive(Clone)]
pub struct HttpsUplink {
    desk: LinkDesk,
    /// Takes from the node's broker, apart from persist: what breaks its connection must not count deliveries here.
    consuming: Connection,
    dialer: Dialer,
    url: String,
    /// The agreement with an endpoint of another kind; none with a node of our kind.
    foreign: Option<Arc<Foreign>>,
    window: usize,
    /// Verdicts of the parent so far, on batches of either queue.
    verdicts: Arc<AtomicU64>,
    /// Batches in hand, of either queue.
    in_hand: Arc<AtomicUsize>,
}

/// A message in hand. Dropping it says that it is done, or given back.
struct InHand<'a> {
    delivery: Delivery,
    counted: &'a AtomicUsize,
    _age: oldest::Held<'a>,
}

impl Drop for InHand<'_> {
    fn drop(&mut self) {
        self.counted.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Bulk batches on their way at once: each may be many megabytes, and all of them are held in memory.
const BULK_WINDOW: usize = 2;
/// Between two looks at a link that has nothing to send: while it is not known to work, and while it is.
const LOOK: Duration = Duration::from_secs(5);
const LOOK_AGAIN: Duration = Duration::from_secs(60);

impl HttpsUplink {
    /// A link from this node, whose broker `consuming` takes from, to the endpoint at `url`.
    pub fn new(desk: LinkDesk, consuming: Connection, dialer: Dialer, url: &str, peer: Peer) -> Self {
        let (foreign, window) = match peer {
            Peer::Sesame { window } => (None, usize::from(window)),
            // Serially, so that an older change never overtakes a newer one at a peer that knows no versions.
            Peer::Foreign(agreement) => (Some(Arc::new(Foreign::new(agreement))), 1),
        };
        Self {
            desk,
            consuming,
            dialer,
            url: url.to_owned(),
            foreign,
            window,
            verdicts: Arc::default(),
            in_hand: Arc::default(),
        }
    }

    pub(super) fn standing(&self) -> &Standing {
        &self.desk.standing
    }

    fn context(&self) -> &Context {
        &self.desk.context
    }

    pub(super) fn start(self, tasks: &TaskTracker) {
        let (names, window) = (self.context().names, self.window);
        tasks.spawn(self.clone().watch());
        tasks.spawn(self.clone().run(names.uplink(), window));
        tasks.spawn(self.run(names.uplink_bulk(), window.min(BULK_WINDOW)));
    }

    /// Shows a dead link also while nothing is to be sent.
    async fn watch(self) {
        // A node of our kind notes every request to its interface in its log, but for this document.
        let url = match &self.foreign {
            None => {
                self.url.rsplit_once('/').map_or_else(|| self.url.clone(), |(base, _)| format!("{base}/openapi.json"))
            }
            Some(_) => self.url.clone(),
        };
        loop {
            let idle = || self.in_hand.load(Ordering::Relaxed) == 0;
            let answer = if idle() { Some(self.dialer.knock(&url).await) } else { None };
            // What is being sent tells more.
            let answer = answer.filter(|_| idle());
            let mut pause = LOOK;
            match answer {
                Some(Ok(received)) if received.status < 500 => {
                    self.desk.standing.up();
                    pause = LOOK_AGAIN;
                }
                Some(Ok(received)) => {
                    self.desk.standing.down(&format!("the parent answers with HTTP status {}", received.status));
                }
                Some(Err(nothing)) => self.desk.standing.down(&format!("the parent: {nothing}")),
                None => {}
            }
            if !self.context().pause(pause).await {
                return;
            }
        }
    }

    async fn run(self, queue: String, window: usize) {
        let mut caution = Caution::from_start(u16::try_from(window + SPARE).unwrap_or(u16::MAX), Instant::now());
        loop {
            let prefetch = caution.prefetch(Instant::now());
            let Some(mut consumer) = self.context().consumer(&self.consuming, &queue, prefetch).await else { return };
            let end = self.serve(&queue, &mut consumer, window, &caution).await;
            consumer.close().await;
            match end {
                End::Stopped => return,
                End::BrokerLost => caution.alarm(Instant::now()),
                End::Calm => {}
            }
        }
    }

    async fn serve(&self, queue: &str, consumer: &mut Consumer, window: usize, caution: &Caution) -> End {
        let (mut hand, mut under_way) = (Hand::<InHand<'_>>::new(window), FuturesUnordered::new());
        loop {
            // One time for both: what is not due for the one must be waited for by the other.
            let now = Instant::now();
            while let Some(held) = hand.take_held(self.desk.hold, now) {
                if let Err(end) = self.desk.put_anew(&held.delivery).await {
                    return end;
                }
            }
            while let Some(held) = hand.next(under_way.len(), now) {
                under_way.push(self.send(held));
            }
            tokio::select! {
                () = self.context().stop.cancelled() => return End::Stopped,
                delivery = consumer.next(), if hand.has_room(under_way.len()) => match delivery {
                    Ok(delivery) if delivery.is_alone() => hand.take(self.hold(queue, delivery), now),
                    // Out of a parcel, of when the link was another: what of it must wait would keep the whole of it back.
                    Ok(delivery) => {
                        if let Err(end) = self.desk.put_anew(&delivery).await {
                            return end;
                        }
                    }
                    Err(_) => return End::BrokerLost,
                },
                Some((held, outcome)) = under_way.next() => {
                    if let Err(end) = self.conclude(&mut hand, held, outcome).await {
                        return end;
                    }
                }
                () = caution.calm(), if under_way.is_empty() => return self.put_all_anew(&mut hand).await,
                () = rest(hand.rests_until().filter(|until| *until > now)) => {}
                () = rest(hand.held_until(self.desk.hold)) => {}
            }
        }
    }

    /// Nothing has ended over what is in hand: more may be taken, so that one that gets no answer does not stand before the others.
    async fn put_all_anew(&self, hand: &mut Hand<InHand<'_>>) -> End {
        while let Some(held) = hand.take_held(Duration::ZERO, Instant::now()) {
            if let Err(end) = self.desk.put_anew(&held.delivery).await {
                return end;
            }
        }
        End::Calm
    }

    fn hold<'a>(&'a self, queue: &'a str, delivery: Delivery) -> InHand<'a> {
        let context = self.context();
        let age = context.oldest.hold(queue, std::slice::from_ref(&delivery), context.clock.now());
        self.in_hand.fetch_add(1, Ordering::Relaxed);
        InHand { delivery, counted: &self.in_hand, _age: age }
    }

    async fn send<'a>(&self, held: Held<InHand<'a>>) -> (Held<InHand<'a>>, Outcome) {
        let started = std::time::Instant::now();
        let outcome = match &self.foreign {
            None => sesame::hand_over(self, &held.item.delivery).await,
            Some(foreign) => foreign.hand_over(self, &held.item.delivery).await,
        };
        if matches!(outcome, Outcome::Taken) {
            let seconds = started.elapsed().as_secs_f64();
            ::metrics::histogram!(metrics::CONFIRM_SECONDS, "step" => "uplink").record(seconds);
        }
        (held, outcome)
    }

    /// Posts one request, when it is its turn.
    async fn post(&self, headers: &[(String, String)], body: bytes::Bytes) -> Result<Received, NoAnswer> {
        if !self.desk.in_turn(body.len()).await {
            return Err(NoAnswer::Away("the node stops".to_owned()));
        }
        self.dialer.post(&self.url, headers, body).await
    }

    /// Settles a batch by its outcome, or puts it back into the hand.
    async fn conclude<'a>(
        &self,
        hand: &mut Hand<InHand<'a>>,
        held: Held<InHand<'a>>,
        outcome: Outcome,
    ) -> Result<(), End> {
        let outage = match outcome {
            Outcome::Taken => {
                hand.works();
                self.verdicts.fetch_add(1, Ordering::Relaxed);
                let manifest = Manifest::from_headers(&held.item.delivery.headers).ok();
                self.desk.taken(manifest.as_ref());
                self.desk.settle(&held.item.delivery).await?;
                if let (Some(foreign), Some(manifest)) = (&self.foreign, manifest) {
                    foreign.forget(manifest.batch).await;
                }
                return Ok(());
            }
            Outcome::Refused(_, fault) => {
                hand.works();
                self.verdicts.fetch_add(1, Ordering::Relaxed);
                self.desk.standing.up();
                note("refused");
                return self.desk.fail(&held.item.delivery, &fault).await;
            }
            Outcome::Unsendable(fault) => return self.desk.fail(&held.item.delivery, &fault).await,
            Outcome::Outage(outage) => outage,
        };
        note(outage.kind.code());
        self.desk.standing.down(&outage.reason);
        let verdicts = self.verdicts.load(Ordering::Relaxed);
        match hand.put_back(held, &outage, verdicts, Instant::now()) {
            None => Ok(()),
            Some(at_fault) => {
                let detail =
                    format!("time and again the parent gave no verdict on it, and did on others; {}", outage.reason);
                self.desk.fail(&at_fault.delivery, &Fault::new(Reason::RefusedByParent, detail)).await
            }
        }
    }
}

fn note(reason: &'static str) {
    ::metrics::counter!(metrics::PUBLISH_FAILURES, "step" => "uplink", "reason" => reason).increment(1);
}

async fn rest(until: Option<Instant>) {
    match until {
        Some(until) => sleep_until(until).await,
        None => std::future::pending().await,
    }
}

/// This node's own store, which a batch for an endpoint of another kind needs, is away.
fn own_store(error: &crate::store::StoreError) -> Outcome {
    Outcome::outage(OutageKind::Away, format!("this node's own store: {error}"))
}
