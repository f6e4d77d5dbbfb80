//! What a vhost is. Pure: `documents` reads it from what RabbitMQ answers.

use super::objects::{Binding, Exchange, Permission, Queue, TopicPermission};
use super::password::PasswordHash;
use std::collections::BTreeMap;

/// The observed state of one vhost, and of all users of the broker.
#[derive(Debug, Clone, Default)]
pub struct Observed {
    /// `None` where there is no such vhost.
    pub(super) vhost: Option<ObservedVhost>,
    pub(super) users: BTreeMap<String, ObservedUser>,
}

/// A vhost that exists.
#[derive(Debug, Clone, Default)]
pub(super) struct ObservedVhost {
    /// Whether every message is copied to `amq.rabbitmq.trace`.
    pub(super) tracing: bool,
    /// Without RabbitMQ's own, whose names begin with `amq.`.
    pub(super) exchanges: BTreeMap<String, Exchange>,
    pub(super) queues: BTreeMap<String, ObservedQueue>,
    /// Without those of the default exchange, which every queue has.
    pub(super) bindings: Vec<ObservedBinding>,
    pub(super) policies: Vec<Policy>,
    pub(super) parameters: Vec<Parameter>,
    pub(super) limits: BTreeMap<String, i64>,
    pub(super) permissions: BTreeMap<String, Permission>,
    /// By user and exchange.
    pub(super) topics: BTreeMap<String, BTreeMap<String, TopicPermission>>,
}

/// A queue and what it holds, as of some seconds ago.
#[derive(Debug, Clone)]
pub(super) struct ObservedQueue {
    pub(super) queue: Queue,
    pub(super) messages: u64,
    pub(super) consumers: u64,
}

/// A binding and the name it is deleted by.
#[derive(Debug, Clone)]
pub(super) struct ObservedBinding {
    pub(super) binding: Binding,
    pub(super) properties_key: String,
}

/// A policy overrides the arguments of the queues and exchanges that it matches.
#[derive(Debug, Clone)]
pub(super) struct Policy {
    pub(super) name: String,
    pub(super) operator: bool,
    pub(super) meaning: String,
}

/// A runtime parameter: a shovel, a federation upstream.
#[derive(Debug, Clone)]
pub(super) struct Parameter {
    pub(super) component: String,
    pub(super) name: String,
}

/// A user of the broker.
#[derive(Debug, Clone)]
pub(super) struct ObservedUser {
    pub(super) password: PasswordHash,
    pub(super) tags: Vec<String>,
    pub(super) limits: BTreeMap<String, i64>,
}

impl ObservedUser {
    /// Whether it may do everything everywhere by its tag.
    pub(super) fn is_administrator(&self) -> bool {
        self.tags.iter().any(|tag| tag == "administrator")
    }
}
