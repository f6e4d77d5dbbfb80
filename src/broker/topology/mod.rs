//! The topology of a node's vhost as declared data (`topology/node.toml`). Nobody declares queues by hand: [`Desired`] is
//! what the declaration asks for, [`Observed`] what RabbitMQ has, [`difference`] tells one from the other with the steps
//! between them, all pure; the management API only observes and carries out steps.

mod apply;
mod declaration;
mod desired;
mod difference;
mod documents;
mod management;
mod node;
mod objects;
mod observed;
mod password;
mod step;
mod users;

#[cfg(test)]
mod tests;

pub use apply::{Applied, apply, plan};
pub use declaration::{Declaration, DeclarationError};
pub use desired::Desired;
pub use difference::{Action, Difference, difference};
pub use management::{Management, TopologyError};
pub use node::{ChildUser, NodeTopology, SubscriberUser};
pub use observed::Observed;
