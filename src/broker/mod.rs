//! RabbitMQ: supervised connections, the confirmed publisher, the consumer, and the topology as declared data. No other
//! room imports the AMQP client.

mod confirms;
mod connection;
mod consumer;
mod flight;
mod gather;
mod message;
mod names;
mod parcel;
mod publisher;
pub mod topology;
mod transport;

pub use connection::{Availability, Connection, ConnectionSettings};
pub use consumer::{ConsumeError, Consumer, Getter};
pub use gather::SORTED_BY;
pub use message::{Delivery, FIRST_QUEUE, Message, ack_all};
pub use names::Names;
pub use publisher::{PublishError, Publisher};
