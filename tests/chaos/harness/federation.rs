//! The federation of one run: vhosts, databases, settings, processes, and a proxy in every line.

use super::keys::{Keys, Ring};
use super::layout::{Line, PLACES, STRICT, lines, process_name, processes};
use super::process::Process;
use super::proxy::{Proxy, Weather};
use super::servers::Servers;
use super::strict;
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

/// Key of the app at each node.
const KEY: &str = "0123456789abcdeffedcba9876543210";
/// The app that sends, at each node.
pub const APP: &str = "chaos";
/// The dictionary of the node that is stricter than the others, in the folder of the run.
const DATASETS: &str = "datasets";

/// A running federation. Dropping it kills its processes.
pub struct Federation<'s> {
    pub servers: &'s Servers,
    pub processes: Vec<Process>,
    proxies: BTreeMap<Line, Proxy>,
    keys: Ring,
    /// Three of each process.
    ports: Vec<u16>,
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
        strict::write(&folder.join(DATASETS))?;
        let (keys, ports) = (Ring::new(PLACES.len()), free_ports(3 * processes().len())?);
        let mut federation =
            Self { servers, processes: Vec::new(), proxies: BTreeMap::new(), keys, ports, run, folder };
        federation.lay_lines().await;
        for node in 0..PLACES.len() {
            federation.prepare(node).await?;
        }
        for process in 0..processes().len() {
            let (metrics, settings) = (federation.ports_of(process)[2], federation.settings_file(process));
            let process = Process::start(process_name(process), metrics, settings, &federation.folder)?;
            federation.processes.push(process);
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

    /// Changes what a node's parent takes for its key. It holds from the next start of the parent's processes on.
    pub fn change_keys(&self, node: usize, change: impl FnOnce(&mut Keys)) {
        self.keys.change(node, change);
    }

    /// Stops the processes of a node as an operator does, one after another, and starts them with the settings of that moment.
    pub async fn restart(&self, node: usize) -> Result<()> {
        for (process, _) in processes().into_iter().enumerate().filter(|(_, at)| *at == node) {
            // Held, so that nobody starts it while its settings are being written, nor writes older ones over them.
            let _hand = self.processes[process].hold().await;
            self.write_settings(process)?;
            self.processes[process].restart().await?;
        }
        Ok(())
    }

    async fn lay_lines(&mut self) {
        for line in lines() {
            let broker = |node: usize| self.servers.pairs[PLACES[node].servers].amqp;
            let port = match line {
                Line::Door(process) => self.ports_of(process)[0],
                Line::Broker(node) => broker(node),
                Line::Store(node) => self.servers.pairs[PLACES[node].servers].port,
                // `lines` names no uplink of a node without a parent.
                Line::Uplink(node) => broker(PLACES[node].parent.unwrap_or(node)),
            };
            self.proxies.insert(line, Proxy::before(port).await);
        }
    }

    /// Makes database and vhost of a node, and writes the settings of its processes.
    async fn prepare(&self, node: usize) -> Result<()> {
        let (pair, name) = (&self.servers.pairs[PLACES[node].servers], self.database_name(node));
        pair.store.act(move |store| store.create_database(&name)).await?;
        let mut topology = None;
        for (process, _) in processes().into_iter().enumerate().filter(|(_, at)| *at == node) {
            let toml = self.write_settings(process)?;
            topology = Some(topology_of(&config::parse(&toml, &process_name(process), [])?)?);
        }
        let management = Management::new(&pair.management)?;
        let topology = topology.context("a node has a process")?;
        Ok(apply(&management, &Declaration::builtin(), &topology).await?.complete()?)
    }

    /// Writes the settings that a process has to have now; returns them.
    fn write_settings(&self, process: usize) -> Result<String> {
        let (file, toml) = (self.settings_file(process), self.settings(process));
        std::fs::write(&file, &toml).with_context(|| format!("cannot write {}", file.display()))?;
        Ok(toml)
    }

    fn settings(&self, process: usize) -> String {
        let (node, ports) = (processes()[process], self.ports_of(process));
        let (place, pair) = (&PLACES[node], &self.servers.pairs[PLACES[node].servers]);
        let (user, keys) = (self.user(node), self.keys.of(node));
        let amqp = |line, vhost| format!("amqp://{user}:secret@127.0.0.1:{}/{vhost}", self.proxies[&line].port);
        let store = self
            .database(node)
            .replace(&format!(":{}/", pair.port), &format!(":{}/", self.proxies[&Line::Store(node)].port));
        let mut toml = format!(
            "[node]\nregion = \"{}\"\nappid = \"{user}\"\nkey = \"{}\"\n\
             [interface]\nlisten = \"127.0.0.1:{}\"\n[console]\nlisten = \"127.0.0.1:{}\"\n\
             [metrics]\nlisten = \"127.0.0.1:{}\"\n\
             [broker]\nuri = \"{}\"\nmanagement = \"{}\"\nchannels = 2\n\
             [store]\nuri = \"{store}\"\nconnections = 4\n\
             [failures]\nretry_secs = [1, 2]\npark_secs = 3\nrounds = 1000\n\
             [[apps]]\nappid = \"{APP}\"\nkey = \"{KEY}\"\nregion = \"{}\"\n",
            place.region,
            keys.own,
            ports[0],
            ports[1],
            ports[2],
            amqp(Line::Broker(node), self.vhost(node)),
            pair.management,
            place.region,
        );
        // Writing to a String cannot fail.
        if node == STRICT {
            let _ = write!(toml, "[dictionary]\ndatasets = {:?}\n", self.folder.join(DATASETS));
        }
        if let Some(parent) = place.parent {
            let uri = amqp(Line::Uplink(node), self.vhost(parent));
            let _ = write!(toml, "[parent]\nregion = \"{}\"\nuri = \"{uri}\"\n", PLACES[parent].region);
        }
        for child in (0..PLACES.len()).filter(|child| PLACES[*child].parent == Some(node)) {
            let (region, user, key) = (PLACES[child].region, self.user(child), self.keys.of(child).at_parent);
            let _ = write!(
                toml,
                "[[children]]\nregion = \"{region}\"\nappid = \"{user}\"\nkey = \"{key}\"\nbroker_password = \"secret\"\n"
            );
        }
        toml
    }

    fn settings_file(&self, process: usize) -> PathBuf {
        self.folder.join(format!("{}.toml", process_name(process)))
    }

    /// Of the interface, the console, and metrics.
    fn ports_of(&self, process: usize) -> &[u16] {
        &self.ports[3 * process..3 * process + 3]
    }

    fn user(&self, node: usize) -> String {
        format!("node-{}-{}", PLACES[node].region, self.run)
    }

    fn database_name(&self, node: usize) -> String {
        format!("n{}_{}", PLACES[node].region, self.run)
    }
}
