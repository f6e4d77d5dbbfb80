//! Confirmed publishes over a few channels.

use super::QUEUE;
use anyhow::{Result, bail};
use futures_util::FutureExt;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Confirmation, Connection};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use uuid::Uuid;

/// Channels, used in turn: the confirms of one pass through one process of RabbitMQ.
pub(super) struct Publisher {
    channels: Vec<(Channel, Mutex<()>)>,
    next: AtomicUsize,
}

const CHANNELS: usize = 4;
const PERSISTENT: u8 = 2;

impl Publisher {
    /// Declares the queue and opens the channels.
    pub(super) async fn new(connection: &Connection) -> Result<Self> {
        let mut arguments = FieldTable::default();
        arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
        let durable = QueueDeclareOptions { durable: true, ..Default::default() };
        connection.create_channel().await?.queue_declare(QUEUE.into(), durable, arguments).await?;
        let mut channels = Vec::with_capacity(CHANNELS);
        for _ in 0..CHANNELS {
            let channel = connection.create_channel().await?;
            channel.confirm_select(ConfirmSelectOptions::default()).await?;
            channels.push((channel, Mutex::default()));
        }
        Ok(Self { channels, next: AtomicUsize::new(0) })
    }

    /// Ends when the broker has confirmed that the queue holds the message.
    pub(super) async fn publish(&self, body: &[u8]) -> Result<()> {
        let (channel, turn) = &self.channels[self.next.fetch_add(1, Ordering::Relaxed) % CHANNELS];
        let properties = BasicProperties::default()
            .with_delivery_mode(PERSISTENT)
            .with_message_id(Uuid::new_v4().to_string().into());
        let options = BasicPublishOptions { mandatory: true, immediate: false };
        let mut publishing = pin!(channel.basic_publish("".into(), QUEUE.into(), options, body, properties));
        // The first poll takes the delivery tag; two at once could hand over their frames in the other order.
        let first = {
            let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
            publishing.as_mut().now_or_never()
        };
        let confirm = match first {
            Some(done) => done?,
            None => publishing.await?,
        };
        match confirm.await? {
            Confirmation::Ack(None) => Ok(()),
            other => bail!("not confirmed: {other:?}"),
        }
    }
}
