//! A node of a test: a vhost, a database, and a node that runs in this process.

use super::{eventually, lab};
use sesame::broker::topology::{Applied, Declaration, Management, apply};
use sesame::client::Client;
use sesame::clock::Clock;
use sesame::config::{self, Config, LinkSettings, PeerTls};
use sesame::lab::Lab;
use sesame::node::{Listeners, Node, topology_of};
use sesame::standard::cipher::Key;
use sesame::store::{Purpose, Store};
use sesame::tls::ClientTls;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// Appid of the app every test node has, granted everything in the node's region.
pub const APP: &str = "test-app";
/// Key of everybody in the tests.
pub const KEY: &str = "0123456789abcdeffedcba9876543210";

/// What a node is to be.
pub struct Spec {
    region: &'static str,
    /// Tells the nodes of one test from those of another on the shared servers.
    run: String,
    /// The parent's region, and the lines of `[parent]` that say how it is reached.
    parent: Option<Upward>,
    extra: String,
    servers: Option<Servers>,
    confirm_millis: u32,
}

/// A machine busy with other tests may keep a confirm waiting for seconds; tests of something else must not see that.
const PATIENT_CONFIRM: u32 = 30_000;

enum Upward {
    /// The URI of its broker as this node's user.
    Amqp(&'static str, String),
    /// TOML after the region: `[parent.https]` and what belongs to it.
    Https(&'static str, String),
}

struct Servers {
    amqp: String,
    management: String,
    store: String,
    /// The CA of servers that take TLS alone.
    ca: Option<PathBuf>,
}

/// A node whose vhost and database are there.
pub struct TestNode {
    pub config: Config,
    pub toml: String,
    pub interface: SocketAddr,
    pub console: SocketAddr,
    pub metrics: SocketAddr,
    node: Option<Node>,
}

impl Spec {
    pub fn new(region: &'static str) -> Self {
        let run = Uuid::new_v4().simple().to_string()[..8].to_owned();
        Self { region, run, parent: None, extra: String::new(), servers: None, confirm_millis: PATIENT_CONFIRM }
    }

    /// Further settings, as TOML sections after the usual ones.
    pub fn extra(mut self, toml: &str) -> Self {
        self.extra.push_str(toml);
        self
    }

    /// Waits for the broker's confirm as long as it does by default.
    pub fn prompt(mut self) -> Self {
        self.confirm_millis = 2_000;
        self
    }

    /// Shares up to `parent`.
    pub fn parent(mut self, parent: &Spec) -> Self {
        let user = self.user();
        self.parent = Some(Upward::Amqp(parent.region, parent.amqp(&user)));
        self
    }

    /// Shares up to an endpoint of the standard; `toml` follows the region in `[parent]`.
    pub fn parent_over_https(mut self, region: &'static str, toml: &str) -> Self {
        self.parent = Some(Upward::Https(region, toml.to_owned()));
        self
    }

    /// Uses servers of its own instead of the shared ones: for tests that restart them.
    pub fn on(mut self, lab: &Lab) -> Self {
        let (broker, database) = (lab.broker.as_ref().expect("a broker"), lab.database.as_ref().expect("a database"));
        database.create_database(&self.database()).unwrap_or_else(|error| panic!("{error}"));
        self.servers = Some(Servers {
            amqp: format!("127.0.0.1:{}", broker.ports().amqp),
            management: broker.management_url(),
            store: database.uri(&self.database()),
            ca: None,
        });
        self
    }

    /// Reaches its parent's broker, the one all tests share, through a proxy.
    pub fn through(mut self, proxy: &super::Proxy) -> Self {
        let straight = format!(":{}/", lab().broker.as_ref().expect("a broker").ports().amqp);
        match &mut self.parent {
            Some(Upward::Amqp(_, uri)) => *uri = uri.replace(&straight, &format!(":{}/", proxy.port)),
            Some(Upward::Https(..)) | None => panic!("no parent with a broker"),
        }
        self
    }

    /// The parent's broker as this node's user.
    pub fn uri_at_parent(&self) -> &str {
        match &self.parent {
            Some(Upward::Amqp(_, uri)) => uri,
            Some(Upward::Https(..)) | None => panic!("no parent with a broker"),
        }
    }

    /// Verifies the servers of [`Spec::on`] by a CA.
    pub fn trusting(mut self, ca: &Path) -> Self {
        self.servers.as_mut().expect("servers of its own").ca = Some(ca.to_owned());
        self
    }

    fn ca(&self) -> Option<&PathBuf> {
        self.servers.as_ref().and_then(|servers| servers.ca.as_ref())
    }

    /// The line of a section that names the CA.
    fn ca_line(&self) -> String {
        self.ca().map_or_else(String::new, |ca| format!("ca = {ca:?}\n"))
    }

    /// The node's appid: its user at brokers.
    pub fn user(&self) -> String {
        format!("node-{}-{}", self.region, self.run)
    }

    pub fn vhost(&self) -> String {
        format!("{}-{}", self.region, self.run)
    }

    fn database(&self) -> String {
        format!("n{}_{}", self.region, self.run)
    }

    fn amqp(&self, user: &str) -> String {
        let shared = || format!("127.0.0.1:{}", lab().broker.as_ref().expect("a broker").ports().amqp);
        let address = self.servers.as_ref().map_or_else(shared, |servers| servers.amqp.clone());
        let scheme = if self.ca().is_some() { "amqps" } else { "amqp" };
        format!("{scheme}://{user}:secret@{address}/{}", self.vhost())
    }

    /// RabbitMQ's management API, with an administrator.
    pub fn management(&self) -> String {
        let shared = || lab().broker.as_ref().expect("a broker").management_url();
        let url = self.servers.as_ref().map_or_else(shared, |servers| servers.management.clone());
        url.replacen("://", "://guest:guest@", 1)
    }

    fn toml(&self, run_of_children: &[(&str, String)]) -> String {
        let shared = || lab().database.as_ref().expect("a database").uri(&self.database());
        let store = self.servers.as_ref().map_or_else(shared, |servers| servers.store.clone());
        let ca = self.ca_line();
        let mut toml = format!(
            "[node]\nregion = \"{}\"\nappid = \"{}\"\nkey = \"{KEY}\"\n\
             [interface]\nlisten = \"127.0.0.1:0\"\nconfirm_millis = {}\n[console]\nlisten = \"127.0.0.1:0\"\nadmin_password = \"secret\"\n\
             [metrics]\nlisten = \"127.0.0.1:0\"\n[broker]\nuri = \"{}\"\n\
             management = \"{}\"\n{ca}[store]\nuri = \"{store}\"\n{ca}",
            self.region,
            self.user(),
            self.confirm_millis,
            self.amqp(&self.user()),
            self.management(),
        );
        match &self.parent {
            Some(Upward::Amqp(region, uri)) => {
                toml.push_str(&format!("[parent]\nregion = \"{region}\"\nuri = \"{uri}\"\n{ca}"));
            }
            Some(Upward::Https(region, more)) => toml.push_str(&format!("[parent]\nregion = \"{region}\"\n{more}\n")),
            None => {}
        }
        for (region, user) in run_of_children {
            toml.push_str(&format!(
                "[[children]]\nregion = \"{region}\"\nappid = \"{user}\"\nkey = \"{KEY}\"\nbroker_password = \"secret\"\n"
            ));
        }
        toml.push_str(&format!(
            "[[apps]]\nappid = \"{APP}\"\nkey = \"{KEY}\"\nregion = \"{}\"\noperator = true\n",
            self.region
        ));
        toml + &self.extra
    }

    /// Makes vhost and database and starts the node. `children` are the specs of the nodes that will share up to it.
    pub async fn start(self, children: &[&Spec]) -> TestNode {
        let mut node = self.prepare(children).await;
        node.run(Clock::system()).await;
        node
    }

    /// Makes vhost and database.
    pub async fn prepare(self, children: &[&Spec]) -> TestNode {
        if self.servers.is_none() {
            let name = self.database();
            let created = move || lab().database.as_ref().expect("a database").create_database(&name);
            tokio::task::spawn_blocking(created)
                .await
                .expect("a blocking task")
                .unwrap_or_else(|error| panic!("{error}"));
        }
        let users: Vec<(&str, String)> = children.iter().map(|child| (child.region, child.user())).collect();
        let toml = self.toml(&users);
        let config = config::parse(&toml, "test", []).unwrap_or_else(|error| panic!("{error}\n{toml}"));
        let tls = match self.ca() {
            Some(ca) => ClientTls::load("test", &PeerTls { ca: Some(ca.clone()), identity: None }).unwrap(),
            None => ClientTls::system(),
        };
        let management = Management::trusting(&self.management(), &tls).unwrap();
        let applied = apply(&management, &Declaration::builtin(), &topology_of(&config).unwrap()).await;
        applied.and_then(Applied::complete).unwrap_or_else(|error| panic!("{error}"));
        let nowhere: SocketAddr = ([127, 0, 0, 1], 0).into();
        TestNode { config, toml, interface: nowhere, console: nowhere, metrics: nowhere, node: None }
    }
}

impl TestNode {
    /// One of other settings on the same vhost and database.
    pub fn with_settings(&self, toml: String) -> TestNode {
        let config = config::parse(&toml, "test", []).unwrap_or_else(|error| panic!("{error}\n{toml}"));
        let nowhere: SocketAddr = ([127, 0, 0, 1], 0).into();
        TestNode { config, toml, interface: nowhere, console: nowhere, metrics: nowhere, node: None }
    }

    /// Runs the node in this process and waits until it is ready.
    pub async fn run(&mut self, clock: Clock) {
        self.launch(clock).await;
        let health = self.health().clone();
        eventually("the node is ready", || async { health.checks().ready().then_some(()) }).await;
    }

    /// Another process's worth of the same node: the same vhost and database, listeners of its own. Not running yet.
    pub fn twin(&self) -> TestNode {
        let nowhere: SocketAddr = ([127, 0, 0, 1], 0).into();
        let (config, toml) = (self.config.clone(), self.toml.clone());
        TestNode { config, toml, interface: nowhere, console: nowhere, metrics: nowhere, node: None }
    }

    /// Runs the node in this process, whether or not its broker and store can be reached.
    pub async fn launch(&mut self, clock: Clock) {
        let listeners = Listeners::bind(&self.config).await.unwrap();
        let address = |listener: &tokio::net::TcpListener| listener.local_addr().unwrap();
        self.interface = listeners.interface.as_ref().map(address).unwrap_or(self.interface);
        self.console = listeners.console.as_ref().map(address).unwrap_or(self.console);
        self.metrics = address(&listeners.metrics);
        let node = Node::start(&self.config, listeners, None, clock).unwrap_or_else(|error| panic!("{error}"));
        self.node = Some(node);
    }

    /// Stops the node gracefully.
    pub async fn stop(&mut self) {
        if let Some(node) = self.node.take() {
            node.stop().await;
        }
    }

    pub fn health(&self) -> &sesame::node::Health {
        self.node.as_ref().expect("a running node").health()
    }

    pub fn url(&self) -> String {
        format!("http://{}/sesame", self.interface)
    }

    /// The parent's broker as this node's user.
    pub fn uri_at_parent(&self) -> &str {
        match self.config.parent.as_ref().map(|parent| &parent.link) {
            Some(LinkSettings::Amqp(link)) => link.uri.text(),
            Some(LinkSettings::Https(_)) | None => panic!("no parent with a broker"),
        }
    }

    /// A caller as the app of every test node.
    pub fn client(&self) -> Client {
        self.client_as(APP, KEY)
    }

    pub fn client_as(&self, appid: &str, key: &str) -> Client {
        Client::new(&self.url(), appid, Key::parse(key).unwrap()).unwrap()
    }

    /// The node's own database.
    pub fn store(&self) -> Store {
        let tls = ClientTls::load("store", &self.config.store.tls()).unwrap();
        Store::secured(self.config.store.uri.text(), 2, Purpose::Serve, tls).unwrap()
    }

    /// A connection to it past the product; it ends with the test.
    pub async fn sql(&self) -> tokio_postgres::Client {
        let (client, connection) =
            tokio_postgres::connect(self.config.store.uri.text(), tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }
}
