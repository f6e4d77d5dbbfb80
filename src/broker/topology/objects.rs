//! The objects of a vhost as values that can be compared: what is wanted and what is there are told in the same words.

use serde_json::{Map, Value};
use std::fmt;

/// An exchange, but for its name.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Exchange {
    /// `topic`, `headers`, `fanout`, `direct`, or what a plugin adds.
    pub(super) kind: String,
    pub(super) durable: bool,
    pub(super) auto_delete: bool,
    pub(super) internal: bool,
    pub(super) arguments: Map<String, Value>,
}

/// A queue, but for its name. Its type is the argument `x-queue-type`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Queue {
    pub(super) durable: bool,
    pub(super) auto_delete: bool,
    pub(super) arguments: Map<String, Value>,
}

/// A binding. Any number may join the same two ends, told apart by key and arguments.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Binding {
    pub(super) source: String,
    pub(super) end: End,
    pub(super) destination: String,
    pub(super) key: String,
    pub(super) arguments: Map<String, Value>,
}

/// What a binding leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Queue,
    Exchange,
}

/// What a user may do in the vhost, as regular expressions on names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Permission {
    pub(super) configure: String,
    pub(super) write: String,
    pub(super) read: String,
}

/// Which routing keys a user may use at one exchange, as regular expressions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TopicPermission {
    pub(super) write: String,
    pub(super) read: String,
}

impl End {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            End::Queue => "queue",
            End::Exchange => "exchange",
        }
    }

    /// The letter of the management API's paths.
    pub(super) fn letter(self) -> char {
        match self {
            End::Queue => 'q',
            End::Exchange => 'e',
        }
    }
}

impl fmt::Display for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {} {}", self.source, self.end.as_str(), self.destination)?;
        if !self.key.is_empty() {
            write!(f, " key {:?}", self.key)?;
        }
        if !self.arguments.is_empty() {
            write!(f, " {}", Value::Object(self.arguments.clone()))?;
        }
        Ok(())
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "configure \"{}\", write \"{}\", read \"{}\"", self.configure, self.write, self.read)
    }
}

impl fmt::Display for TopicPermission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "write \"{}\", read \"{}\"", self.write, self.read)
    }
}
