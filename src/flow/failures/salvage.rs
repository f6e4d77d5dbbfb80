//! Takes what has come off the road: what reached RabbitMQ's delivery limit, and what no queue took. Both become failures with
//! their bytes; the first is kept until an operator acts, the second is tried again by the rule of §7.4, since it goes straight
//! to its step then, past the binding that was missing.

use super::{Failed, Fault, attempt_of, record_surely, unread};
use crate::broker::{Connection, Delivery, FIRST_QUEUE, Getter, Names};
use crate::failure::Reason;
use crate::flow::{Context, aside};
use crate::metrics;
use std::time::Duration;
use tokio_util::task::TaskTracker;

/// The readers of the poison and the unrouted queue.
#[derive(Clone)]
pub struct Salvage {
    context: Context,
    consuming: Connection,
}

/// Between two looks at an empty queue, and before what could not be done is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// Which of the two queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Poison,
    Unrouted,
}

/// What a message was on its way to.
#[derive(Debug, PartialEq, Eq)]
enum Road {
    /// A step that works on batches.
    Step(&'static str),
    /// The interface log.
    Log,
    /// Something of which the store knows more, and sends again: a failure's token, a receipt.
    Repeated,
}

enum End {
    Stopped,
    Again,
}

impl Salvage {
    /// Readers that take by `consuming`, which no step uses: a message that no client can read breaks it.
    pub fn new(context: Context, consuming: Connection) -> Self {
        Self { context, consuming }
    }

    /// Starts both on `tasks`.
    pub fn start(self, tasks: &TaskTracker) {
        tasks.spawn(self.clone().run(Found::Poison));
        tasks.spawn(self.run(Found::Unrouted));
    }

    async fn run(self, found: Found) {
        let context = &self.context;
        let queue = match found {
            Found::Poison => context.names.poison(),
            Found::Unrouted => context.names.unrouted(),
        };
        while context.store_up().await && context.broker_up(&self.consuming).await {
            // One at a time: what breaks the connection is then given up alone, and bodies may be large.
            if let Ok(mut getter) = self.consuming.getter(&queue).await {
                let end = self.serve(&mut getter, found).await;
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

    async fn serve(&self, getter: &mut Getter, found: Found) -> End {
        while !self.context.stop.is_cancelled() {
            match getter.get().await {
                Ok(Some(delivery)) => {
                    if let Err(end) = self.keep(&delivery_of(delivery, &self.context.node.appid), found).await {
                        return end;
                    }
                }
                Ok(None) => _ = self.context.pause(PAUSE).await,
                Err(error) => {
                    tracing::debug!(%error, "looked into later");
                    return End::Again;
                }
            }
        }
        End::Stopped
    }

    async fn keep(&self, taken: &Taken, found: Found) -> Result<(), End> {
        let (context, delivery) = (&self.context, &taken.delivery);
        match road_of(context.names, found, taken, &context.node.appid) {
            Road::Step(step) => {
                let fault = fault_of(found, taken).about(unread(delivery));
                let attempt = attempt_of(&delivery.headers);
                if !record_surely(context, step, Failed { delivery, fault, attempt }).await {
                    return Err(End::Stopped);
                }
            }
            Road::Log => {
                tracing::error!(?found, "entries of the interface log are lost");
                ::metrics::counter!(metrics::LOG_LOST).increment(1);
            }
            Road::Repeated => {
                tracing::warn!(?found, exchange = delivery.exchange, "dropped: it is sent again by itself")
            }
        }
        delivery.ack().await.map_err(|_| End::Again)
    }
}

/// A message, and where it came off the road.
struct Taken {
    delivery: Delivery,
    /// The queue that gave it up, where one did.
    queue: Option<String>,
}

fn delivery_of(delivery: Delivery, own: &str) -> Taken {
    let (mut delivery, _) = aside::restored(delivery, own);
    let queue = delivery.headers.remove(FIRST_QUEUE);
    Taken { delivery, queue }
}

fn fault_of(found: Found, taken: &Taken) -> Fault {
    match found {
        Found::Poison => {
            let queue = taken.queue.as_deref().unwrap_or("a queue that is not named");
            let detail =
                format!("it reached the delivery limit of {queue}: whoever took it ended, or lost its connection");
            Fault::new(Reason::Poison, detail)
        }
        Found::Unrouted => {
            let detail =
                format!("no queue took it from exchange {}: run sesame topology check", taken.delivery.exchange);
            Fault::new(Reason::Unrouted, detail)
        }
    }
}

fn road_of(names: Names, found: Found, taken: &Taken, own: &str) -> Road {
    let name = match found {
        Found::Unrouted => taken.delivery.exchange.as_str(),
        // The name of the queue is a header, which a child may have written itself: only what this node has published is dropped
        // on its word.
        Found::Poison if taken.delivery.user_id.as_deref() == Some(own) => taken.queue.as_deref().unwrap_or_default(),
        Found::Poison => "",
    };
    road(names, name)
}

/// By the name of the queue or exchange it was last in. What is not known is taken for a batch: kept rather than lost.
fn road(names: Names, name: &str) -> Road {
    let is_returned = |step| name == names.returned(step);
    match name {
        _ if name == names.log() => Road::Log,
        _ if name == names.retry() || name == names.back() || is_returned("persist") || is_returned("uplink") => {
            Road::Repeated
        }
        _ if name == names.receipts() => Road::Repeated,
        _ if name == names.accepted() || name == names.uplink() || name == names.uplink_bulk() => Road::Step("uplink"),
        _ if name == names.share() || name.starts_with("sub.") => Road::Step("share"),
        _ => Road::Step("persist"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::standard::region::Tier;

    #[test]
    fn every_road_of_a_batch_leads_to_the_step_it_was_on_its_way_to() {
        for (name, expected) in [
            ("city", Road::Step("persist")),
            ("city.persist", Road::Step("persist")),
            ("city.persist.bulk", Road::Step("persist")),
            ("city.quarantine", Road::Step("persist")),
            ("", Road::Step("persist")),
            ("city.accepted", Road::Step("uplink")),
            ("city.uplink", Road::Step("uplink")),
            ("city.uplink.bulk", Road::Step("uplink")),
            ("city.share", Road::Step("share")),
            ("sub.emergency-1", Road::Step("share")),
            ("city.log", Road::Log),
            ("city.retry", Road::Repeated),
            ("city.return", Road::Repeated),
            ("city.persist.return", Road::Repeated),
            ("city.uplink.return", Road::Repeated),
            ("city.receipts", Road::Repeated),
        ] {
            assert_eq!(road(Names(Tier::City), name), expected, "{name}");
        }
    }
}
