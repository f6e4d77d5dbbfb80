//! Taking messages from a queue.

use super::{Connection, Delivery};
use futures_util::{FutureExt, StreamExt};
use lapin::options::{BasicConsumeOptions, BasicGetOptions, BasicQosOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use std::collections::VecDeque;
use std::sync::Arc;

/// Why nothing can be taken from a queue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConsumeError {
    /// No connection, or it or the channel broke; what was not acked comes back.
    #[error("cannot take from queue {queue}: {reason}")]
    Lost {
        /// The queue.
        queue: String,
        /// Why.
        reason: String,
    },
}

/// One consumer on a channel of its own. Dropping it gives back what was not acked.
pub struct Consumer {
    queue: String,
    connection: Connection,
    live: Arc<lapin::Connection>,
    channel: lapin::Channel,
    stream: lapin::Consumer,
    /// The rest of a parcel.
    unpacked: VecDeque<Delivery>,
}

/// Takes messages from a queue one by one, each when it is asked for: a consumer is sent the next as soon as it has acked one, and
/// would give it back as delivered once more without ever having looked at it.
pub struct Getter {
    queue: String,
    connection: Connection,
    live: Arc<lapin::Connection>,
    channel: lapin::Channel,
    /// The rest of a parcel.
    unpacked: VecDeque<Delivery>,
}

impl Connection {
    /// Opens a channel to take from `queue`.
    pub async fn getter(&self, queue: &str) -> Result<Getter, ConsumeError> {
        let lost = |reason: String| ConsumeError::Lost { queue: queue.to_owned(), reason };
        let live = self.live().map_err(lost)?;
        let opened = self.while_live(&live, live.create_channel()).await.map_err(lost)?;
        let channel = opened.map_err(|e| lost(e.to_string()))?;
        Ok(Getter { queue: queue.to_owned(), connection: self.clone(), live, channel, unpacked: VecDeque::new() })
    }

    /// Starts taking from `queue`, at most `prefetch` messages ahead of their acks.
    pub async fn consume(&self, queue: &str, prefetch: u16) -> Result<Consumer, ConsumeError> {
        let lost = |reason: String| ConsumeError::Lost { queue: queue.to_owned(), reason };
        let live = self.live().map_err(lost)?;
        let starting = async {
            let channel = live.create_channel().await?;
            // Per consumer, not global: quorum queues refuse a global prefetch.
            channel.basic_qos(prefetch, BasicQosOptions { global: false }).await?;
            let options = BasicConsumeOptions::default();
            let stream = channel.basic_consume(queue.into(), "".into(), options, FieldTable::default()).await?;
            Ok((channel, stream))
        };
        let started: lapin::Result<_> = self.while_live(&live, starting).await.map_err(lost)?;
        let (channel, stream) = started.map_err(|e| lost(e.to_string()))?;
        let unpacked = VecDeque::new();
        Ok(Consumer { queue: queue.to_owned(), connection: self.clone(), live, channel, stream, unpacked })
    }

    /// How many messages wait in `queue`, ready to be taken.
    pub async fn depth(&self, queue: &str) -> Result<u32, ConsumeError> {
        let lost = |reason: String| ConsumeError::Lost { queue: queue.to_owned(), reason };
        let live = self.live().map_err(lost)?;
        let asking = async {
            let channel = live.create_channel().await?;
            let passive = QueueDeclareOptions { passive: true, durable: true, ..Default::default() };
            let declared = channel.queue_declare(queue.into(), passive, FieldTable::default()).await;
            // A failed passive declare has closed the channel already.
            let _ = channel.close(200, "done".into()).await;
            declared.map(|queue| queue.message_count())
        };
        let asked: lapin::Result<u32> = self.while_live(&live, asking).await.map_err(lost)?;
        asked.map_err(|e| lost(e.to_string()))
    }
}

impl Getter {
    /// The next message, if one is there.
    pub async fn get(&mut self) -> Result<Option<Delivery>, ConsumeError> {
        if let Some(delivery) = self.unpacked.pop_front() {
            return Ok(Some(delivery));
        }
        let lost = |reason: String| ConsumeError::Lost { queue: self.queue.clone(), reason };
        let getting = self.channel.basic_get(self.queue.as_str().into(), BasicGetOptions { no_ack: false });
        let got = self.connection.while_live(&self.live, getting).await.map_err(lost)?;
        let got = got.map_err(|e| lost(e.to_string()))?;
        self.unpacked = got.map(|got| Delivery::unpack(got.delivery)).unwrap_or_default();
        Ok(self.unpacked.pop_front())
    }

    /// Gives back what was not acked.
    pub async fn close(self) {
        // A channel already broken has given everything back.
        let _ = self.connection.while_live(&self.live, self.channel.close(200, "stopping".into())).await;
    }
}

impl Consumer {
    /// Waits for the next message.
    pub async fn next(&mut self) -> Result<Delivery, ConsumeError> {
        loop {
            if let Some(delivery) = self.unpacked.pop_front() {
                return Ok(delivery);
            }
            self.unpacked = match self.connection.while_live(&self.live, self.stream.next()).await {
                Ok(Some(Ok(message))) => Delivery::unpack(message),
                Ok(Some(Err(error))) => return Err(self.lost(error.to_string())),
                Ok(None) => return Err(self.lost("the broker cancelled the consumer".to_owned())),
                Err(reason) => return Err(self.lost(reason)),
            };
        }
    }

    /// The next message, if one has arrived already.
    pub fn arrived(&mut self) -> Option<Result<Delivery, ConsumeError>> {
        self.next().now_or_never()
    }

    /// Stops taking and gives back what was not acked.
    pub async fn close(self) {
        // A channel already broken has given everything back.
        let _ = self.connection.while_live(&self.live, self.channel.close(200, "stopping".into())).await;
    }

    fn lost(&self, reason: String) -> ConsumeError {
        ConsumeError::Lost { queue: self.queue.clone(), reason }
    }
}
