//! `sesame serve`

use crate::node::{Listeners, run_until};
use crate::{config, metrics};
use anyhow::Context;
use std::path::PathBuf;
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// Run a node
#[derive(clap::Args)]
#[command(after_help = "Example: sesame serve --config /etc/sesame/node.toml")]
pub struct Serve {
    /// The node's settings; config/node.toml documents every key
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Log lines as JSON
    #[arg(long)]
    json: bool,
}

impl Serve {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        start_logging(self.json);
        let config = config::load(&self.config)?;
        let metrics = metrics::install().context("cannot install the metrics recorder")?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(async {
            let listeners = Listeners::bind(&config).await?;
            let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
            let stop = async {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
            };
            run_until(config, listeners, Some(metrics), stop).await?;
            anyhow::Ok(())
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

/// One line per event on standard error; `SESAME_LOG` filters them like `RUST_LOG`.
fn start_logging(json: bool) {
    let filter = EnvFilter::try_from_env("SESAME_LOG").unwrap_or_else(|_| EnvFilter::new("info,lapin=off"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if json { builder.json().init() } else { builder.with_ansi(false).init() }
}
