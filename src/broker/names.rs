//! Names of exchanges and queues, all of which begin with the tier (topology/node.toml declares them).

use crate::failure::Pause;
use crate::standard::region::{Region, Tier};

/// The names of one tier.
#[derive(Debug, Clone, Copy)]
pub struct Names(pub Tier);

impl Names {
    /// Topic exchange that ingress and children publish to.
    pub fn exchange(self) -> String {
        self.0.to_string()
    }

    /// Headers exchange that sorts batches by size; what is tried again goes straight to it. Also the queue of small ones.
    pub fn persist(self) -> String {
        format!("{}.persist", self.0)
    }

    /// Queue of bulk batches.
    pub fn persist_bulk(self) -> String {
        format!("{}.persist.bulk", self.0)
    }

    /// Topic exchange of batches committed here.
    pub fn accepted(self) -> String {
        format!("{}.accepted", self.0)
    }

    /// Headers exchange that sorts batches for the parent by size. Also the queue of small ones.
    pub fn uplink(self) -> String {
        format!("{}.uplink", self.0)
    }

    /// Queue of bulk batches for the parent.
    pub fn uplink_bulk(self) -> String {
        format!("{}.uplink.bulk", self.0)
    }

    /// Direct exchange of the pauses: the key is the queue's name.
    pub fn retry(self) -> String {
        format!("{}.retry", self.0)
    }

    /// Queue in which tokens of a step's failures wait for a pause to pass.
    pub fn waiting(self, step: &str, pause: Pause) -> String {
        let pause = match pause {
            Pause::First => "retry.1",
            Pause::Second => "retry.2",
            Pause::Parked => "parked",
        };
        format!("{}.{step}.{pause}", self.0)
    }

    /// Direct exchange of tokens whose pause has passed: the key is the step.
    pub fn back(self) -> String {
        format!("{}.return", self.0)
    }

    /// Queue of tokens whose pause has passed.
    pub fn returned(self, step: &str) -> String {
        format!("{}.{step}.return", self.0)
    }

    /// Queue, and its exchange, of batches suspected of ending or stalling whatever works on them.
    pub fn quarantine(self) -> String {
        format!("{}.quarantine", self.0)
    }

    /// Direct exchange of receipts; the key is the region of the child that is to have one.
    pub fn receipts(self) -> String {
        format!("{}.receipts", self.0)
    }

    /// Bounded queue of one child's receipts, which that child alone may read.
    pub fn receipts_of(self, child: Region) -> String {
        format!("{}.receipts.{child}", self.0)
    }

    /// Bounded queue of log entries, and its exchange.
    pub fn log(self) -> String {
        format!("{}.log", self.0)
    }

    /// Queue of what no other takes.
    pub fn unrouted(self) -> String {
        format!("{}.unrouted", self.0)
    }

    /// Queue of messages that reached the delivery limit.
    pub fn poison(self) -> String {
        format!("{}.poison", self.0)
    }

    /// Queue of messages that cannot even be read; nobody takes from it.
    pub fn unreadable(self) -> String {
        format!("{}.unreadable", self.0)
    }

    /// Exchange of what subscribers are given; the key is the subscription's id.
    pub fn share(self) -> String {
        format!("{}.share", self.0)
    }
}
