//! The seven nodes as processes.

use super::settings::Shared;
use super::{DemoError, DemoNode, Federation};
use crate::broker::topology::{Declaration, Management, apply};
use crate::config;
use crate::lab::{Program, ports};
use crate::node::topology_of;
use futures_util::future::try_join_all;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Running nodes. Dropping them kills them.
pub(super) struct Nodes {
    programs: Vec<(DemoNode, Program)>,
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
        let mut files = Vec::new();
        for node in federation.nodes() {
            let file = folder.join(format!("{}.toml", node.region));
            let text = shared.settings(federation, node);
            std::fs::write(&file, &text).map_err(|reason| DemoError::Folder { path: file.clone(), reason })?;
            let settings = config::parse(&text, &file.display().to_string(), [])?;
            let topology = topology_of(&settings)?;
            management.delete_vhost(&topology.vhost).await?;
            apply(&management, &declaration, &topology).await?.complete()?;
            files.push(file);
        }
        let program = std::env::current_exe().map_err(|reason| DemoError::Folder { path: PathBuf::new(), reason })?;
        let mut programs = Vec::new();
        for (node, file) in federation.nodes().iter().zip(files) {
            let log = folder.join(format!("{}.log", node.region));
            let arguments = ["serve".as_ref(), "--config".as_ref(), file.as_os_str()];
            programs.push((*node, Program::start(&format!("node {}", node.region), &program, arguments, log)?));
        }
        let mut nodes = Self { programs };
        nodes.ready().await?;
        Ok(nodes)
    }

    async fn ready(&mut self) -> Result<(), DemoError> {
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(2)).build();
        let http = http.map_err(|e| DemoError::NotReady(e.to_string()))?;
        let deadline = Instant::now() + READY;
        loop {
            let asked = self.programs.iter().map(|(node, _)| {
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
                Err(_) => self.check()?,
            }
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// Fails if a node has ended by itself.
    pub(super) fn check(&mut self) -> Result<(), DemoError> {
        self.programs.iter_mut().try_for_each(|(_, program)| program.check()).map_err(DemoError::from)
    }

    /// Stops all, side by side.
    pub(super) fn stop(self) {
        std::thread::scope(|scope| {
            for (_, program) in self.programs {
                // What does not stop in time is killed when dropped.
                scope.spawn(move || drop(program.stop(STOP)));
            }
        });
    }
}
