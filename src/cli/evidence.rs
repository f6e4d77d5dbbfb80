//! `sesame evidence`

use super::exchange::read_key;
use crate::history::{Means, SignedExchange};
use crate::standard::cipher::Software;
use anyhow::Context;
use clap::Subcommand;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The signatures that senders gave with their exchanges
#[derive(clap::Args)]
pub struct EvidenceCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check that an app has signed exactly what a file of evidence says; needs no node, no database, no network
    Verify(Verify),
}

/// Check that an app has signed exactly what files of evidence say
///
/// A file is one of `sesame query --history KEY --evidence DIR`, or holds one row of an archive of batches. Exit status 0: each is
/// proven.
#[derive(clap::Args)]
#[command(after_help = "Example: sesame evidence verify --key-file a01.key evidence/*.json")]
struct Verify {
    /// File that holds the sender's key, 32 hex digits
    #[arg(long, value_name = "FILE")]
    key_file: PathBuf,
    /// File that holds the key it encrypted its busilists with
    #[arg(long, value_name = "FILE")]
    data_key_file: Option<PathBuf>,
    /// Files of evidence
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

impl EvidenceCommand {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Verify(command) => command.run(),
        }
    }
}

impl Verify {
    fn run(self) -> anyhow::Result<ExitCode> {
        let key = read_key(&self.key_file)?;
        let data_key = self.data_key_file.as_deref().map(read_key).transpose()?;
        let means = Means { key: &key, data_key: data_key.as_ref() };
        let mut proven = true;
        for file in &self.files {
            let exchange = read(file)?;
            let (file, appid, batch) = (file.display(), &exchange.evidence.appid, exchange.batch);
            match exchange.verify(&Software, means) {
                Ok(()) => println!("{file}: batch {batch} is proven to be {appid}'s"),
                Err(reason) => {
                    proven = false;
                    println!("{file}: batch {batch} is NOT proven to be {appid}'s: {reason}");
                }
            }
        }
        Ok(if proven { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn read(file: &Path) -> anyhow::Result<SignedExchange> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    SignedExchange::read(&text).with_context(|| format!("{} is no file of evidence", file.display()))
}
