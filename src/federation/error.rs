//! Why a federation, or one more child, cannot be written down.

use crate::standard::region::Region;
use std::path::PathBuf;

/// Why a federation cannot be read or its settings cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum FederationError {
    /// The text is no TOML, or a key is not as expected.
    #[error("{0}")]
    Invalid(#[from] toml::de::Error),
    /// An entry contradicts itself, another entry or the region table.
    #[error("[[nodes]] {entry}: {reason}")]
    Entry {
        /// The region or `within` of the entry.
        entry: String,
        /// What is wrong and what to write instead.
        reason: String,
    },
    /// A node has no address for a server, which its settings need.
    #[error("node {region} has no {key}: give {key} = \"...\" under [addresses], or in its own entry")]
    NoAddress {
        /// The node.
        region: Region,
        /// `broker` or `store`.
        key: &'static str,
    },
    /// An address of a broker is no URI.
    #[error("a broker's address is amqp://host:port/vhost or amqps://host:port/vhost: {0}")]
    NotABroker(String),
    /// A region cannot become a child.
    #[error("{child} cannot become a child of {parent}: {reason}")]
    NotAChild {
        /// The region asked for.
        child: Region,
        /// The node.
        parent: Region,
        /// Why.
        reason: String,
    },
    /// A file cannot be read or written.
    #[error("cannot {what} {path}: {reason}")]
    File {
        /// `read`, `write` and so on.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The operating system's words.
        reason: std::io::Error,
    },
    /// Two files that must hold the same secret do not.
    #[error("{one} and {other} must hold the same secret and do not: copy the right one over the other")]
    Unlike {
        /// A file.
        one: PathBuf,
        /// The other.
        other: PathBuf,
    },
    /// A file that is there already is not as a former run has written it.
    #[error("{path} is there already and cannot be used: {reason}; mend it or move it away")]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}
