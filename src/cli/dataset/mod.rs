//! `sesame dataset`: the data dictionary, looked at without a running node.

mod check;
mod show;
mod source;
mod validate;

use clap::Subcommand;
use std::process::ExitCode;

/// The data dictionary: check its files, show a dataset, try records against it
#[derive(clap::Args)]
pub struct DatasetCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Read the files of a dictionary and tell every mistake
    Check(check::Check),
    /// Show the fields and rules of a dataset
    Show(show::Show),
    /// Hold records of a file against the rules, without sending them
    Validate(validate::Validate),
}

impl DatasetCommand {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Check(command) => command.run(),
            Command::Show(command) => command.run(),
            Command::Validate(command) => command.run(),
        }
    }
}
