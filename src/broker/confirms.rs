//! A channel in confirm mode, and whose return is whose.
//!
//! RabbitMQ sends a message back that no queue takes, and then confirms it all the same. The client library hands what came back to whichever
//! message of the channel is confirmed next: with many under way that was another one now and then, and the one that nothing holds passed for
//! kept. So one task publishes all messages of a channel and takes all their confirms, and a message counts as kept only when nothing
//! that was settled before it holds what came back of it.

use super::{Message, PublishError};
use bytes::Bytes;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use lapin::message::BasicReturnMessage;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::protocol::basic::AMQPProperties;
use lapin::protocol::{AMQPErrorKind, AMQPSoftError};
use lapin::{Channel, Confirmation, ErrorKind};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

/// A channel in confirm mode. Its task ends when this is dropped.
pub(super) struct Confirms {
    channel: Channel,
    requests: mpsc::UnboundedSender<Request>,
}

/// A message to publish, and who waits for what becomes of it.
struct Request {
    name: Name,
    properties: AMQPProperties,
    body: Bytes,
    told: oneshot::Sender<Result<(), PublishError>>,
}

/// By this a message is known when it comes back. Those of one name are the same message.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Name {
    exchange: String,
    routing_key: String,
    id: Uuid,
}

/// A message, and the broker's word on it: that on what came back may be the one on another.
struct Settled {
    name: Name,
    word: lapin::Result<Confirmation>,
    told: oneshot::Sender<Result<(), PublishError>>,
}

/// What came back and has not been told, with RabbitMQ's words.
#[derive(Default)]
struct Returns(Vec<(Name, String)>);

impl Confirms {
    /// Opens a channel.
    pub(super) async fn open(live: &lapin::Connection) -> Result<Self, String> {
        let channel = live.create_channel().await.map_err(|e| e.to_string())?;
        channel.confirm_select(ConfirmSelectOptions::default()).await.map_err(|e| e.to_string())?;
        let (requests, received) = mpsc::unbounded_channel();
        tokio::spawn(serve(channel.clone(), received));
        Ok(Self { channel, requests })
    }

    /// Whether it can be published on.
    pub(super) fn is_open(&self) -> bool {
        self.channel.status().connected() && !self.requests.is_closed()
    }

    /// Publishes and waits for the confirm. Dropping the future does not take the message back.
    pub(super) async fn publish(&self, message: &Message, properties: AMQPProperties) -> Result<(), PublishError> {
        let Message { exchange, routing_key, id, body, .. } = message;
        let name = Name { exchange: exchange.clone(), routing_key: routing_key.clone(), id: *id };
        let (told, outcome) = oneshot::channel();
        let closed = || PublishError::Lost("the channel is closed".to_owned());
        self.requests.send(Request { name, properties, body: body.clone(), told }).map_err(|_| closed())?;
        outcome.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Closes the channel. One that the broker has closed, or that went with its connection, needs no closing.
    pub(super) async fn close(self) {
        let _ = self.channel.close(200, "done".into()).await;
    }
}

async fn serve(channel: Channel, mut requests: mpsc::UnboundedReceiver<Request>) {
    let (mut under_way, mut returns) = (FuturesUnordered::new(), Returns::default());
    loop {
        tokio::select! {
            biased;
            request = requests.recv() => match request {
                Some(request) => under_way.push(publish(&channel, request)),
                // Nobody waits any longer for what is still under way.
                None => return,
            },
            Some(first) = under_way.next() => {
                let mut settled = vec![first];
                // All that was settled before it can be taken by now: the client library settles one after the other.
                while let Some(Some(more)) = under_way.next().now_or_never() {
                    settled.push(more);
                }
                returns.tell(settled);
            }
        }
    }
}

async fn publish(channel: &Channel, request: Request) -> Settled {
    let Request { name, properties, body, told } = request;
    // Without `mandatory` a message no queue takes would be confirmed and gone.
    let options = BasicPublishOptions { mandatory: true, immediate: false };
    let (exchange, routing_key) = (name.exchange.as_str().into(), name.routing_key.as_str().into());
    let word = match channel.basic_publish(exchange, routing_key, options, &body, properties).await {
        Ok(confirm) => confirm.await,
        Err(error) => Err(error),
    };
    Settled { name, word, told }
}

impl Returns {
    /// Tells everybody who waits for one of these what has become of it.
    fn tell(&mut self, mut settled: Vec<Settled>) {
        for Settled { word, .. } in &mut settled {
            if let Ok(Confirmation::Ack(returned) | Confirmation::Nack(returned)) = word
                && let Some(returned) = returned.take()
            {
                self.note(&returned);
            }
        }
        for Settled { name, word, told } in settled {
            let outcome = match (word, self.take(&name)) {
                (Ok(_), Some(reply)) => Err(PublishError::Returned { exchange: name.exchange, reply }),
                (Ok(Confirmation::Ack(_)), None) => Ok(()),
                (Ok(Confirmation::Nack(_)), None) => Err(PublishError::Nacked(name.exchange)),
                (Ok(Confirmation::NotRequested), None) => {
                    Err(PublishError::Lost("the channel is not in confirm mode".to_owned()))
                }
                (Err(error), _) => Err(classify(error)),
            };
            // Who has stopped waiting is not told.
            let _ = told.send(outcome);
        }
    }

    fn note(&mut self, returned: &BasicReturnMessage) {
        let id = returned.properties.message_id().as_ref().and_then(|id| Uuid::try_parse(id.as_str()).ok());
        let name = Name {
            exchange: returned.exchange.to_string(),
            routing_key: returned.routing_key.to_string(),
            // Every message that is published here has one.
            id: id.unwrap_or_default(),
        };
        self.0.push((name, returned.reply_text.to_string()));
    }

    fn take(&mut self, name: &Name) -> Option<String> {
        let at = self.0.iter().position(|(returned, _)| returned == name)?;
        Some(self.0.swap_remove(at).1)
    }
}

fn classify(error: lapin::Error) -> PublishError {
    if let ErrorKind::ProtocolError(amqp) = error.kind() {
        let forbidden = [AMQPSoftError::ACCESSREFUSED, AMQPSoftError::NOTFOUND, AMQPSoftError::PRECONDITIONFAILED];
        if matches!(amqp.kind(), AMQPErrorKind::Soft(soft) if forbidden.contains(soft)) {
            return PublishError::Forbidden(amqp.get_message().to_string());
        }
    }
    PublishError::Lost(error.to_string())
}
