//! `sesame demo`

use super::block_on;
use crate::demo::{DemoOptions, Verdict, restart, run};
use crate::standard::region::Region;
use clap::Subcommand;
use std::path::PathBuf;
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

/// Run a federation of seven nodes on this machine, feed it, and compare the tiers
///
/// Two branches, 370203 → 370200 → 370000 → 000000 ← 320000 ← 320100 ← 320106, on a private RabbitMQ and PostgreSQL. Stays
/// until Ctrl-C, with two batches that have failed on purpose; README.md mends them, "When something fails".
#[derive(clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  sesame demo --once\n  sesame demo restart 320100"
)]
pub struct Demo {
    #[command(subcommand)]
    command: Option<Command>,
    /// Mend what fails on purpose, and end when every tier agrees; exit status 0 only then
    #[arg(long)]
    once: bool,
    /// Folder of its servers, settings and logs
    #[arg(long, value_name = "DIR", default_value = ".run/demo")]
    dir: PathBuf,
    /// Records of each dataset and county sent in batches of 2,000; a twentieth more go in small ones
    #[arg(long, value_name = "N", default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(20..=500_000))]
    records: u32,
    /// Seed of the generator: the same seed makes the same records
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Run everything over TLS, with a private CA made for it
    #[arg(long)]
    tls: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Start a node of the demo that runs anew, with the settings that lie in its folder now
    #[command(after_help = "Example: sesame demo restart 320100")]
    Restart {
        /// The node's region
        #[arg(value_parser = Region::parse)]
        region: Region,
        /// The running demo's folder
        #[arg(long, value_name = "DIR", default_value = ".run/demo")]
        dir: PathBuf,
    },
}

impl Demo {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        if let Some(Command::Restart { region, dir }) = self.command {
            block_on(async { Ok(restart(&dir, region).await?) })?;
            println!("node {region} is ready");
            return Ok(ExitCode::SUCCESS);
        }
        let options =
            DemoOptions { folder: self.dir, once: self.once, records: self.records, seed: self.seed, tls: self.tls };
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let verdict = runtime.block_on(async {
            let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
            let interrupted = async {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
            };
            anyhow::Ok(run(options, interrupted).await?)
        })?;
        Ok(if verdict == Verdict::Agree { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
