//! Invariant 5 and §7.2 at the broker: a child's and a subscriber's very own credentials against a running broker. What RabbitMQ
//! refuses is refused here; what it lets through is refused by persist and listed as a failure. `invariants/forged` has the
//! forgeries within a message.

mod attempts;
mod beside;
mod copies;
mod removed;
mod subscriber;

use crate::harness::{Spec, TestNode};
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::protocol::{AMQPErrorKind, AMQPHardError, AMQPSoftError};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties, ErrorKind};
use std::future::Future;

/// A city with two children, one of which tries what it may not.
struct Walls {
    city: TestNode,
    /// The city's broker as the child 370203.
    uri: String,
    user: String,
}

impl Walls {
    /// The city's vhost, with its node not running.
    async fn standing() -> Self {
        let city = Spec::new("370200");
        let (county, neighbour) = (Spec::new("370203").parent(&city), Spec::new("370211").parent(&city));
        let (uri, user) = (county.uri_at_parent().to_owned(), county.user());
        Self { city: city.prepare(&[&county, &neighbour]).await, uri, user }
    }

    async fn connection(&self) -> Connection {
        Connection::connect(&self.uri, ConnectionProperties::default()).await.expect("the child's own connection")
    }
}

/// A channel in confirm mode: without confirms a refusal comes at some later time.
async fn channel(connection: &Connection) -> Channel {
    let channel = connection.create_channel().await.unwrap();
    channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
    channel
}

/// Each attempt on a channel of its own, since a refusal closes it, must be refused with 403.
async fn refused<T, F: Future<Output = Result<T, lapin::Error>>>(
    connection: &Connection,
    what: &str,
    attempt: impl FnOnce(Channel) -> F,
) {
    let error = attempt(channel(connection).await).await.err().unwrap_or_else(|| panic!("let through: {what}"));
    assert_eq!(code(&error), 403, "{what}: {error}");
}

async fn publish(
    channel: &Channel,
    exchange: &str,
    key: &str,
    properties: BasicProperties,
) -> Result<(), lapin::Error> {
    let options = BasicPublishOptions { mandatory: true, immediate: false };
    let confirm = channel.basic_publish(exchange.into(), key.into(), options, b"{}", properties).await?;
    confirm.await.map(drop)
}

/// RabbitMQ's code for why it closed a channel or a connection.
fn code(error: &lapin::Error) -> u16 {
    match error.kind() {
        ErrorKind::ProtocolError(amqp) => match amqp.kind() {
            AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED) => 403,
            AMQPErrorKind::Soft(AMQPSoftError::PRECONDITIONFAILED) => 406,
            AMQPErrorKind::Hard(AMQPHardError::NOTALLOWED) => 530,
            other => panic!("another refusal: {other:?}"),
        },
        other => panic!("no refusal of RabbitMQ: {other:?}"),
    }
}
