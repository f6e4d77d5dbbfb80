//! What every link does with a message beside sending it: waits for its turn, and settles it once the verdict is there.

use super::Standing;
use crate::batch::Manifest;
use crate::broker::{Delivery, ack_all};
use crate::flow::Context;
use crate::flow::context::PROBE;
use crate::flow::failures::{Failed, Fault, attempt_of, mend, record};
use crate::metrics;
use crate::volume::Pace;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Why a consumer's loop ended.
pub(super) enum End {
    Stopped,
    BrokerLost,
}

/// The desk of one link. Clones share its pace and its standing.
#[derive(Clone)]
pub(super) struct Desk {
    pub(super) context: Context,
    pub(super) standing: Standing,
    pace: Arc<Pace>,
}

/// A wait for the pace of the link that counts as one.
const NOTICEABLE: Duration = Duration::from_millis(5);

impl Desk {
    pub(super) fn new(context: Context, pace: Pace) -> Self {
        Self { context, standing: Standing::default(), pace: Arc::new(pace) }
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
