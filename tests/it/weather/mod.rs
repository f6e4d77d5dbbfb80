//! Broker weather: whatever RabbitMQ or the network to it does, a caller has an answer within seconds, nothing acknowledged is
//! lost, and the node recovers by itself.

mod alarms;
mod network;
mod outcomes;
pub mod sending;
