//! Uplink: sends committed batches to the parent, with a verdict on each: over AMQP to the parent's broker, or over HTTP to an
//! endpoint of the standard, be it a node of our kind or any other.
//!
//! What the parent refuses fails, by the rule of §7.4. While it cannot be reached, or gives no verdict, the link pauses and says
//! so, and nothing counts.

mod amqp;
mod desk;
mod https;
mod standing;

pub use amqp::AmqpUplink;
pub use desk::LinkDesk;
pub use https::{Agreement, HttpsUplink, Peer};
pub use standing::Standing;

use tokio_util::task::TaskTracker;

/// The link to the parent, by whichever way.
pub enum Uplink {
    /// To its broker.
    Amqp(AmqpUplink),
    /// To an endpoint of the standard.
    Https(HttpsUplink),
}

impl Uplink {
    /// How the link is, for health.
    pub fn standing(&self) -> &Standing {
        match self {
            Uplink::Amqp(link) => link.standing(),
            Uplink::Https(link) => link.standing(),
        }
    }

    /// Starts it on `tasks`.
    pub fn start(self, tasks: &TaskTracker) {
        match self {
            Uplink::Amqp(link) => link.start(tasks),
            Uplink::Https(link) => link.start(tasks),
        }
    }
}
