//! Nodes of sesame as processes, each with an empty vhost and an empty database.

use crate::corpus::{APPID, KEY};
use crate::counter::Counter;
use crate::servers::Servers;
use anyhow::{Context, Result, bail};
use sesame::broker::topology::{Declaration, Management, apply};
use sesame::config;
use sesame::lab::{Program, ports};
use sesame::node::topology_of;
use sesame::standard::region::Region;
use sesame::tls::ClientTls;
use std::fmt::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The benchmark's regions, from the county to the nation.
pub fn tiers() -> Result<Vec<Region>> {
    ["370203", "370200", "370000", "000000"].into_iter().map(|code| Ok(Region::parse(code)?)).collect()
}

/// What a node does.
pub const ALL_ROLES: &[&str] = &["ingress", "persist", "uplink", "console"];

/// A node that is set up, and runs or does not.
pub struct Node {
    /// Its region.
    pub region: Region,
    /// Where the standard's interface listens.
    pub interface: SocketAddr,
    metrics: SocketAddr,
    has_parent: bool,
    settings: PathBuf,
    log: PathBuf,
    program: Option<Program>,
}

const READY: Duration = Duration::from_secs(30);
const STOP: Duration = Duration::from_secs(35);

/// Name of a node's vhost and database.
pub fn name(region: Region) -> String {
    format!("bench-{region}")
}

fn user(region: Region) -> String {
    format!("node-{region}")
}

/// Sets up nodes that share up to each other in the order given, the last to nobody. None of them runs yet.
pub async fn set_up(servers: &Servers, folder: &Path, regions: &[Region]) -> Result<Vec<Node>> {
    for region in regions {
        servers.empty_database(&name(*region))?;
    }
    set_up_on_databases(servers, folder, regions).await
}

/// The same on databases that are there.
pub async fn set_up_on_databases(servers: &Servers, folder: &Path, regions: &[Region]) -> Result<Vec<Node>> {
    let management = Management::trusting(&servers.management()?, &ClientTls::system())?;
    let mut nodes = Vec::new();
    for (at, region) in regions.iter().enumerate() {
        let (parent, child) = (regions.get(at + 1), at.checked_sub(1).and_then(|child| regions.get(child)));
        let free = ports::free_ports(3)?;
        let text = settings(servers, *region, parent, child, &free)?;
        let file = folder.join(format!("{region}.toml"));
        std::fs::write(&file, &text)?;
        let topology = topology_of(&config::parse(&text, &file.display().to_string(), [])?)?;
        management.delete_vhost(&topology.vhost).await?;
        apply(&management, &Declaration::builtin(), &topology).await?.complete()?;
        let address = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
        nodes.push(Node {
            region: *region,
            interface: address(free[0]),
            metrics: address(free[2]),
            has_parent: parent.is_some(),
            settings: file,
            log: folder.join(format!("{region}.log")),
            program: None,
        });
    }
    Ok(nodes)
}

/// Removes vhosts and databases of nodes that have stopped.
pub async fn tear_down(servers: &Servers, nodes: &[Node]) -> Result<()> {
    for node in nodes {
        servers.drop_vhost(&name(node.region)).await?;
        servers.drop_database(&name(node.region))?;
    }
    Ok(())
}

fn settings(
    servers: &Servers,
    region: Region,
    parent: Option<&Region>,
    child: Option<&Region>,
    ports: &[u16],
) -> Result<String> {
    let amqp = |at: Region| {
        Ok::<_, anyhow::Error>(format!("amqp://{}:{KEY}@{}/{}", user(region), servers.broker()?, name(at)))
    };
    let [interface, console, metrics] = ports else { bail!("three ports are needed") };
    let mut toml = format!(
        "[node]\nregion = \"{region}\"\nappid = \"{}\"\nkey = \"{KEY}\"\n\
         [interface]\nlisten = \"127.0.0.1:{interface}\"\n[console]\nlisten = \"127.0.0.1:{console}\"\n\
         [metrics]\nlisten = \"127.0.0.1:{metrics}\"\n[broker]\nuri = \"{}\"\nmanagement = \"{}\"\n[store]\nuri = \"{}\"\n\
         [[apps]]\nappid = \"{APPID}\"\nkey = \"{KEY}\"\nregion = \"{region}\"\noperator = true\n",
        user(region),
        amqp(region)?,
        servers.management()?,
        servers.store(&name(region))?,
    );
    if let Some(parent) = parent {
        write!(toml, "[parent]\nregion = \"{parent}\"\nuri = \"{}\"\n", amqp(*parent)?)?;
    }
    if let Some(child) = child {
        write!(
            toml,
            "[[children]]\nregion = \"{child}\"\nappid = \"{}\"\nkey = \"{KEY}\"\nbroker_password = \"{KEY}\"\n",
            user(*child)
        )?;
    }
    Ok(toml)
}

impl Node {
    /// Adds a section to its settings, for the next start.
    pub fn add_settings(&self, section: &str) -> Result<()> {
        let text = std::fs::read_to_string(&self.settings)?;
        Ok(std::fs::write(&self.settings, format!("{text}{section}"))?)
    }

    /// Starts its process with these roles and waits until it is ready.
    pub async fn start(&mut self, roles: &[&str]) -> Result<()> {
        let program = Path::new(env!("CARGO_BIN_EXE_sesame"));
        let text = std::fs::read_to_string(&self.settings)?;
        let file = self.settings.with_extension("roles.toml");
        std::fs::write(&file, text.replacen("[node]\n", &format!("[node]\nroles = {roles:?}\n"), 1))?;
        let arguments = ["serve".as_ref(), "--config".as_ref(), file.as_os_str()];
        self.program = Some(Program::start(&user(self.region), program, arguments, self.log.clone())?);
        let (url, http) = (format!("http://{}/health/ready", self.metrics), reqwest::Client::builder().no_proxy());
        let (http, deadline) = (http.build()?, Instant::now() + READY);
        while !http.get(&url).send().await.is_ok_and(|response| response.status().is_success()) {
            self.check()?;
            if Instant::now() > deadline {
                bail!("node {} is not ready: see {}", self.region, self.log.display());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    /// Fails if it has ended by itself.
    pub fn check(&mut self) -> Result<()> {
        Ok(self.program.as_mut().context("a running node")?.check()?)
    }

    /// Its process id.
    pub fn pid(&self) -> Result<i32> {
        Ok(self.program.as_ref().context("a running node")?.pid())
    }

    /// Its counters; with a parent what is sent on counts.
    pub fn counter(&self) -> Result<Counter> {
        Counter::of_node(self.metrics, self.has_parent)
    }

    /// Asks it to end and waits.
    pub async fn stop(&mut self) -> Result<()> {
        if let Some(program) = self.program.take() {
            tokio::task::spawn_blocking(move || program.stop(STOP)).await??;
        }
        Ok(())
    }
}
