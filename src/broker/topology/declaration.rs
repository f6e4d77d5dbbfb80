//! What `topology/node.toml` says.

use serde::Deserialize;

/// The objects of one node's vhost, with `{tier}` in their names.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declaration {
    pub(super) exchanges: Vec<Exchange>,
    pub(super) queues: Vec<Queue>,
    pub(super) bindings: Vec<Binding>,
}

/// The declaration cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("topology declaration: {0}")]
pub struct DeclarationError(#[from] toml::de::Error);

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Exchange {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: ExchangeKind,
    /// Where a message goes that no binding takes.
    pub(super) alternate: Option<String>,
    #[serde(default)]
    pub(super) when: When,
}

#[derive(Debug, Clone, Copy, Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ExchangeKind {
    Topic,
    Headers,
    Fanout,
    Direct,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Queue {
    pub(super) name: String,
    /// The exchange that takes what has reached the delivery limit.
    pub(super) dead_letter: Option<String>,
    /// Messages beyond this push out the oldest.
    pub(super) max_length: Option<u64>,
    #[serde(default)]
    pub(super) when: When,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Binding {
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

/// At which nodes an object exists.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum When {
    #[default]
    Always,
    Parent,
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
        }
    }
}
