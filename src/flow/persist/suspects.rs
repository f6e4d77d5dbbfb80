//! Setting aside what may be at fault, so that its neighbours flow on. Suspicion is cheap: in quarantine a batch is worked on as
//! it would be here, only alone.

use crate::broker::{Delivery, PublishError};
use crate::flow::Context;
use crate::flow::aside;
use crate::metrics;
use futures_util::StreamExt;
use futures_util::stream;
use std::time::Duration;
use tokio::time::timeout;

/// Delivered so often before, a message is suspected: whoever had it in hand ended each time.
const DELIVERIES: u64 = 2;
/// How long the publishing connection is waited for.
const CONNECTING: Duration = Duration::from_secs(5);
/// Moves at once; each has a channel of its own.
const MOVES: usize = 8;

/// Why a message is set aside.
#[derive(Debug, Clone, Copy)]
pub(super) enum Suspicion {
    /// It is delivered a third time.
    Deliveries,
    /// It takes too long.
    Stalled,
}

impl Suspicion {
    fn as_str(self) -> &'static str {
        match self {
            Suspicion::Deliveries => "deliveries",
            Suspicion::Stalled => "stalled",
        }
    }
}

/// Sets aside what of a group is delivered a third time, and returns the rest. What cannot be moved stays: the broker is away, or
/// has no quarantine yet.
pub(super) async fn set_apart(context: &Context, group: Vec<Delivery>) -> Vec<Delivery> {
    if group.iter().all(|delivery| delivery.delivery_count < DELIVERIES) {
        return group;
    }
    let (suspects, mut rest): (Vec<_>, Vec<_>) =
        group.into_iter().partition(|delivery| delivery.delivery_count >= DELIVERIES);
    tracing::warn!(suspects = suspects.len(), "delivered a third time: to be worked on alone, in quarantine");
    // A process that has just started may have one of its connections before the other.
    let _ = timeout(CONNECTING, context.publisher.up()).await;
    let moves = stream::iter(suspects).map(async |suspect| {
        let moved = set_aside(context, &suspect, Suspicion::Deliveries).await;
        (suspect, moved)
    });
    let mut moves = std::pin::pin!(moves.buffer_unordered(MOVES));
    while let Some((suspect, moved)) = moves.next().await {
        match moved {
            Ok(()) => {
                // A lost ack brings it here again; wherever it comes second it is found to be committed.
                let _ = suspect.ack().await;
            }
            Err(error) => {
                tracing::warn!(%error, "cannot be moved to quarantine, and is worked on with the others");
                rest.push(suspect);
            }
        }
    }
    rest
}

/// Puts a message into quarantine. It may be acked then.
///
/// On a channel of its own: where the exchange is missing RabbitMQ closes the channel, and exchanges being accepted would go with
/// it.
pub(super) async fn set_aside(
    context: &Context,
    delivery: &Delivery,
    suspicion: Suspicion,
) -> Result<(), PublishError> {
    let message = aside::moved(delivery, context.names.quarantine(), 0);
    context.publisher.publish_alone(&message).await?;
    ::metrics::counter!(metrics::QUARANTINED, "reason" => suspicion.as_str()).increment(1);
    Ok(())
}
