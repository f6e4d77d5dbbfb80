//! `plan`, `apply` and `check`. A node that cannot be looked at hides no other.

use super::files::settings_files;
use super::report::{NodeReport, Outcome, print};
use crate::broker::topology::{self, Declaration, Management, NodeTopology};
use crate::cli::block_on;
use crate::config::{self, Config};
use crate::node::topology_of;
use crate::tls::ClientTls;
use anyhow::Context;
use futures_util::stream::{self, StreamExt};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use tokio::sync::Mutex;

#[derive(clap::Args)]
pub(super) struct Compare {
    /// Settings of nodes: files, or folders of files
    #[arg(long, value_name = "FILE", required = true, num_args = 1..)]
    config: Vec<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Brokers asked together: one that does not answer takes its time.
const AT_ONCE: usize = 8;

/// What is done with each node.
#[derive(Clone, Copy)]
enum Task {
    Compare,
    Apply,
}

impl Compare {
    /// Exit status 0 whether or not anything differs, 1 if a node could not be looked at.
    pub(super) fn plan(self) -> anyhow::Result<ExitCode> {
        let reports = self.each(Task::Compare)?;
        Ok(status(reports.iter().all(|report| !matches!(report.outcome, Outcome::Unknown(_)))))
    }

    /// Exit status 0 if everything is as declared now.
    pub(super) fn apply(self) -> anyhow::Result<ExitCode> {
        let reports = self.each(Task::Apply)?;
        Ok(status(reports.iter().all(|report| report.outcome.agrees())))
    }

    /// Exit status 0 if everything is as declared.
    pub(super) fn check(self) -> anyhow::Result<ExitCode> {
        let reports = self.each(Task::Compare)?;
        Ok(status(reports.iter().all(|report| report.outcome.agrees())))
    }

    fn each(&self, task: Task) -> anyhow::Result<Vec<NodeReport>> {
        let files = settings_files(&self.config)?;
        let declaration = Declaration::builtin();
        block_on(async {
            let turns = Turns::default();
            let reports = files.into_iter().map(|file| report(task, &declaration, &turns, file));
            let reports: Vec<NodeReport> = stream::iter(reports).buffered(AT_ONCE).collect().await;
            print(&reports, self.json)?;
            Ok(reports)
        })
    }
}

/// Whose turn it is at each broker. Vhosts of one broker share users, which two at once would make twice.
#[derive(Default)]
struct Turns(RefCell<BTreeMap<String, Arc<Mutex<()>>>>);

impl Turns {
    fn at(&self, management: &Management) -> Arc<Mutex<()>> {
        self.0.borrow_mut().entry(management.address().to_owned()).or_default().clone()
    }
}

async fn report(task: Task, declaration: &Declaration, turns: &Turns, file: PathBuf) -> NodeReport {
    let (settings, outcome) = match look_up(&file) {
        Ok((config, management, node)) => {
            let turn = turns.at(&management);
            let _turn = turn.lock().await;
            let outcome = carry_out(task, declaration, &management, &node).await;
            (Some((config.node.region, node.vhost)), outcome.unwrap_or_else(|error| Outcome::Unknown(error.into())))
        }
        Err(error) => (None, Outcome::Unknown(error)),
    };
    NodeReport { file, settings, outcome }
}

async fn carry_out(
    task: Task,
    declaration: &Declaration,
    management: &Management,
    node: &NodeTopology,
) -> Result<Outcome, topology::TopologyError> {
    Ok(match task {
        Task::Compare => Outcome::Compared(topology::plan(management, declaration, node).await?),
        Task::Apply => Outcome::Applied(topology::apply(management, declaration, node).await?),
    })
}

fn look_up(file: &Path) -> anyhow::Result<(Config, Management, NodeTopology)> {
    let config = config::load(file)?;
    let address =
        config.broker.management.as_ref().context(
            "[broker] management is not set: give http://user:password@host:port of RabbitMQ's management API",
        )?;
    let tls = ClientTls::load("broker", &config.broker.tls())?;
    let management = Management::trusting(address.text(), &tls)?;
    let node = topology_of(&config)?;
    Ok((config, management, node))
}

fn status(good: bool) -> ExitCode {
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
