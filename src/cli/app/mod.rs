//! `sesame app`: the parties that may call a node, in its store. A running node follows within a second.

mod add;
mod arguments;
mod grant;
mod keys;
pub(super) mod office;
mod proof;
mod rotate;
mod samples;
mod show;

use std::process::ExitCode;

/// The parties that may call a node: add them, rotate their keys, change what they may do
///
/// Running nodes follow within a second. Every change is noted with who made it. Apps in the settings ([[apps]]) are
/// listed and cannot be changed here.
#[derive(clap::Args)]
pub struct AppCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    Add(add::Add),
    List(show::List),
    Show(show::Show),
    Rotate(rotate::Rotate),
    Disable(grant::Disable),
    Enable(grant::Enable),
    Grant(grant::Grant),
    Set(grant::Set),
    History(show::History),
}

impl AppCommand {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        super::block_on(async {
            match self.command {
                Command::Add(command) => command.run().await,
                Command::List(command) => command.run().await,
                Command::Show(command) => command.run().await,
                Command::Rotate(command) => command.run().await,
                Command::Disable(command) => command.run().await,
                Command::Enable(command) => command.run().await,
                Command::Grant(command) => command.run().await,
                Command::Set(command) => command.run().await,
                Command::History(command) => command.run().await,
            }
        })
    }
}
