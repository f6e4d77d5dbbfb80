//! The seven nodes as processes.

use super::settings::Shared;
use super::{DemoError, DemoNode, Federation};
use crate::broker::topology::{Declaration, Management, apply};
use crate::config;
use crate::lab::{LabError, Program, ports};
use crate::node::topology_of;
use crate::standard::region::Region;
use futures_util::future::try_join_all;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Running nodes. Dropping them kills them.
pub(super) struct Nodes {
    nodes: Vec<Process>,
    program: PathBuf,
}

/// A node's process.
struct Process {
    node: DemoNode,
    settings: PathBuf,
    log: PathBuf,
    /// None while it is being started anew, and after it could not be.
    running: Option<Program>,
}

/// From start to ready.
const READY: Duration = Duration::from_secs(30);
const STOP: Duration = Duration::from_secs(35);

/// Fails if a port of the demo is taken.
pub(super) fn check_ports(federation: &Federation) -> Result<(), DemoError> {
    for node in federation.nodes() {
        ports::check_free(node.interface_port(), "the standard's interface")?;
        ports::check_free(node.console_port(), "the console")?;
        ports::check_free(node.metrics_port(), "metrics and health")?;
    }
    Ok(())
}

impl Nodes {
    /// Writes the settings into `folder`, makes the vhosts and starts a process for each node.
    pub(super) async fn start(federation: &Federation, shared: &Shared, folder: &Path) -> Result<Self, DemoError> {
        let management = Management::trusting(&shared.management, &shared.tls()?)?;
        let declaration = Declaration::builtin();
        shared.write(federation, folder)?;
        let mut nodes = Vec::new();
        for node in federation.nodes() {
            let settings = folder.join(node.settings_file());
            let topology = topology_of(&config::load(&settings)?)?;
            management.delete_vhost(&topology.vhost).await?;
            apply(&management, &declaration, &topology).await?.complete()?;
            let log = folder.join(format!("{}.log", node.region));
            nodes.push(Process { node: *node, settings, log, running: None });
        }
        let program = std::env::current_exe().map_err(|reason| DemoError::Folder { path: PathBuf::new(), reason })?;
        for node in &mut nodes {
            node.start(&program)?;
        }
        ready(&mut nodes).await?;
        Ok(Self { nodes, program })
    }

    /// Starts a node anew, with the settings that lie there now; returns once it is ready.
    pub(super) async fn restart(&mut self, region: Region) -> Result<(), DemoError> {
        let process = self.nodes.iter_mut().find(|process| process.node.region == region);
        let process = process.ok_or(DemoError::NoNode(region))?;
        if let Some(running) = process.running.take() {
            // What does not stop in time is killed when dropped.
            let stopped = tokio::task::spawn_blocking(move || drop(running.stop(STOP))).await;
            stopped.map_err(|error| LabError::Interrupted(error.to_string()))?;
        }
        process.start(&self.program)?;
        ready(std::slice::from_mut(process)).await
    }

    /// Fails if a node has ended by itself.
    pub(super) fn check(&mut self) -> Result<(), DemoError> {
        check(&mut self.nodes)
    }

    /// Stops all, side by side.
    pub(super) fn stop(self) {
        std::thread::scope(|scope| {
            for program in self.nodes.into_iter().filter_map(|process| process.running) {
                // What does not stop in time is killed when dropped.
                scope.spawn(move || drop(program.stop(STOP)));
            }
        });
    }
}

impl Process {
    fn start(&mut self, program: &Path) -> Result<(), LabError> {
        let arguments = ["serve".as_ref(), "--config".as_ref(), self.settings.as_os_str()];
        let name = format!("node {}", self.node.region);
        self.running = Some(Program::start(&name, program, arguments, self.log.clone())?);
        Ok(())
    }
}

fn check(nodes: &mut [Process]) -> Result<(), DemoError> {
    let mut programs = nodes.iter_mut().filter_map(|process| process.running.as_mut());
    programs.try_for_each(Program::check).map_err(DemoError::from)
}

/// Waits until nodes are ready.
async fn ready(nodes: &mut [Process]) -> Result<(), DemoError> {
    let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(2)).build();
    let http = http.map_err(|e| DemoError::NotReady(e.to_string()))?;
    let deadline = Instant::now() + READY;
    loop {
        let asked = nodes.iter().map(|Process { node, .. }| {
            let url = format!("http://127.0.0.1:{}/health/ready", node.metrics_port());
            let http = http.clone();
            async move {
                match http.get(url).send().await {
                    Ok(response) if response.status().is_success() => Ok(()),
                    Ok(response) => Err(format!("{}: {}", node.region, response.text().await.unwrap_or_default())),
                    Err(error) => Err(format!("{}: {error}", node.region)),
                }
            }
        });
        match try_join_all(asked).await {
            Ok(_) => return Ok(()),
            Err(reason) if Instant::now() > deadline => return Err(DemoError::NotReady(reason)),
            Err(_) => check(nodes)?,
        }
        sleep(Duration::from_millis(100)).await;
    }
}
