//! `sesame topology`

use super::block_on;
use crate::broker::topology::{ChildUser, Declaration, Management, NodeTopology, apply};
use crate::config::{self, Config};
use anyhow::{Context, anyhow};
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
    /// Needs [broker] management: http://user:password@host:port of an administrator.
    /// Example: sesame topology apply --config /etc/sesame/node.toml
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
        let management = Management::new(address.text())?;
        let node = topology_of(&config)?;
        block_on(async { Ok(apply(&management, &Declaration::builtin(), &node).await?) })?;
        println!("vhost {} is as declared for {} ({})", node.vhost, config.node.region, config.node.region.tier());
        Ok(ExitCode::SUCCESS)
    }
}

/// The topology that a node's settings ask for.
fn topology_of(config: &Config) -> anyhow::Result<NodeTopology> {
    let uri = reqwest::Url::parse(config.broker.uri.text()).map_err(|e| anyhow!("[broker] uri: {e}"))?;
    let vhost = match uri.path().trim_start_matches('/') {
        "" => "/".to_owned(),
        path => percent_decoded(path),
    };
    let children = config.children.iter().map(|child| ChildUser {
        region: child.region,
        user: child.appid.clone(),
        password: child.broker_password.as_ref().map(|password| password.text().to_owned()),
    });
    Ok(NodeTopology {
        vhost,
        region: config.node.region,
        user: config.node.appid.clone(),
        password: uri.password().map(percent_decoded),
        has_parent: config.parent.is_some(),
        children: children.collect(),
    })
}

fn percent_decoded(text: &str) -> String {
    // A query string decodes percent signs as a path does, but for the plus sign.
    let query = format!("v={}", text.replace('+', "%2B"));
    let url = reqwest::Url::parse(&format!("http://x/?{query}"));
    url.ok().and_then(|url| url.query_pairs().next().map(|(_, value)| value.into_owned())).unwrap_or_default()
}
