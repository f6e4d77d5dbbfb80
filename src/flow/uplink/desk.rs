//! What every link does with a message beside sending it: waits for its turn, and settles it once the verdict is there.

use super::Standing;
use crate::batch::Manifest;
use crate::broker::{Delivery, Message, PublishError, ack_all};
use crate::flow::Context;
use crate::flow::context::PROBE;
use crate::flow::failures::{Failed, Fault, attempt_of, mend, record};
use crate::metrics;
use crate::volume::Pace;
use futures_util::future::join_all;
use std::sync::Arc;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Why a consumer's loop ended.
pub(super) enum End {
    Stopped,
    BrokerLost,
    /// The time of caution is over.
    Calm,
}

/// The desk of one link. Clones share its pace and its standing.
#[derive(Clone)]
pub struct LinkDesk {
    pub(super) context: Context,
    pub(super) standing: Standing,
    /// How long a message may stay in hand.
    pub(super) hold: Duration,
    pace: Arc<Pace>,
}

/// A wait for the pace of the link that counts as one.
const NOTICEABLE: Duration = Duration::from_millis(5);

impl LinkDesk {
    /// A link of the node that sends at most at `pace`, and holds for no longer than `hold` what is not taken.
    pub fn new(context: Context, pace: Pace, hold: Duration) -> Self {
        Self { context, standing: Standing::default(), hold, pace: Arc::new(pace) }
    }

    /// Waits for what was agreed with the parent (§7.3). False when told to stop meanwhile.
    pub(super) async fn in_turn(&self, bytes: usize) -> bool {
        if !self.pace.is_limited() {
            return true;
        }
        let asked = Instant::now();
        tokio::select! {
            () = self.pace.wait(bytes) => {}
            () = self.context.stop.cancelled() => return false,
        }
        if asked.elapsed() > NOTICEABLE {
            ::metrics::counter!(metrics::LIMITED, "party" => "link", "limit" => "pace").increment(1);
        }
        true
    }

    /// Counts a batch that the parent has taken.
    pub(super) fn taken(&self, manifest: Option<&Manifest>) {
        ::metrics::counter!(metrics::UPLINK_SENT).increment(1);
        self.standing.up();
        if let Some(manifest) = manifest {
            let lag = self.context.clock.now().micros() - manifest.accepted.micros();
            ::metrics::histogram!(metrics::UPLINK_LAG).record(lag.max(0) as f64 / 1e6);
        }
    }

    /// Settles a window, which is all that the consumer holds: RabbitMQ keeps one ack for it rather than one a message.
    pub(super) async fn settle_all(&self, window: &[Delivery]) -> Result<(), End> {
        for delivery in window {
            self.mend(delivery).await?;
        }
        ack_all(window).await.map_err(|_| End::BrokerLost)
    }

    /// A lost ack or a store away at this moment makes the parent see the batch once more, and know it.
    pub(super) async fn settle(&self, delivery: &Delivery) -> Result<(), End> {
        self.mend(delivery).await?;
        ack(delivery).await
    }

    async fn mend(&self, delivery: &Delivery) -> Result<(), End> {
        mend(&self.context, "uplink", delivery).await.map_err(|error| {
            tracing::warn!(%error, "will be sent again");
            End::BrokerLost
        })
    }

    /// Puts a message that has been in hand for long into its queue anew, behind the others.
    ///
    /// RabbitMQ takes back what is not acked within its consumer timeout, and counts a delivery, as if whoever had it had ended: in an
    /// outage of a day the count would reach the limit, and the message be taken for poison.
    pub(super) async fn put_anew(&self, delivery: &Delivery) -> Result<(), End> {
        // On a channel of its own: where the exchange is missing RabbitMQ closes the channel, and others' publishes with it.
        let published = self.context.publisher.publish_alone(&self.anew(delivery)).await;
        self.settle_anew(delivery, published).await
    }

    /// The same with all of a window: thousands where they came in parcels, and they go in parcels again.
    pub(super) async fn put_all_anew(&self, window: &[Delivery]) -> Result<(), End> {
        let Some((first, others)) = window.split_first() else { return Ok(()) };
        // Tells whether the exchange is there.
        self.put_anew(first).await?;
        let messages: Vec<Message> = others.iter().map(|delivery| self.anew(delivery)).collect();
        let published = join_all(messages.iter().map(|message| self.context.publish("uplink", message))).await;
        let mut end = Ok(());
        for (delivery, published) in others.iter().zip(published) {
            // What went is settled also if another did not.
            end = self.settle_anew(delivery, published).await.and(end);
        }
        end
    }

    fn anew(&self, delivery: &Delivery) -> Message {
        let mut headers = delivery.headers.clone();
        headers.retain(|name, _| name.starts_with("sesame-"));
        Message {
            exchange: self.context.names.uplink(),
            routing_key: delivery.routing_key.clone(),
            id: delivery.message_id.unwrap_or_else(Uuid::nil),
            headers,
            body: delivery.body.clone(),
        }
    }

    async fn settle_anew(&self, delivery: &Delivery, published: Result<(), PublishError>) -> Result<(), End> {
        if let Err(error) = published {
            tracing::warn!(%error, "what has been held for long cannot be put into its queue anew");
            return Err(End::BrokerLost);
        }
        ack(delivery).await
    }

    /// Keeps a message that the parent refuses.
    pub(super) async fn fail(&self, delivery: &Delivery, fault: &Fault) -> Result<(), End> {
        let attempt = attempt_of(&delivery.headers);
        let failed = || vec![Failed { delivery, fault: fault.clone(), attempt }];
        while let Err(error) = record(&self.context, "uplink", failed()).await {
            tracing::warn!(%error, "waiting for the store");
            if !self.context.store_up().await || !self.context.pause(PROBE).await {
                return Err(End::Stopped);
            }
        }
        ack(delivery).await
    }
}

async fn ack(delivery: &Delivery) -> Result<(), End> {
    // A lost ack means a lost channel: the message comes again, and the parent finds that it has it.
    delivery.ack().await.map_err(|_| End::BrokerLost)
}
