//! What every step of a node works with.

use super::receipts::Receipts;
use super::{Oldest, Stuck};
use crate::apps::Directory;
use crate::batch::{NodeIdentity, Trust};
use crate::broker::{Connection, Consumer, Message, Names, PublishError, Publisher};
use crate::clock::Clock;
use crate::config::PersistSettings;
use crate::dataset::InUse;
use crate::failure::Rule;
use crate::standard::region::RegionTable;
use crate::store::Store;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Shared by the steps of one node.
#[derive(Clone)]
pub struct Context {
    /// The node.
    pub node: NodeIdentity,
    /// The nodes whose word counts.
    pub trust: Arc<Trust>,
    /// The apps that may send to this node; in a process without a door those of the settings alone.
    pub apps: Directory,
    /// The data dictionary.
    pub dictionary: InUse,
    /// The region table.
    pub regions: Arc<RegionTable>,
    /// The node's PostgreSQL.
    pub store: Store,
    /// Publishes to the node's broker.
    pub publisher: Publisher,
    /// Consumes from the node's broker: apart from publishing, since a broker in alarm blocks the publishing one.
    pub consuming: Connection,
    /// Names of exchanges and queues.
    pub names: Names,
    /// Takes what children are to be told of their batches.
    pub receipts: Receipts,
    /// How old what the consumers hold is.
    pub oldest: Oldest,
    /// The threads of this process that do not come back.
    pub stuck: Stuck,
    /// How batches are committed.
    pub settings: PersistSettings,
    /// How what failed is tried again.
    pub rule: Rule,
    /// Whether anything takes from the accepted exchange.
    pub has_parent: bool,
    /// Whether the link to the parent takes parcels.
    pub link_takes_parcels: bool,
    /// The time.
    pub clock: Clock,
    /// Ends every step.
    pub stop: CancellationToken,
}

/// Between two looks at something that is down.
pub(super) const PROBE: Duration = Duration::from_millis(500);
/// Before a queue is consumed again that is not there, or refuses.
const CONSUME_AGAIN: Duration = Duration::from_secs(2);

impl Context {
    /// Whether what is published for a step may travel in parcels. A subscriber knows no parcels.
    pub(super) fn has_parcels(&self, step: &str) -> bool {
        match step {
            "persist" => true,
            "uplink" => self.link_takes_parcels,
            _ => false,
        }
    }

    /// Publishes what is for a step: with others in a parcel, where that takes them.
    pub(super) async fn publish(&self, step: &str, message: &Message) -> Result<(), PublishError> {
        match self.has_parcels(step) {
            true => self.publisher.publish_gathered(message).await,
            false => self.publisher.publish(message).await,
        }
    }

    /// Waits until no more threads are stuck than a process can live with. False when told to stop meanwhile.
    pub(super) async fn able(&self) -> bool {
        if self.stuck.too_many() {
            let stuck = self.stuck.count();
            tracing::error!(
                stuck,
                "this process works on no further batch, since so many threads are stuck: restart it"
            );
        }
        while self.stuck.too_many() {
            if !self.pause(PROBE).await {
                return false;
            }
        }
        true
    }

    /// Waits until the store takes writes. False when told to stop meanwhile.
    pub(super) async fn store_up(&self) -> bool {
        let mut told = false;
        loop {
            let answer = tokio::select! {
                answer = self.store.probe() => answer,
                () = self.stop.cancelled() => return false,
            };
            match answer {
                Ok(_) => return true,
                Err(error) if !told => {
                    tracing::warn!(%error, "waiting for the store");
                    told = true;
                }
                Err(_) => {}
            }
            if !self.pause(PROBE).await {
                return false;
            }
        }
    }

    /// Waits until a connection to the broker is there. False when told to stop meanwhile.
    pub(super) async fn broker_up(&self, connection: &Connection) -> bool {
        tokio::select! {
            () = connection.up() => self.pause(Duration::from_millis(50)).await,
            () = self.stop.cancelled() => false,
        }
    }

    /// A consumer of `queue`, once the store takes writes, without which nothing can be decided about a message, and the broker is
    /// there. `None` when told to stop meanwhile.
    pub(super) async fn consumer(&self, from: &Connection, queue: &str, prefetch: u16) -> Option<Consumer> {
        let mut told = String::new();
        while !self.stop.is_cancelled() && self.store_up().await && self.broker_up(from).await {
            match from.consume(queue, prefetch).await {
                Ok(consumer) => return Some(consumer),
                Err(error) => {
                    let error = error.to_string();
                    if error != told {
                        tracing::warn!(
                            error,
                            queue,
                            "cannot consume, and tries on: sesame topology check tells what the queue lacks"
                        );
                        told = error;
                    }
                }
            }
            if !self.pause(CONSUME_AGAIN).await {
                break;
            }
        }
        None
    }

    /// Pauses. False when told to stop meanwhile.
    pub(super) async fn pause(&self, duration: Duration) -> bool {
        tokio::select! {
            () = tokio::time::sleep(duration) => true,
            () = self.stop.cancelled() => false,
        }
    }
}
