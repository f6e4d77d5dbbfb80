//! What `topology/node.toml` says.

use crate::failure::Pause;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The objects of one node's vhost, with `{tier}`, `{child}` and `{subscriber}` in their names.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declaration {
    pub(super) exchanges: Vec<DeclaredExchange>,
    pub(super) queues: Vec<DeclaredQueue>,
    pub(super) bindings: Vec<DeclaredBinding>,
    #[serde(default)]
    pub(super) limits: DeclaredLimits,
}

/// The declaration cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("topology declaration: {0}")]
pub struct DeclarationError(#[from] toml::de::Error);

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeclaredExchange {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: ExchangeKind,
    /// Where a message goes that no binding takes.
    pub(super) alternate: Option<String>,
    #[serde(default)]
    pub(super) when: When,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ExchangeKind {
    Topic,
    Headers,
    Fanout,
    Direct,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeclaredQueue {
    pub(super) name: String,
    /// The exchange that takes what has reached the delivery limit.
    pub(super) dead_letter: Option<String>,
    /// Deliveries after which it takes it, where not the usual number.
    pub(super) delivery_limit: Option<u64>,
    /// What waits here is dead-lettered with this routing key when the pause has passed. Nobody consumes it.
    pub(super) pause: Option<DeclaredPause>,
    /// Messages beyond this push out the oldest; with a dead-letter exchange they are refused instead.
    pub(super) max_length: Option<u64>,
    /// The same in bytes of bodies.
    pub(super) max_bytes: Option<u64>,
    #[serde(default)]
    pub(super) when: When,
}

/// A pause of [failures] and where it leads.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeclaredPause {
    pub(super) after: After,
    /// Routing key of the dead-letter exchange.
    pub(super) key: String,
}

/// After what the pause is.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum After {
    FirstFailure,
    SecondFailure,
    Mark,
}

impl After {
    pub(super) fn pause(self) -> Pause {
        match self {
            After::FirstFailure => Pause::First,
            After::SecondFailure => Pause::Second,
            After::Mark => Pause::Parked,
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeclaredBinding {
    pub(super) source: String,
    #[serde(flatten)]
    pub(super) destination: Destination,
    #[serde(default)]
    pub(super) key: String,
    pub(super) header: Option<Header>,
    #[serde(default)]
    pub(super) when: When,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Destination {
    Queue(String),
    Exchange(String),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    pub(super) name: String,
    pub(super) value: String,
}

/// RabbitMQ's limits by their own names, `max-connections` and so on.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeclaredLimits {
    /// Of the vhost.
    #[serde(default)]
    pub(super) vhost: BTreeMap<String, i64>,
    /// Of each child's user.
    #[serde(default)]
    pub(super) child: BTreeMap<String, i64>,
    /// Of each subscriber's user.
    #[serde(default)]
    pub(super) subscriber: BTreeMap<String, i64>,
}

/// At which nodes an object exists, and how often.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum When {
    /// Once, everywhere.
    #[default]
    Always,
    /// Once, at a node that has a parent.
    Parent,
    /// Once for each child, `{child}` being the child's region.
    EachChild,
    /// Once for each subscriber, `{subscriber}` being its id.
    EachSubscriber,
}

impl ExchangeKind {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            ExchangeKind::Topic => "topic",
            ExchangeKind::Headers => "headers",
            ExchangeKind::Fanout => "fanout",
            ExchangeKind::Direct => "direct",
        }
    }
}

impl Declaration {
    /// The declaration that ships with sesame.
    pub fn builtin() -> Self {
        // A test parses the same file, so a build that passes its tests cannot fail here.
        Self::parse(include_str!("../../../topology/node.toml")).expect("the built-in topology is well-formed")
    }

    /// Reads a declaration.
    pub fn parse(text: &str) -> Result<Self, DeclarationError> {
        Ok(toml::from_str(text)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_exchange_leads_somewhere_and_nothing_is_bound_to_nothing() {
        let declaration = Declaration::builtin();
        let queues: HashSet<&str> = declaration.queues.iter().map(|q| q.name.as_str()).collect();
        let exchanges: HashSet<&str> = declaration.exchanges.iter().map(|e| e.name.as_str()).collect();
        let sources: HashSet<&str> = declaration.bindings.iter().map(|b| b.source.as_str()).collect();
        for binding in &declaration.bindings {
            assert!(exchanges.contains(binding.source.as_str()), "{binding:?}");
            match &binding.destination {
                Destination::Queue(name) => assert!(queues.contains(name.as_str()), "{binding:?}"),
                Destination::Exchange(name) => assert!(exchanges.contains(name.as_str()), "{binding:?}"),
            }
        }
        for exchange in &declaration.exchanges {
            assert!(sources.contains(exchange.name.as_str()), "nothing takes from {}", exchange.name);
            let catches_all = matches!(exchange.kind, ExchangeKind::Fanout);
            assert!(catches_all || exchange.alternate.is_some(), "{} can lose messages", exchange.name);
        }
        for queue in &declaration.queues {
            assert!(queue.dead_letter.as_deref().is_none_or(|name| exchanges.contains(name)), "{queue:?}");
            assert_eq!(queue.when == When::EachChild, queue.name.contains("{child}"), "{queue:?}");
            assert_eq!(queue.when == When::EachSubscriber, queue.name.contains("{subscriber}"), "{queue:?}");
        }
    }
}
