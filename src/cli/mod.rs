//! The command line: one file a subcommand. Exit status 0 done, 1 refused or failed, 2 wrong usage. Errors are anyhow's
//! here and in outer loops only, since nobody decides by them any more.

mod actor;
mod app;
mod archive;
mod dataset;
mod demo;
mod evidence;
mod exchange;
mod failures;
mod generate;
mod interface;
mod lab;
mod marks;
mod past;
mod send;
mod serve;
mod topology;

use crate::tls;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// sesame: Special Equipment Safety Administration Message Exchange
///
/// A message-queue federation broker for special-equipment regulators: takes the standard's signed exchanges over HTTP,
/// keeps them, and sends them up from county to city, province and nation.
#[derive(Parser)]
#[command(name = "sesame", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a node
    Serve(serve::Serve),
    /// The parties that may call a node: add them, rotate their keys, change what they may do
    App(app::AppCommand),
    /// Transfers that failed at the door: list them, clear one by hand
    Marks(marks::MarksCommand),
    /// The data dictionary: check its files, show a dataset, try records against it
    Dataset(dataset::DatasetCommand),
    /// Make a node's RabbitMQ vhost as topology/ declares it
    Topology(topology::Topology),
    /// Run a federation of seven nodes on this machine, feed it, and compare the tiers
    Demo(demo::Demo),
    /// Print generated, valid records of a dataset
    Generate(generate::Generate),
    /// Write the interface document, for people or as OpenAPI
    Interface(interface::InterfaceCommand),
    /// Sign and send records from a file
    Send(send::Send),
    /// Query records, or the whole past of one
    Query(exchange::Query),
    /// Check the signatures that senders gave with their exchanges
    Evidence(evidence::EvidenceCommand),
    /// Query the interface log
    Log(exchange::Log),
    /// What could not be applied or forwarded: look at it, have it tried again, give it up
    Failures(failures::FailuresCommand),
    /// Look into the files that older months of the store were written to
    Archive(archive::ArchiveCommand),
    /// Start a private RabbitMQ and PostgreSQL for tests and development
    Lab(lab::LabCommand),
}

/// Parses the command line, runs it, and says what went wrong.
pub fn run() -> ExitCode {
    tls::install();
    let result = match Cli::parse().command {
        Command::Serve(command) => command.run(),
        Command::App(command) => command.run(),
        Command::Marks(command) => command.run(),
        Command::Dataset(command) => command.run(),
        Command::Topology(command) => command.run(),
        Command::Demo(command) => command.run(),
        Command::Generate(command) => command.run(),
        Command::Interface(command) => command.run(),
        Command::Send(command) => command.run(),
        Command::Query(command) => command.run(),
        Command::Evidence(command) => command.run(),
        Command::Log(command) => command.run(),
        Command::Failures(command) => command.run(),
        Command::Archive(command) => command.run(),
        Command::Lab(command) => command.run(),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("sesame: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// A runtime for commands that do one thing after another.
fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
