//! Messages as the rest of the house sees them.

use super::parcel::{self, Part};
use bytes::Bytes;
use lapin::Acker;
use lapin::options::{BasicAckOptions, BasicNackOptions};
use lapin::protocol::basic::AMQPProperties;
use lapin::types::{AMQPValue, FieldTable};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use uuid::Uuid;

/// Header in which RabbitMQ notes the queue that first gave a message up.
pub const FIRST_QUEUE: &str = "x-first-death-queue";

/// Content type of a message that travels by itself.
pub(super) const ENVELOPE: &str = "application/json";

/// A message to publish. It is always persistent and mandatory, and carries the user it is published by.
#[derive(Debug, Clone)]
pub struct Message {
    /// The exchange.
    pub exchange: String,
    /// The routing key.
    pub routing_key: String,
    /// Message id; the batch id of a batch.
    pub id: Uuid,
    /// Headers; all are strings.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Bytes,
}

impl Message {
    /// Bytes of its headers and its body.
    pub fn size(&self) -> usize {
        self.header_bytes() + self.body.len()
    }

    pub(super) fn header_bytes(&self) -> usize {
        self.headers.iter().map(|(name, value)| name.len() + value.len()).sum()
    }

    pub(super) fn properties(&self, user: &str, content_type: &str) -> AMQPProperties {
        let mut table = FieldTable::default();
        for (name, value) in &self.headers {
            table.insert(name.as_str().into(), AMQPValue::LongString(value.as_str().into()));
        }
        AMQPProperties::default()
            .with_delivery_mode(2)
            .with_content_type(content_type.into())
            .with_message_id(self.id.to_string().as_str().into())
            // RabbitMQ refuses a message whose user_id is not the user of the connection: the receiver can rely on it.
            .with_user_id(user.into())
            .with_headers(table)
    }
}

/// A message taken from a queue. It must be acked, or it comes back when its channel closes.
#[derive(Debug)]
pub struct Delivery {
    /// The exchange it was published to.
    pub exchange: String,
    /// The routing key it was published with.
    pub routing_key: String,
    /// Headers that are strings; others are none of ours.
    pub headers: BTreeMap<String, String>,
    /// Message id, where it is one of ours.
    pub message_id: Option<Uuid>,
    /// The user that published it, checked by RabbitMQ.
    pub user_id: Option<String>,
    /// Whether it carries CC or BCC, which evade RabbitMQ's topic permissions.
    pub copied: bool,
    /// How often it was delivered before.
    pub delivery_count: u64,
    /// The body.
    pub body: Bytes,
    is_last: bool,
    is_alone: bool,
    carrier: Arc<Carrier>,
}

/// The message of AMQP that a delivery came in, by itself or in a parcel with others. RabbitMQ settles it whole.
#[derive(Debug)]
struct Carrier {
    tag: u64,
    acker: Acker,
    unsettled: AtomicUsize,
    /// It is in its queue again.
    returned: AtomicBool,
}

impl Carrier {
    /// One of its deliveries is settled. Whether the carrier is to be acked by that.
    fn settle(&self) -> bool {
        self.unsettled.fetch_sub(1, Ordering::AcqRel) == 1 && !self.returned.load(Ordering::Acquire)
    }

    async fn ack(&self, multiple: bool) -> Result<(), String> {
        match self.acker.ack(BasicAckOptions { multiple }).await {
            Ok(true) => Ok(()),
            Ok(false) => Err("its channel is closed: RabbitMQ has put it into its queue again".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// Acks everything that a consumer holds, in one frame for RabbitMQ to keep.
///
/// `held` must be all of it, but for what was settled one by one: what came before its newest is acked with it. A parcel of which
/// more is to come is acked with what comes.
pub async fn ack_all<'a>(held: impl IntoIterator<Item = &'a Delivery>) -> Result<(), String> {
    let whole = held.into_iter().filter(|delivery| delivery.carrier.settle());
    match whole.max_by_key(|delivery| delivery.carrier.tag) {
        Some(newest) => newest.ack_through().await,
        None => Ok(()),
    }
}

impl Delivery {
    /// What a message of AMQP holds: itself, or what lies in the parcel that it is. What calls itself a parcel and is none is a
    /// message like any other, and found to be no batch.
    pub(super) fn unpack(message: lapin::message::Delivery) -> VecDeque<Self> {
        let content_type = message.properties.content_type().as_ref().map(|text| text.as_str());
        let is_parcel = content_type == Some(parcel::CONTENT_TYPE);
        let whole = Self::from_lapin(message);
        match is_parcel.then(|| parcel::open(whole.body.clone())).flatten() {
            Some(parts) => whole.into_parts(parts),
            None => VecDeque::from([whole]),
        }
    }

    fn into_parts(self, parts: Vec<Part>) -> VecDeque<Self> {
        // Nobody else has the carrier yet.
        self.carrier.unsettled.store(parts.len(), Ordering::Release);
        // Where RabbitMQ took it from is true of each, and no more is kept of what it notes, since each would hold all of it; what a
        // part says of that is not RabbitMQ's word.
        let mut noted = self.headers;
        noted.retain(|name, value| name == FIRST_QUEUE && value.len() <= parcel::LONGEST_NAME);
        let count = parts.len();
        let delivery = |(at, part): (usize, Part)| {
            let own = part.headers.into_iter().filter(|(name, _)| !name.starts_with("x-"));
            Self {
                exchange: self.exchange.clone(),
                routing_key: self.routing_key.clone(),
                headers: own.chain(noted.clone()).collect(),
                message_id: Some(part.id),
                user_id: self.user_id.clone(),
                copied: self.copied,
                delivery_count: self.delivery_count,
                body: part.body,
                is_last: at + 1 == count,
                is_alone: count == 1,
                carrier: self.carrier.clone(),
            }
        };
        parts.into_iter().enumerate().map(delivery).collect()
    }

    fn from_lapin(delivery: lapin::message::Delivery) -> Self {
        let empty = FieldTable::default();
        let table = delivery.properties.headers().as_ref().unwrap_or(&empty);
        let mut headers = BTreeMap::new();
        let (mut copied, mut delivery_count) = (false, 0);
        for (name, value) in table {
            match (name.as_str(), value) {
                (name, _) if parcel::is_routing(name) => copied = true,
                ("x-delivery-count", value) => delivery_count = count(value),
                (name, AMQPValue::LongString(text)) => {
                    headers.insert(name.to_owned(), String::from_utf8_lossy(text.as_bytes()).into_owned());
                }
                _ => {}
            }
        }
        Self {
            exchange: delivery.exchange.to_string(),
            routing_key: delivery.routing_key.to_string(),
            headers,
            message_id: delivery.properties.message_id().as_ref().and_then(|id| id.as_str().parse().ok()),
            user_id: delivery.properties.user_id().as_ref().map(ToString::to_string),
            copied,
            delivery_count,
            // Exactly as long as it is: the client library lets it grow by doubling.
            body: delivery.data.into_boxed_slice().into(),
            is_last: true,
            is_alone: true,
            carrier: Arc::new(Carrier {
                tag: delivery.delivery_tag,
                acker: delivery.acker,
                unsettled: AtomicUsize::new(1),
                returned: AtomicBool::new(false),
            }),
        }
    }

    /// Acks this delivery and every earlier one of the same consumer, all of which must be settled.
    async fn ack_through(&self) -> Result<(), String> {
        self.carrier.ack(true).await
    }

    /// Whether nothing follows it of the message of AMQP it came in: so messages are counted, as the consumer's prefetch does.
    pub fn is_last(&self) -> bool {
        self.is_last
    }

    /// Whether no other came in the same message of AMQP.
    pub fn is_alone(&self) -> bool {
        self.is_alone
    }

    /// Acks this delivery.
    pub async fn ack(&self) -> Result<(), String> {
        if !self.carrier.settle() {
            return Ok(());
        }
        self.carrier.ack(false).await
    }

    /// Puts the delivery back into its queue, and with it what came in the same parcel: what of that is settled comes again, and is
    /// known.
    pub async fn requeue(&self) -> Result<(), String> {
        if self.carrier.returned.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        let nacked = self.carrier.acker.nack(BasicNackOptions { multiple: false, requeue: true }).await;
        nacked.map(drop).map_err(|e| e.to_string())
    }
}

fn count(value: &AMQPValue) -> u64 {
    match value {
        AMQPValue::LongLongInt(n) => u64::try_from(*n).unwrap_or_default(),
        AMQPValue::LongInt(n) => u64::try_from(*n).unwrap_or_default(),
        AMQPValue::LongUInt(n) => u64::from(*n),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::parcel::Parcel;
    use lapin::BasicProperties;

    /// A parcel of two as RabbitMQ delivers it, which says itself where it was taken from.
    fn delivered() -> VecDeque<Delivery> {
        let mut parcel = Parcel::default();
        for id in [1, 2] {
            let headers = [(FIRST_QUEUE, "county.log"), ("x-delivery-count", "99"), ("busicode", "007")];
            parcel.put(&Message {
                exchange: "county".to_owned(),
                routing_key: "37.02.03.007.01".to_owned(),
                id: Uuid::from_u128(id),
                headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
                body: Bytes::from_static(b"{}"),
            });
        }
        let mut noted = FieldTable::default();
        noted.insert(FIRST_QUEUE.into(), AMQPValue::LongString("county.persist".into()));
        noted.insert("x-last-death-reason".into(), AMQPValue::LongString("delivery_limit".into()));
        noted.insert("x-delivery-count".into(), AMQPValue::LongLongInt(2));
        let data = parcel.into_body().to_vec();
        let mut message = lapin::message::Delivery::mock(7, "county".into(), "37.02.03.007.01".into(), true, data);
        message.properties =
            BasicProperties::default().with_content_type(parcel::CONTENT_TYPE.into()).with_headers(noted);
        Delivery::unpack(message)
    }

    #[test]
    fn where_rabbitmq_took_a_parcel_from_is_its_own_word_and_never_that_of_a_part() {
        let deliveries = delivered();
        assert_eq!(deliveries.len(), 2);
        for delivery in deliveries {
            let headers: Vec<_> =
                delivery.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            assert_eq!(headers, [("busicode", "007"), (FIRST_QUEUE, "county.persist")]);
            assert_eq!(delivery.delivery_count, 2);
        }
    }

    #[test]
    fn a_message_is_acked_with_the_last_of_what_came_in_it_and_not_once_it_is_returned() {
        let deliveries = delivered();
        assert!(!deliveries[0].carrier.settle());
        assert!(deliveries[1].carrier.settle());
        assert!(!deliveries[0].is_last() && deliveries[1].is_last());

        let deliveries = delivered();
        deliveries[0].carrier.returned.store(true, Ordering::Release);
        assert!(!deliveries[0].carrier.settle() && !deliveries[1].carrier.settle());
    }
}
