//! The topology of a node's vhost as declared data (`topology/node.toml`), rendered as RabbitMQ definitions and applied
//! through the management API. Nobody declares queues by hand.

mod declaration;
mod definitions;
mod management;

pub use declaration::{Declaration, DeclarationError};
pub use definitions::{ChildUser, NodeTopology};
pub use management::{Management, TopologyError, apply};
