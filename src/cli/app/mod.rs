//! `sesame app`: the parties that may call a node, in its store. A running node follows within a second.

mod add;
mod arguments;
mod grant;
mod keys;
mod office;
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
    /// Add an app; prints its key once, and samples with its own values
    Add(add::Add),
    /// List the apps of the store and of the settings
    List(show::List),
    /// Show one app: grants, limits, state; never its keys
    Show(show::Show),
    /// Give an app a new key; the one before stays good for a while
    Rotate(rotate::Rotate),
    /// Let an app call no more
    Disable(grant::Disable),
    /// Let a disabled app call again
    Enable(grant::Enable),
    /// Change what an app may do: regions, business codes, actions, the operator grant
    Grant(grant::Grant),
    /// Change name, way of signing, form of answers, test mark or limits
    Set(grant::Set),
    /// Show who changed what, the latest first
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
