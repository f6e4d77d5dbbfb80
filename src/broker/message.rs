//! Messages as the rest of the house sees them.

use bytes::Bytes;
use lapin::Acker;
use lapin::options::{BasicAckOptions, BasicNackOptions};
use lapin::protocol::basic::AMQPProperties;
use lapin::types::{AMQPValue, FieldTable};
use std::collections::BTreeMap;
use uuid::Uuid;

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
    pub(super) fn properties(&self, user: &str) -> AMQPProperties {
        let mut table = FieldTable::default();
        for (name, value) in &self.headers {
            table.insert(name.as_str().into(), AMQPValue::LongString(value.as_str().into()));
        }
        AMQPProperties::default()
            .with_delivery_mode(2)
            .with_content_type("application/json".into())
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
    tag: u64,
    acker: Acker,
}

/// Acks everything that a consumer holds, in one frame for RabbitMQ to keep.
///
/// `held` must be all of it, but for what was settled one by one: what came before its newest is acked with it.
pub async fn ack_all<'a>(held: impl IntoIterator<Item = &'a Delivery>) -> Result<(), String> {
    match held.into_iter().max_by_key(|delivery| delivery.tag) {
        Some(newest) => newest.ack_through().await,
        None => Ok(()),
    }
}

impl Delivery {
    pub(super) fn from_lapin(delivery: lapin::message::Delivery) -> Self {
        let empty = FieldTable::default();
        let table = delivery.properties.headers().as_ref().unwrap_or(&empty);
        let mut headers = BTreeMap::new();
        let (mut copied, mut delivery_count) = (false, 0);
        for (name, value) in table {
            match (name.as_str(), value) {
                ("CC" | "BCC", _) => copied = true,
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
            tag: delivery.delivery_tag,
            acker: delivery.acker,
        }
    }

    /// Acks this delivery and every earlier one of the same consumer, all of which must be settled.
    pub async fn ack_through(&self) -> Result<(), String> {
        self.acker.ack(BasicAckOptions { multiple: true }).await.map(drop).map_err(|e| e.to_string())
    }

    /// Acks this delivery.
    pub async fn ack(&self) -> Result<(), String> {
        self.acker.ack(BasicAckOptions { multiple: false }).await.map(drop).map_err(|e| e.to_string())
    }

    /// Puts the delivery back into its queue.
    pub async fn requeue(&self) -> Result<(), String> {
        self.acker.nack(BasicNackOptions { multiple: false, requeue: true }).await.map(drop).map_err(|e| e.to_string())
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
