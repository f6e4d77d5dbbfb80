//! The token of a failure: what waits in the queue of a pause. The message itself lies in the store meanwhile, so that a million
//! of them that are parked cost the broker little.

use crate::batch::ATTEMPT_HEADER;
use crate::broker::{Delivery, Message, Names};
use crate::failure::{Attempt, Pause};
use bytes::Bytes;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Which attempt a delivery is; without a token it is the first. A token that others than the node itself published is taken off before
/// (`aside::restored`).
pub fn attempt_of(headers: &BTreeMap<String, String>) -> Attempt {
    headers.get(ATTEMPT_HEADER).and_then(|token| Attempt::parse(token)).unwrap_or(Attempt::FIRST)
}

/// The message that waits.
pub(super) fn waiting(names: Names, step: &str, pause: Pause, id: Uuid, failed: Attempt) -> Message {
    Message {
        exchange: names.retry(),
        routing_key: names.waiting(step, pause),
        id,
        headers: BTreeMap::from([(ATTEMPT_HEADER.to_owned(), failed.token())]),
        body: Bytes::new(),
    }
}

/// What a token that came back tells; `None` of a message that is none.
pub(super) fn read(delivery: &Delivery) -> Option<(Uuid, Attempt)> {
    let failed = Attempt::parse(delivery.headers.get(ATTEMPT_HEADER)?)?;
    Some((delivery.message_id?, failed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::standard::region::Tier;

    #[test]
    fn a_delivery_without_a_good_token_is_the_first_attempt() {
        let headers = |token: &str| BTreeMap::from([(ATTEMPT_HEADER.to_owned(), token.to_owned())]);
        assert_eq!(attempt_of(&headers("4.2")), Attempt { round: 4, attempt: 2 });
        for headers in [BTreeMap::new(), headers("4.0"), headers("x")] {
            assert_eq!(attempt_of(&headers), Attempt::FIRST, "{headers:?}");
        }
    }

    #[test]
    fn each_pause_of_each_step_has_a_queue() {
        let key = |pause| waiting(Names(Tier::City), "uplink", pause, Uuid::nil(), Attempt::FIRST).routing_key;
        assert_eq!(
            Pause::ALL.map(key),
            ["city.uplink.retry.1", "city.uplink.retry.2", "city.uplink.parked"].map(str::to_owned)
        );
    }
}
