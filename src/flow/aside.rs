//! Moving a message within the node's own broker, and making it again what it was: RabbitMQ takes no message that names another
//! user as its publisher, and who published it is part of what is verified.

use crate::batch::ATTEMPT_HEADER;
use crate::broker::{Delivery, Message};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The user that published it first; empty where it named none.
const USER: &str = "sesame-moved-user";
/// There where it came with CC or BCC.
const COPIED: &str = "sesame-moved-copied";
/// How many processes have ended with it in hand, as far as is known.
const DEATHS: &str = "sesame-moved-deaths";

/// The message as it is, for another exchange of this node.
pub(super) fn moved(delivery: &Delivery, exchange: String, deaths: u64) -> Message {
    let mut headers = delivery.headers.clone();
    // What RabbitMQ noted of its way must not steer it.
    headers.retain(|name, _| !name.starts_with("x-"));
    mark(&mut headers, delivery);
    if deaths > 0 {
        headers.insert(DEATHS.to_owned(), deaths.to_string());
    }
    let id = delivery.message_id.unwrap_or_else(Uuid::nil);
    Message { exchange, routing_key: delivery.routing_key.clone(), id, headers, body: delivery.body.clone() }
}

/// Marks headers with who published the message first, and how: it will be published again by the node itself.
pub(super) fn mark(headers: &mut BTreeMap<String, String>, delivery: &Delivery) {
    drop_marks(headers);
    headers.insert(USER.to_owned(), delivery.user_id.clone().unwrap_or_default());
    if delivery.copied {
        headers.insert(COPIED.to_owned(), "1".to_owned());
    }
}

/// The message as it was before it was moved or kept, and how many processes have ended with it in hand. Marks, and the token of an
/// attempt, count only where the node itself has published them.
pub(super) fn restored(mut delivery: Delivery, own: &str) -> (Delivery, u64) {
    let mut deaths = 0;
    if delivery.user_id.as_deref() == Some(own)
        && let Some(user) = delivery.headers.get(USER).cloned()
    {
        delivery.user_id = (!user.is_empty()).then_some(user);
        delivery.copied |= delivery.headers.contains_key(COPIED);
        deaths = delivery.headers.get(DEATHS).and_then(|count| count.parse().ok()).unwrap_or_default();
    } else if delivery.user_id.as_deref() != Some(own) {
        delivery.headers.remove(ATTEMPT_HEADER);
    }
    drop_marks(&mut delivery.headers);
    (delivery, deaths)
}

/// Takes the marks of a move off.
pub(super) fn drop_marks(headers: &mut BTreeMap<String, String>) {
    for mark in [USER, COPIED, DEATHS] {
        headers.remove(mark);
    }
}
