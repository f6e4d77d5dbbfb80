//! `sesame topology`: the brokers' vhosts as declared, and the settings of those who take part.

mod compare;
mod federation;
mod files;
mod report;

use std::process::ExitCode;

/// Make a node's RabbitMQ vhost as topology/ declares it, and prepare further nodes
///
/// plan, apply and check need `[broker] management` in the settings: the address of RabbitMQ's management API with an
/// administrator's name and password. They take any number of nodes in one call.
#[derive(clap::Args)]
pub struct Topology {
    #[command(subcommand)]
    command: TopologyCommand,
}

#[derive(clap::Subcommand)]
enum TopologyCommand {
    /// Show how vhosts differ from what is declared: + create, - remove, ~ change, ! only a person can
    #[command(after_help = "Example: sesame topology plan --config /etc/sesame/node.toml")]
    Plan(compare::Compare),
    /// Make vhosts as declared, and say what is left to do by hand. Safe to repeat
    ///
    /// Never deletes a queue that holds messages or has consumers, and never replaces one whose arguments differ. Exit status
    /// 1 if anything is left.
    #[command(after_help = "Example: sesame topology apply --config /etc/sesame/node.toml")]
    Apply(compare::Compare),
    /// Exit with status 1 if anything differs from what is declared
    #[command(after_help = "Example: sesame topology check --config nodes/ && echo all as declared")]
    Check(compare::Compare),
    /// Prepare what a new child of a node needs, and say what both operators must do
    ///
    /// Generates its key and its password at this node's broker, writes its settings, and prints the [[children]] section for
    /// this node's. Safe to repeat: secrets that exist are kept.
    #[command(after_help = "Example: sesame topology new-child 370203 --config /etc/sesame/node.toml --out /root/new")]
    NewChild(federation::NewChild),
    /// Write settings and secrets for every node of a federation file. Safe to repeat: adds what is missing
    #[command(after_help = "Example: sesame topology settings --federation topology/province.toml --out nodes")]
    Settings(federation::Settings),
}

impl Topology {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            TopologyCommand::Plan(command) => command.plan(),
            TopologyCommand::Apply(command) => command.apply(),
            TopologyCommand::Check(command) => command.check(),
            TopologyCommand::NewChild(command) => command.run(),
            TopologyCommand::Settings(command) => command.run(),
        }
    }
}
