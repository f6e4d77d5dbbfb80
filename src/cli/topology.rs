//! `sesame topology`

use super::block_on;
use crate::broker::topology::{Declaration, Management, apply};
use crate::config;
use crate::node::topology_of;
use crate::tls::ClientTls;
use anyhow::Context;
use std::path::PathBuf;
use std::process::ExitCode;

/// Make a node's RabbitMQ vhost as topology/ declares it
#[derive(clap::Args)]
pub struct Topology {
    #[command(subcommand)]
    command: TopologyCommand,
}

#[derive(clap::Subcommand)]
enum TopologyCommand {
    /// Create what is missing: vhost, exchanges, queues, bindings, users, permissions. Safe to repeat.
    ///
    /// Needs `[broker] management` in the settings: the address of RabbitMQ's management API with an administrator's name and
    /// password.
    #[command(after_help = "Example: sesame topology apply --config /etc/sesame/node.toml")]
    Apply {
        /// The node's settings
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
}

impl Topology {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let TopologyCommand::Apply { config: path } = self.command;
        let config = config::load(&path)?;
        let address = config.broker.management.as_ref().context(
            "[broker] management is not set: give http://user:password@host:port of RabbitMQ's management API",
        )?;
        let tls = ClientTls::load("broker", &config.broker.tls())?;
        let management = Management::trusting(address.text(), &tls)?;
        let node = topology_of(&config)?;
        block_on(async { Ok(apply(&management, &Declaration::builtin(), &node).await?) })?;
        println!("vhost {} is as declared for {} ({})", node.vhost, config.node.region, config.node.region.tier());
        Ok(ExitCode::SUCCESS)
    }
}
