//! `sesame lab`

use super::block_on;
use crate::lab::{LabOptions, PortChoice, supervisor};
use std::path::PathBuf;
use std::process::ExitCode;

/// Start a private RabbitMQ and PostgreSQL for tests and development
///
/// Prints one line of JSON with their addresses when they are ready, and stops them at Ctrl-C, or when its standard input
/// ends: so they never outlive the program that started them.
#[derive(clap::Args)]
#[command(after_help = "Example: sesame lab --dir .run/lab")]
pub struct LabCommand {
    /// Folder of their data, logs and settings
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// Only RabbitMQ
    #[arg(long, conflicts_with = "database")]
    broker: bool,
    /// Only PostgreSQL
    #[arg(long)]
    database: bool,
}

impl LabCommand {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let mut options = LabOptions::new(self.dir);
        if self.database {
            options.broker = None;
        }
        if self.broker {
            options.database = None;
        }
        options.ports = PortChoice::Free;
        block_on(async { Ok(supervisor::run(options).await?) })?;
        Ok(ExitCode::SUCCESS)
    }
}
