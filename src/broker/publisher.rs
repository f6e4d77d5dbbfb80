//! The confirmed publisher: a publish has many outcomes, and one of them is success.

use super::confirms::Confirms;
use super::flight::Flights;
use super::gather::{Gathered, Lane, Lanes, Turn};
use super::message::ENVELOPE;
use super::parcel;
use super::{Availability, Connection, Message};
use crate::metrics;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Mutex;

/// Why a publish is not known to have succeeded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// No queue takes the message: it came back, and nothing holds it.
    #[error("no queue takes messages of exchange {exchange} with this key ({reply}): apply the topology")]
    Returned {
        /// The exchange it was published to.
        exchange: String,
        /// RabbitMQ's words.
        reply: String,
    },
    /// The broker refuses to keep it, because a queue is full or has no quorum.
    #[error("the broker refuses to keep the message: a queue of exchange {0} is full or has lost its quorum")]
    Nacked(String),
    /// The broker forbids this very message or its exchange, and closed the channel.
    #[error("the broker forbids the message: {0}")]
    Forbidden(String),
    /// The broker takes no publishes for now: it is short of memory or disk.
    #[error("the broker takes no publishes for now: it is short of memory or disk space")]
    Blocked,
    /// The broker has settled nothing of what this exchange was handed for too long: more would only pile up.
    #[error(
        "the broker has confirmed nothing for too long: its disk or the network is slow, or a queue lacks its quorum"
    )]
    Stalled,
    /// There is no connection, or it broke before the broker answered: the outcome is unknown.
    #[error("no answer from the broker: {0}")]
    Lost(String),
}

impl PublishError {
    /// A stable code for the metrics.
    pub fn code(&self) -> &'static str {
        match self {
            PublishError::Returned { .. } => "returned",
            PublishError::Nacked(_) => "nacked",
            PublishError::Forbidden(_) => "forbidden",
            PublishError::Blocked => "blocked",
            PublishError::Stalled => "stalled",
            PublishError::Lost(_) => "lost",
        }
    }

    /// Whether the broker as a whole is at fault rather than this message.
    pub fn is_outage(&self) -> bool {
        match self {
            PublishError::Blocked | PublishError::Stalled | PublishError::Lost(_) | PublishError::Nacked(_) => true,
            PublishError::Returned { .. } | PublishError::Forbidden(_) => false,
        }
    }
}

/// Publishes over a few channels of one connection, which clones share.
///
/// Several channels, because one channel's frames and confirms pass through one process of RabbitMQ.
#[derive(Clone)]
pub struct Publisher {
    shared: Arc<Shared>,
}

struct Shared {
    connection: Connection,
    user: String,
    channels: Vec<Mutex<Option<Arc<Confirms>>>>,
    next: AtomicUsize,
    flights: Flights,
    lanes: Lanes,
}

/// Headers travel in one frame, which the client library neither splits nor checks; RabbitMQ closes the connection over one
/// of more than 128 KiB.
const MOST_HEADER_BYTES: usize = 64 * 1024;

impl Publisher {
    /// Publishes as `user` over `channels` channels of `connection`. An exchange of which the broker settles nothing for longer
    /// than `patience` is handed no more than a message now and then until it does; without patience it is left to the
    /// connection's heartbeat to tell.
    pub fn new(connection: Connection, user: &str, channels: usize, patience: Option<Duration>) -> Self {
        let channels = (0..channels.max(1)).map(|_| Mutex::default()).collect();
        let (user, next, flights) = (user.to_owned(), AtomicUsize::new(0), Flights::new(patience));
        Self { shared: Arc::new(Shared { connection, user, channels, next, flights, lanes: Lanes::default() }) }
    }

    /// Whether the broker can be used right now for messages to `exchange`.
    pub fn availability(&self, exchange: &str) -> Availability {
        match self.shared.connection.availability() {
            Availability::Up if self.shared.flights.stalled(exchange) => Availability::Stalled,
            other => other,
        }
    }

    /// Waits until the broker is connected.
    pub async fn up(&self) {
        self.shared.connection.up().await;
    }

    /// Publishes and waits for the broker's confirm.
    ///
    /// `Ok` means that the message lies durably in a queue. Dropping the future may leave it unsent, and does not take it back.
    pub async fn publish(&self, message: &Message) -> Result<(), PublishError> {
        self.publish_as(ENVELOPE, message).await
    }

    /// Publishes as [`Publisher::publish`] does, a small message perhaps in one of AMQP with others of its exchange and key. Whoever
    /// consumes is given each by itself.
    pub async fn publish_gathered(&self, message: &Message) -> Result<(), PublishError> {
        // Of what is stalled nothing gathers behind what may never be settled.
        if message.body.len() > parcel::LARGEST_BODY || self.shared.flights.stalled(&message.exchange) {
            return self.publish(message).await;
        }
        self.ready(message)?;
        match self.shared.lanes.enter(message) {
            Turn::Now(lane) => {
                let _under_way = UnderWay { publisher: self, lane };
                self.publish(message).await
            }
            Turn::Later(settled, full) => {
                if let Some((lane, gathered)) = full {
                    tokio::spawn(self.clone().publish_parcel(lane, gathered));
                }
                settled.await.unwrap_or_else(|_| Err(PublishError::Lost("the process stops".to_owned())))
            }
        }
    }

    async fn publish_parcel(self, lane: Lane, gathered: Gathered) {
        let (message, waiting) = gathered.into_message(&lane);
        let _under_way = UnderWay { publisher: &self, lane };
        let outcome = self.publish_as(parcel::CONTENT_TYPE, &message).await;
        if outcome.is_ok() {
            ::metrics::histogram!(metrics::PARCEL_BATCHES).record(waiting.len() as f64);
        }
        for waiting in waiting {
            // Who has stopped waiting is not told.
            let _ = waiting.send(outcome.clone());
        }
    }

    async fn publish_as(&self, content_type: &str, message: &Message) -> Result<(), PublishError> {
        self.ready(message)?;
        let _flight = self.shared.flights.begin(&message.exchange).ok_or(PublishError::Stalled)?;
        let at = self.shared.next.fetch_add(1, Ordering::Relaxed) % self.shared.channels.len();
        let slot = &self.shared.channels[at];
        let live = self.shared.connection.live().map_err(PublishError::Lost)?;
        let sending = async {
            let channel = channel(&live, slot).await.map_err(PublishError::Lost)?;
            channel.publish(message, message.properties(&self.shared.user, content_type)).await
        };
        match self.shared.connection.while_live(&live, sending).await {
            Ok(outcome) => outcome,
            Err(reason) => {
                // Its task would keep what waits there for as long as there is no connection.
                if let Ok(mut slot) = slot.try_lock() {
                    slot.take_if(|channel| !channel.is_open());
                }
                Err(PublishError::Lost(reason))
            }
        }
    }

    /// Publishes on a channel of its own, and otherwise as [`Publisher::publish`] does.
    ///
    /// RabbitMQ closes the channel of a message that it forbids, and all that waits there for a confirm is told the same:
    /// only a message that was alone is known to be the one at fault.
    pub async fn publish_alone(&self, message: &Message) -> Result<(), PublishError> {
        self.ready(message)?;
        let _flight = self.shared.flights.begin(&message.exchange).ok_or(PublishError::Stalled)?;
        let live = self.shared.connection.live().map_err(PublishError::Lost)?;
        let sending = async {
            let channel = Confirms::open(&live).await.map_err(PublishError::Lost)?;
            let outcome = channel.publish(message, message.properties(&self.shared.user, ENVELOPE)).await;
            channel.close().await;
            outcome
        };
        self.shared.connection.while_live(&live, sending).await.map_err(PublishError::Lost)?
    }

    /// What can be told before anything is sent.
    fn ready(&self, message: &Message) -> Result<(), PublishError> {
        match self.shared.connection.availability() {
            Availability::Up | Availability::Stalled => {}
            Availability::Blocked => return Err(PublishError::Blocked),
            Availability::Down(reason) => return Err(PublishError::Lost(reason)),
        }
        let header_bytes = message.header_bytes();
        if header_bytes > MOST_HEADER_BYTES {
            return Err(PublishError::Forbidden(format!("its headers have {header_bytes} bytes")));
        }
        if let Some(name) = message.headers.keys().find(|name| name.len() > parcel::LONGEST_NAME) {
            return Err(PublishError::Forbidden(format!("the name of a header has {} bytes", name.len())));
        }
        Ok(())
    }
}

/// Something of a lane that is under way. Dropping it lets go what has gathered meanwhile.
struct UnderWay<'a> {
    publisher: &'a Publisher,
    lane: Lane,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        while let Some(gathered) = self.publisher.shared.lanes.leave(&self.lane) {
            // Without a runtime the process is ending: whoever waits still is told that nothing is known.
            if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                runtime.spawn(self.publisher.clone().publish_parcel(self.lane.clone(), gathered));
                return;
            }
        }
    }
}

/// The slot's channel, opened anew where the last one was closed.
async fn channel(live: &lapin::Connection, slot: &Mutex<Option<Arc<Confirms>>>) -> Result<Arc<Confirms>, String> {
    let mut slot = slot.lock().await;
    if let Some(channel) = slot.as_ref().filter(|channel| channel.is_open()) {
        return Ok(channel.clone());
    }
    let channel = Arc::new(Confirms::open(live).await?);
    *slot = Some(channel.clone());
    Ok(channel)
}
