//! Taking messages from a queue.

use super::{Connection, Delivery};
use futures_util::{FutureExt, StreamExt};
use lapin::options::{BasicConsumeOptions, BasicQosOptions, QueueDeclareOptions};
use lapin::types::FieldTable;

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
    channel: lapin::Channel,
    stream: lapin::Consumer,
}

impl Connection {
    /// Starts taking from `queue`, at most `prefetch` messages ahead of their acks.
    pub async fn consume(&self, queue: &str, prefetch: u16) -> Result<Consumer, ConsumeError> {
        let lost = |reason: String| ConsumeError::Lost { queue: queue.to_owned(), reason };
        let connection = self.live().map_err(lost)?;
        let channel = connection.create_channel().await.map_err(|e| lost(e.to_string()))?;
        // Per consumer, not global: quorum queues refuse a global prefetch.
        channel.basic_qos(prefetch, BasicQosOptions { global: false }).await.map_err(|e| lost(e.to_string()))?;
        let stream = channel
            .basic_consume(queue.into(), "".into(), BasicConsumeOptions::default(), FieldTable::default())
            .await
            .map_err(|e| lost(e.to_string()))?;
        Ok(Consumer { queue: queue.to_owned(), channel, stream })
    }

    /// How many messages wait in `queue`, ready to be taken.
    pub async fn depth(&self, queue: &str) -> Result<u32, ConsumeError> {
        let lost = |reason: String| ConsumeError::Lost { queue: queue.to_owned(), reason };
        let connection = self.live().map_err(lost)?;
        let channel = connection.create_channel().await.map_err(|e| lost(e.to_string()))?;
        let passive = QueueDeclareOptions { passive: true, durable: true, ..Default::default() };
        let declared = channel.queue_declare(queue.into(), passive, FieldTable::default()).await;
        let depth = declared.map(|queue| queue.message_count()).map_err(|e| lost(e.to_string()));
        // A failed passive declare has closed the channel already.
        let _ = channel.close(200, "done".into()).await;
        depth
    }
}

impl Consumer {
    /// Waits for the next message.
    pub async fn next(&mut self) -> Result<Delivery, ConsumeError> {
        match self.stream.next().await {
            Some(Ok(delivery)) => Ok(Delivery::from_lapin(delivery)),
            Some(Err(error)) => Err(self.lost(error.to_string())),
            None => Err(self.lost("the broker cancelled the consumer".to_owned())),
        }
    }

    /// The next message, if one has arrived already.
    pub fn arrived(&mut self) -> Option<Result<Delivery, ConsumeError>> {
        self.next().now_or_never()
    }

    /// Stops taking and gives back what was not acked.
    pub async fn close(self) {
        // A channel already broken has given everything back.
        let _ = self.channel.close(200, "stopping".into()).await;
    }

    fn lost(&self, reason: String) -> ConsumeError {
        ConsumeError::Lost { queue: self.queue.clone(), reason }
    }
}
