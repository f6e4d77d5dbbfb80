//! Publishing a failure to its step again.

use super::sweep::unpublished_at;
use crate::batch::{ATTEMPT_HEADER, BULK_BYTES, SIZE_HEADER};
use crate::broker::Message;
use crate::failure::Reason;
use crate::flow::Context;
use crate::metrics;
use crate::standard::moment::Moment;
use crate::store::{DueFailure, StoreError};
use futures_util::future::join_all;
use uuid::Uuid;

/// Why a failure was not published again.
struct NotPublished {
    reason: String,
    /// Whether the broker is away; else it would fare no better in a moment.
    is_outage: bool,
}

/// Kept bodies that are unpacked and published at once: they are an eighth of their size, and all in memory.
const WINDOW_BYTES: usize = 2 << 20;

/// Publishes what is due, some at a time. What an outage keeps from being published the sweeper takes soon; what the broker refuses,
/// or nobody can read, ten minutes later.
///
/// # Errors
/// When the store is away.
pub(super) async fn again_all(context: &Context, due: &[DueFailure], taken: Moment) -> Result<(), StoreError> {
    let (mut rest, mut unpublished) = (due, Vec::new());
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = |failure: &&DueFailure| {
            bytes += failure.body_bytes;
            bytes <= WINDOW_BYTES
        };
        let (window, later) = rest.split_at(rest.iter().take_while(fits).count().max(1));
        let ids: Vec<Uuid> = window.iter().map(|failure| failure.id).collect();
        let mut bodies = context.store.failure_bodies(&ids).await?;
        let published = join_all(window.iter().map(|failure| {
            let body = bodies.remove(&failure.id);
            again(context, failure, body)
        }))
        .await;
        for (failure, outcome) in window.iter().zip(published) {
            if let Err(NotPublished { reason, is_outage }) = outcome {
                tracing::warn!(id = %failure.id, reason, "a failure could not be brought back");
                unpublished.extend(is_outage.then_some(failure.id));
            }
        }
        rest = later;
    }
    unpublished_at(context, &unpublished, taken).await
}

/// Publishes what is due, as the attempt that it is.
///
/// Straight to the step that failed: other queues of the first exchange have had the message already. Of its headers only those
/// of the federation go along, so that nothing RabbitMQ noted of its way here steers it.
///
/// # Errors
/// When the broker does not take it, or the stored body cannot be read; it is then overdue in a while.
async fn again(context: &Context, due: &DueFailure, body: Option<Vec<u8>>) -> Result<(), NotPublished> {
    let lasting = |reason: String| NotPublished { reason, is_outage: false };
    if due.step == "uplink" && !context.has_parent {
        // There is no exchange for it, and RabbitMQ would close the channel that others use.
        return Err(lasting("the node has no parent any more: discard what was on its way there".to_owned()));
    }
    let Some(body) = body else { return Err(lasting("it has been let go meanwhile".to_owned())) };
    let body = zstd::stream::decode_all(body.as_slice()).map_err(|e| lasting(e.to_string()))?;
    if due.attempt.attempt == 1 {
        ::metrics::counter!(metrics::ROUNDS, "step" => due.step.clone()).increment(1);
    }
    let mut headers = due.headers.clone();
    headers.retain(|name, _| name.starts_with("sesame-"));
    headers.insert(ATTEMPT_HEADER.to_owned(), due.attempt.token());
    let size = if body.len() < BULK_BYTES { "small" } else { "bulk" };
    headers.insert(SIZE_HEADER.to_owned(), size.to_owned());
    let exchange = match (due.step.as_str(), due.reason) {
        ("uplink", _) => context.names.uplink(),
        ("share", _) => context.names.share(),
        // Whoever works on it is warned, and nobody else is near.
        (_, Some(Reason::Poison)) => context.names.quarantine(),
        _ => context.names.persist(),
    };
    let message = Message { exchange, routing_key: due.routing_key.clone(), id: due.id, headers, body: body.into() };
    let published = match due.reason {
        // Where there is no quarantine yet, RabbitMQ closes the channel.
        Some(Reason::Poison) => context.publisher.publish_alone(&message).await,
        _ => context.publish(&due.step, &message).await,
    };
    published.map_err(|error| NotPublished { reason: error.to_string(), is_outage: error.is_outage() })?;
    if due.step == "share" {
        // It lies in the subscriber's queue again, and no step of this node has anything more to say of it.
        let lasting = |error: StoreError| NotPublished { reason: error.to_string(), is_outage: true };
        context.store.resolve_failure(due.id).await.map_err(lasting)?;
    }
    Ok(())
}
