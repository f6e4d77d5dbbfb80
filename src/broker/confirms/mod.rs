//! A channel in confirm mode, and whose return is whose.
//!
//! RabbitMQ sends a message back that no queue takes, and then confirms it all the same. The client library hands what came back to whichever
//! message of the channel it settles next: with many under way that was another one now and then, and the one that nothing holds passed for
//! kept. So one task publishes all messages of a channel and takes all their confirms, and a [`Ledger`] tells each what became of it
//! once that is certain.

mod ledger;

use self::ledger::{Ledger, Name, Settled, Word};
use super::{Message, PublishError};
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use lapin::message::BasicReturnMessage;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::protocol::basic::AMQPProperties;
use lapin::protocol::{AMQPErrorKind, AMQPSoftError};
use lapin::{Channel, Confirmation, ErrorKind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
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

    /// Publishes and waits for the confirm. Dropping the future may leave the message unsent, and does not take it back.
    pub(super) async fn publish(&self, message: &Message, properties: AMQPProperties) -> Result<(), PublishError> {
        let Message { exchange, routing_key, id, body, .. } = message;
        let name = Name { id: *id, exchange: exchange.as_str().into(), routing_key: routing_key.as_str().into() };
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

/// Publishes what is asked for, in order, but for what nobody waits for any more; until its [`Confirms`] is dropped.
async fn serve(channel: Channel, mut requests: mpsc::UnboundedReceiver<Request>) {
    let (mut under_way, mut ledger) = (FuturesUnordered::new(), Ledger::default());
    loop {
        tokio::select! {
            biased;
            request = requests.recv() => match request {
                Some(request) if request.told.is_closed() => {}
                Some(request) => under_way.push(publish(&channel, request)),
                None => return,
            },
            Some(first) = under_way.next() => {
                let mut settled = vec![first];
                take_ready(&mut under_way, &mut settled).await;
                ledger.enter(settled);
            }
        }
    }
}

/// Takes all that is settled by now. Of what the client library had settled before anything that is taken, nothing is left behind: it
/// settles one after the other, and wakes each before it goes on.
async fn take_ready(under_way: &mut FuturesUnordered<impl Future<Output = Settled>>, settled: &mut Vec<Settled>) {
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(woken.clone());
    loop {
        let polled = under_way.poll_next_unpin(&mut Context::from_waker(&waker));
        match polled {
            Poll::Ready(Some(more)) => settled.push(more),
            Poll::Ready(None) => return,
            // Woken meanwhile, perhaps by itself: it pauses now and then although more is ready.
            Poll::Pending if woken.0.swap(false, Ordering::AcqRel) => tokio::task::yield_now().await,
            Poll::Pending => return,
        }
    }
}

/// Whether somebody was to be woken.
#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

async fn publish(channel: &Channel, request: Request) -> Settled {
    let Request { name, properties, body, told } = request;
    // Without `mandatory` a message no queue takes would be confirmed and gone.
    let options = BasicPublishOptions { mandatory: true, immediate: false };
    let (exchange, routing_key) = (name.exchange.clone(), name.routing_key.clone());
    let sent = channel.basic_publish(exchange, routing_key, options, &body, properties).await;
    // It is written: nobody's memory is held while the broker takes its time.
    drop(body);
    let confirmed = match sent {
        Ok(confirm) => confirm.await,
        Err(error) => Err(error),
    };
    let (word, returned) = match confirmed {
        Ok(Confirmation::Ack(returned)) => (Word::Kept, returned),
        Ok(Confirmation::Nack(returned)) => (Word::Nacked, returned),
        Ok(Confirmation::NotRequested) => {
            (Word::Failed(PublishError::Lost("the channel is not in confirm mode".to_owned())), None)
        }
        Err(error) => (Word::Failed(classify(error)), None),
    };
    Settled { name, word, returned: returned.map(named), told }
}

/// Which message came back, and RabbitMQ's words.
fn named(returned: BasicReturnMessage) -> (Name, String) {
    let id = returned.properties.message_id().as_ref().and_then(|id| Uuid::try_parse(id.as_str()).ok());
    let (exchange, routing_key) = (returned.exchange.clone(), returned.routing_key.clone());
    // Every message that is published here has an id.
    (Name { id: id.unwrap_or_default(), exchange, routing_key }, returned.reply_text.to_string())
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
