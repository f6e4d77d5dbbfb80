//! The federation of one run: vhosts, databases, settings, processes, and a proxy in every line.

use super::layout::{Line, PLACES, lines, process_name, processes};
use super::process::Process;
use super::proxy::{Proxy, Weather};
use super::servers::Servers;
use anyhow::{Context, Result};
use sesame::broker::topology::{Declaration, Management, apply};
use sesame::client::Client;
use sesame::config;
use sesame::lab::ports::free_ports;
use sesame::node::topology_of;
use sesame::standard::cipher::Key;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Key of every node and app of the run.
const KEY: &str = "0123456789abcdeffedcba9876543210";
/// The app that sends, at each node.
pub const APP: &str = "chaos";

/// A running federation. Dropping it kills its processes.
pub struct Federation<'s> {
    pub servers: &'s Servers,
    pub processes: Vec<Process>,
    proxies: BTreeMap<Line, Proxy>,
    /// Tells its vhosts and databases from those of another run on the same servers.
    run: String,
    folder: PathBuf,
}

impl<'s> Federation<'s> {
    /// Starts one and waits until it is ready.
    pub async fn start(servers: &'s Servers) -> Result<Self> {
        let run = uuid::Uuid::new_v4().simple().to_string()[..8].to_owned();
        let folder = servers.folder().join(&run);
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let mut federation = Self { servers, processes: Vec::new(), proxies: BTreeMap::new(), run, folder };
        let ports = free_ports(3 * processes().len())?;
        federation.lay_lines(&ports).await;
        for node in 0..PLACES.len() {
            federation.prepare(node, &ports).await?;
        }
        for (process, ports) in ports.chunks_exact(3).enumerate() {
            let (name, metrics) = (process_name(process), ports[2]);
            let settings = federation.folder.join(format!("{name}.toml"));
            federation.processes.push(Process::start(name, metrics, settings, &federation.folder)?);
        }
        for process in &federation.processes {
            process.ready().await?;
        }
        Ok(federation)
    }

    /// Settings and logs of its processes.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The database of a node, for whoever looks from outside.
    pub fn database(&self, node: usize) -> String {
        self.servers.pairs[PLACES[node].servers].uri(&self.database_name(node))
    }

    /// The name of a node's vhost.
    pub fn vhost(&self, node: usize) -> String {
        format!("{}-{}", PLACES[node].region, self.run)
    }

    /// Callers of every process of a node.
    pub fn callers(&self, node: usize) -> Result<Vec<Client>> {
        let of_node = processes().into_iter().enumerate().filter(|(_, at)| *at == node).map(|(process, _)| process);
        let callers = of_node.map(|process| {
            let base = format!("http://127.0.0.1:{}/sesame", self.proxies[&Line::Door(process)].port);
            Ok(Client::new(&base, APP, Key::parse(KEY)?)?)
        });
        callers.collect()
    }

    /// Makes a line good or bad.
    pub fn turn(&self, line: Line, weather: Weather) {
        self.proxies[&line].turn(weather);
    }

    async fn lay_lines(&mut self, ports: &[u16]) {
        for line in lines() {
            let broker = |node: usize| self.servers.pairs[PLACES[node].servers].amqp;
            let port = match line {
                Line::Door(process) => ports[3 * process],
                Line::Broker(node) => broker(node),
                Line::Store(node) => self.servers.pairs[PLACES[node].servers].port,
                // `lines` names no uplink of a node without a parent.
                Line::Uplink(node) => broker(PLACES[node].parent.unwrap_or(node)),
            };
            self.proxies.insert(line, Proxy::before(port).await);
        }
    }

    /// Makes database and vhost of a node, and writes the settings of its processes.
    async fn prepare(&self, node: usize, ports: &[u16]) -> Result<()> {
        let (pair, name) = (&self.servers.pairs[PLACES[node].servers], self.database_name(node));
        pair.store.act(move |store| store.create_database(&name)).await?;
        let mut topology = None;
        for (process, _) in processes().into_iter().enumerate().filter(|(_, at)| *at == node) {
            let toml = self.settings(node, &ports[3 * process..3 * process + 3]);
            let file = self.folder.join(format!("{}.toml", process_name(process)));
            std::fs::write(&file, &toml).with_context(|| format!("cannot write {}", file.display()))?;
            topology = Some(topology_of(&config::parse(&toml, &file.display().to_string(), [])?)?);
        }
        let management = Management::new(&pair.management)?;
        let topology = topology.context("a node has a process")?;
        Ok(apply(&management, &Declaration::builtin(), &topology).await?.complete()?)
    }

    fn settings(&self, node: usize, ports: &[u16]) -> String {
        let (place, pair) = (&PLACES[node], &self.servers.pairs[PLACES[node].servers]);
        let user = self.user(node);
        let amqp = |line, vhost| format!("amqp://{user}:secret@127.0.0.1:{}/{vhost}", self.proxies[&line].port);
        let store = self
            .database(node)
            .replace(&format!(":{}/", pair.port), &format!(":{}/", self.proxies[&Line::Store(node)].port));
        let mut toml = format!(
            "[node]\nregion = \"{}\"\nappid = \"{user}\"\nkey = \"{KEY}\"\n\
             [interface]\nlisten = \"127.0.0.1:{}\"\n[console]\nlisten = \"127.0.0.1:{}\"\n\
             [metrics]\nlisten = \"127.0.0.1:{}\"\n\
             [broker]\nuri = \"{}\"\nmanagement = \"{}\"\nchannels = 2\n\
             [store]\nuri = \"{store}\"\nconnections = 4\n\
             [failures]\nretry_secs = [1, 2]\npark_secs = 3\nrounds = 1000\n\
             [[apps]]\nappid = \"{APP}\"\nkey = \"{KEY}\"\nregion = \"{}\"\n",
            place.region,
            ports[0],
            ports[1],
            ports[2],
            amqp(Line::Broker(node), self.vhost(node)),
            pair.management,
            place.region,
        );
        // Writing to a String cannot fail.
        if let Some(parent) = place.parent {
            let uri = amqp(Line::Uplink(node), self.vhost(parent));
            let _ = write!(toml, "[parent]\nregion = \"{}\"\nuri = \"{uri}\"\n", PLACES[parent].region);
        }
        for child in (0..PLACES.len()).filter(|child| PLACES[*child].parent == Some(node)) {
            let (region, user) = (PLACES[child].region, self.user(child));
            let _ = write!(
                toml,
                "[[children]]\nregion = \"{region}\"\nappid = \"{user}\"\nkey = \"{KEY}\"\nbroker_password = \"secret\"\n"
            );
        }
        toml
    }

    fn user(&self, node: usize) -> String {
        format!("node-{}-{}", PLACES[node].region, self.run)
    }

    fn database_name(&self, node: usize) -> String {
        format!("n{}_{}", PLACES[node].region, self.run)
    }
}
