//! `sesame failures`

mod act;
mod print;
mod show;

use super::block_on;
use crate::broker::Names;
use crate::clock::Clock;
use crate::config;
use crate::dataset::InUse;
use crate::desk::{FailureDesk, Selection};
use crate::node::{dictionary_of, regions_of};
use crate::store::{Purpose, Store};
use crate::tls::ClientTls;
use anyhow::{Context, bail};
use clap::Subcommand;
use std::path::PathBuf;
use std::process::ExitCode;
use uuid::Uuid;

/// What could not be applied or forwarded: look at it, have it tried again, give it up
///
/// What fails is tried three times, then marked failed and parked for 24 hours (§7.4), seven rounds by default, then abandoned: kept
/// until you act. docs/operations.md says what each reason means and what to do.
#[derive(clap::Args)]
#[command(after_help = "Example: sesame failures list --config node.toml --by reason")]
pub struct FailuresCommand {
    #[command(subcommand)]
    command: Command,
}

/// Of which node, and how the result is shown.
#[derive(clap::Args)]
struct Place {
    /// The node's settings
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Subcommand)]
enum Command {
    /// List failures, or count them by what they have in common
    #[command(after_help = "Examples:\n  sesame failures list --config node.toml --by reason,link\n  \
                            sesame failures list --config node.toml --reason MISSING_KEY --since '2026-11-01 00:00:00'")]
    List {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        selection: Selection,
        /// All that are open, which is also meant without any condition
        #[arg(long)]
        all: bool,
        /// Count by reason, app, dataset, region, link or state; several joined by commas
        #[arg(long, value_name = "WORDS")]
        by: Option<String>,
        /// So many of them, newest first
        #[arg(long, default_value_t = 50)]
        size: u32,
        /// The next page: what the page before ended with
        #[arg(long, value_name = "CURSOR")]
        after: Option<String>,
    },
    /// Show a failure: its envelope and bad records, every attempt, when it is tried next
    #[command(
        after_help = "Example: sesame failures show --config node.toml --batch 572783f7-55a7-5f04-8f3a-c33ddca439ea"
    )]
    Show {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        selection: Selection,
        /// Show sensitive values in full; who did so stands in the failure's history
        #[arg(long)]
        unmasked: bool,
    },
    /// Have failures tried again now
    ///
    /// The set is frozen when you ask. The first few go first; only if they go through does the rest follow, at a pace. What has moved on
    /// meanwhile is skipped, so asking again does no harm.
    #[command(after_help = "Examples:\n  sesame failures replay --config node.toml --reason MISSING_KEY --dry-run\n  \
                            sesame failures replay --config node.toml --reason MISSING_KEY --why '已补报新增'")]
    Replay(act::Replay),
    /// Give failures up: they are not tried again, unless you replay them by --id or --state discarded
    #[command(
        after_help = "Example: sesame failures discard --config node.toml --batch 572783f7-55a7-5f04-8f3a-c33ddca439ea --why '来源已换批重报'"
    )]
    Discard(act::Discard),
    /// List replays and discards: who asked for what, why, and how far it is
    #[command(after_help = "Example: sesame failures acts --config node.toml")]
    Acts {
        #[command(flatten)]
        place: Place,
        /// So many of them, newest first
        #[arg(long, default_value_t = 20)]
        size: u32,
    },
    /// Let a replay or discard pause: nothing more is begun
    #[command(
        after_help = "Example: sesame failures pause --config node.toml 0192f0c1-7b1a-7c3e-9a51-0d2b6c7e8f90 --why \"looking at what failed\""
    )]
    Pause(act::Controlled),
    /// Let it go on, also past a canary that failed
    #[command(
        after_help = "Example: sesame failures resume --config node.toml 0192f0c1-7b1a-7c3e-9a51-0d2b6c7e8f90 --why \"mended\""
    )]
    Resume(act::Controlled),
    /// End it: nothing more is begun, ever
    #[command(
        after_help = "Example: sesame failures cancel --config node.toml 0192f0c1-7b1a-7c3e-9a51-0d2b6c7e8f90 --why \"not needed any more\""
    )]
    Cancel(act::Controlled),
}

impl FailuresCommand {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        use crate::desk::Control;
        block_on(async {
            match self.command {
                Command::List { place, selection, all, by, size, after } => {
                    if all && !selection.is_empty() {
                        bail!("--all and a condition contradict each other: take one of them out");
                    }
                    show::list(&place, &selection, by.as_deref(), size, after.as_deref()).await
                }
                Command::Show { place, selection, unmasked } => show::show(&place, &selection, unmasked).await,
                Command::Replay(replay) => replay.run().await,
                Command::Discard(discard) => discard.run().await,
                Command::Acts { place, size } => show::acts(&place, size).await,
                Command::Pause(controlled) => controlled.run(Control::Pause).await,
                Command::Resume(controlled) => controlled.run(Control::Resume).await,
                Command::Cancel(controlled) => controlled.run(Control::Cancel).await,
            }
        })
    }
}

impl Place {
    /// The node's failure desk. Its schema is brought up to date as `sesame serve` would.
    async fn desk(&self) -> anyhow::Result<FailureDesk> {
        let config = config::load(&self.config)?;
        let tls = ClientTls::load("store", &config.store.tls())?;
        let store = Store::secured(config.store.uri.text(), 1, Purpose::Serve, tls)?;
        store.migrate().await.context("check [store] uri in the settings, and that PostgreSQL runs")?;
        let names = Names(config.node.region.tier());
        let per_second = config.failures.replay_per_second;
        let dictionary = InUse::new(dictionary_of(&config, &regions_of(&config)?)?);
        Ok(FailureDesk::new(store, dictionary, names, Clock::system(), per_second))
    }
}

/// An id of its own for each act, unless who asks gives one.
fn new_id(given: Option<Uuid>) -> Uuid {
    given.unwrap_or_else(Uuid::now_v7)
}
