//! Why the demo could not be run.

use crate::broker::topology::TopologyError;
use crate::config::ConfigError;
use crate::generate::CannotGenerate;
use crate::lab::LabError;
use crate::node::StartError;
use crate::standard::cipher::NotAKey;
use crate::standard::region::Region;
use crate::store::StoreError;
use crate::tls::TlsError;
use std::path::PathBuf;

/// Why the demo could not be run.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// Files of the demo cannot be used.
    #[error("cannot use {}: {reason}; run from a folder you may write to, or give --dir", path.display())]
    Folder {
        /// The path.
        path: PathBuf,
        /// The operating system's words.
        reason: std::io::Error,
    },
    /// A private server is at fault.
    #[error(transparent)]
    Lab(#[from] LabError),
    /// The vhosts could not be made.
    #[error(transparent)]
    Topology(#[from] TopologyError),
    /// The settings written are bad.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A node's settings are bad.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A node did not become ready.
    #[error("a node is not ready after 30 s: {0}")]
    NotReady(String),
    /// A store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Records could not be generated.
    #[error(transparent)]
    Generate(#[from] CannotGenerate),
    /// The demo's own key is bad.
    #[error(transparent)]
    Key(#[from] NotAKey),
    /// An exchange was refused.
    #[error("an exchange was refused: {0}")]
    Refused(String),
    /// What was to fail has not.
    #[error("{region} was to have a failure of reason {reason}, and has none after 60 s: see its log")]
    NoFailure {
        /// The node's region.
        region: Region,
        /// The reason's code.
        reason: &'static str,
    },
    /// A command of the walk-through does not do what the text says.
    #[error("README.md is not true: {commands}\nended with {status} and printed\n{printed}\nexpected was\n{expected}")]
    Untrue {
        /// The commands.
        commands: String,
        /// How they ended.
        status: std::process::ExitStatus,
        /// What they printed.
        printed: String,
        /// What the text says they print.
        expected: String,
    },
    /// No demo can be asked.
    #[error("no demo listens at {}: {reason}; start one with `make demo`, and wait until it shows its addresses", path.display())]
    NoDemo {
        /// Its socket.
        path: PathBuf,
        /// The operating system's words.
        reason: std::io::Error,
    },
    /// The demo has no such node.
    #[error("the demo has no node {0}: topology/demo.toml has its nodes")]
    NoNode(Region),
    /// A running demo could not do what it was asked.
    #[error("{0}")]
    NotDone(String),
    /// The CA cannot be read.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// No HTTP client.
    #[error(transparent)]
    Http(#[from] reqwest::Error),
}
