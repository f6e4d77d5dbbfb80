//! Publishing a failure to its step again.

use crate::batch::{ATTEMPT_HEADER, BULK_BYTES, SIZE_HEADER};
use crate::broker::Message;
use crate::failure::Reason;
use crate::flow::{Context, aside};
use crate::metrics;
use crate::store::DueFailure;

/// Publishes what is due, as the attempt that it is.
///
/// Straight to the step that failed: other queues of the first exchange have had the message already. Of its headers only those
/// of the federation go along, so that nothing RabbitMQ noted of its way here steers it.
///
/// # Errors
/// With the reason, when the broker does not take it or the stored body cannot be read; it is then overdue in a while.
pub async fn again(context: &Context, due: &DueFailure) -> Result<(), String> {
    let body = zstd::stream::decode_all(due.body.as_slice()).map_err(|e| e.to_string())?;
    if due.attempt.attempt == 1 {
        ::metrics::counter!(metrics::ROUNDS, "step" => due.step.clone()).increment(1);
    }
    let mut headers = due.headers.clone();
    headers.retain(|name, _| name.starts_with("sesame-"));
    aside::drop_marks(&mut headers);
    headers.insert(ATTEMPT_HEADER.to_owned(), due.attempt.token());
    let size = if body.len() < BULK_BYTES { "small" } else { "bulk" };
    headers.entry(SIZE_HEADER.to_owned()).or_insert_with(|| size.to_owned());
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
        _ => context.publisher.publish(&message).await,
    };
    published.map_err(|e| e.to_string())
}
