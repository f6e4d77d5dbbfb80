//! Building the parts of a node from its settings.

use super::certificates::Certificates;
use super::dictionary::{Watcher, regions_of};
use super::interface::interface_of;
use super::link::link;
use super::topology::rule_of;
use crate::apps::{Allowance, BadSettings, Directory, Refresher, Vault};
use crate::batch::{NodeIdentity, Trust, TrustedNode};
use crate::broker::{Connection, ConnectionSettings, Names, Publisher};
use crate::clock::Clock;
use crate::config::{Config, KeySource, LinkSettings, ParentSettings, Role};
use crate::dataset::error::DictionaryErrors;
use crate::flow::receipts::{Asker, Inbox, Parent, Reader, Receipts};
use crate::flow::{Context, Oldest, Stuck, Uplink};
use crate::ingress::{Children as ChildrenAtDoor, Door, Journal};
use crate::interface::{BadAlias, Documents};
use crate::marks::{Guard, Sharer};
use crate::receipt::{Child, Children};
use crate::standard::cipher::{Key, Software};
use crate::standard::table::BadTables;
use crate::store::{Purpose, Store, StoreError};
use crate::tls::{ClientTls, TlsError};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Why a node cannot start. What may come up later (broker, store, parent) is no reason.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address cannot be listened on.
    #[error(
        "[{section}] cannot listen on {address}: {reason}; stop the process that has it, or set [{section}] listen"
    )]
    Listen {
        /// Section of the settings.
        section: &'static str,
        /// The address.
        address: SocketAddr,
        /// The operating system's words.
        reason: std::io::Error,
    },
    /// A file cannot be read.
    #[error("cannot read {path}: {reason}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: std::io::Error,
    },
    /// The region table is bad.
    #[error("the region table cannot be used:\n  {0}")]
    Regions(#[from] BadTables),
    /// The data dictionary is bad.
    #[error(transparent)]
    Dictionary(#[from] DictionaryErrors),
    /// An app is bad.
    #[error(transparent)]
    App(#[from] BadSettings),
    /// A further name of an interFlag is bad.
    #[error(transparent)]
    Alias(#[from] BadAlias),
    /// A certificate, or what belongs to one, is bad.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Another setting is bad.
    #[error("{0}")]
    Setting(String),
    /// The connection string of the store is bad.
    #[error("[store] uri: {0}")]
    Store(#[from] StoreError),
}

/// The parts of a node, built and not started.
pub struct Assembly {
    /// What the steps work with.
    pub context: Context,
    /// The door.
    pub door: Arc<Door>,
    /// The interface document, for the door and the console.
    pub documents: Arc<Documents>,
    /// The apps that may call, and what keeps them as the store has them; an ingress alone needs that.
    pub apps: Directory,
    /// See [`Refresher`].
    pub refresher: Option<Refresher>,
    /// The transfers marked at the door, and what shares them with the node's other processes; an ingress alone has them.
    pub marks: Option<(Guard, Sharer)>,
    /// The store for queries and pages.
    pub store: Store,
    /// Where this process works on batches: what takes such as may break its connection.
    pub apart: Option<Apart>,
    /// The link to the parent, where this process has one.
    pub uplink: Option<Uplink>,
    /// What reads the parent's receipts and asks for them, where this process has a link.
    pub receipts: Option<(Reader, Asker)>,
    /// What children are to be told.
    pub inbox: Inbox,
    /// The node's broker, publishing side.
    pub publisher: Publisher,
    /// Certificates of listeners and connections.
    pub certificates: Certificates,
    /// What watches over the files of the data dictionary, where there are any.
    pub watcher: Option<Watcher>,
}

/// Connections to the node's broker that nothing else uses.
pub struct Apart {
    /// Takes from the quarantine.
    pub quarantine: Connection,
    /// Takes what has come off the road.
    pub salvage: Connection,
}

impl Assembly {
    /// Builds the parts. Connections begin to be made at once and live until `connections` is cancelled; tasks that serve
    /// the door live until `stop`.
    pub fn new(
        config: &Config,
        clock: Clock,
        stop: CancellationToken,
        connections: CancellationToken,
        tasks: &TaskTracker,
    ) -> Result<Self, StartError> {
        let node = NodeIdentity {
            region: config.node.region,
            appid: config.node.appid.clone(),
            key: config.node.key.key().clone(),
            cipher: Arc::new(Software),
        };
        let regions = regions_of(config)?;
        let (dictionary, watcher) = Watcher::read(config, &regions)?;
        let documents = Arc::new(Documents::new(interface_of(&config.interface)?));
        let certificates = Certificates::load(config)?;
        let connect = |uri: &str, tls: &ClientTls, purpose: &str| {
            let name = format!("sesame {} {purpose}", config.node.region);
            Connection::start(ConnectionSettings { uri: uri.to_owned(), tls: tls.clone(), name }, connections.clone())
        };
        let (uri, tls) = (config.broker.uri.text(), &certificates.broker);
        let confirm = Duration::from_millis(config.interface.confirm_millis);
        let publisher =
            Publisher::new(connect(uri, tls, "publish"), &node.appid, config.broker.channels, Some(confirm));
        let names = Names(node.region.tier());
        let store = |connections, purpose| {
            Store::secured(config.store.uri.text(), connections, purpose, certificates.store.clone())
        };
        let serving = store(config.store.connections, Purpose::Serve)?;
        let consumers = config.persist.consumers * 2 + 6;
        // By https no receipts come, and none are waited for: for those below, the way up ends here.
        let parent = config
            .parent
            .as_ref()
            .map(|parent| Parent { region: parent.region, tells: matches!(parent.link, LinkSettings::Amqp(_)) });
        let (apps, refresher) = apps(config, &certificates.store, &stop)?;
        let (receipts, inbox) = Receipts::new(node.region, parent, &node.appid, children(config));
        let context = Context {
            node: node.clone(),
            trust: Arc::new(trust(config, &node)),
            apps: apps.clone(),
            dictionary: dictionary.clone(),
            regions: regions.clone(),
            store: store(consumers, Purpose::Persist)?,
            publisher: publisher.clone(),
            consuming: connect(uri, tls, "consume"),
            names,
            receipts,
            oldest: Oldest::default(),
            stuck: Stuck::default(),
            settings: config.persist.clone(),
            rule: rule_of(&config.failures),
            has_parent: config.parent.is_some(),
            link_takes_parcels: config.parent.as_ref().is_some_and(ParentSettings::takes_parcels),
            clock: clock.clone(),
            stop: stop.clone(),
        };
        let parent = config.parent.as_ref().filter(|_| config.node.has(Role::Uplink));
        let link = parent.map(|parent| link(config, parent, context.clone(), &certificates, connect)).transpose()?;
        let (uplink, receipts) = link.map(|link| (link.uplink, link.receipts)).unzip();
        let receipts = receipts.flatten();
        let children = ChildrenAtDoor::new(context.trust.clone());
        let journal = Journal::start(publisher.clone(), names, stop.clone(), tasks);
        let guard = Guard::new(&config.interface.marks);
        let marks = config.node.has(Role::Ingress).then(|| {
            let most = config.interface.marks.most;
            (guard.clone(), Sharer::new(serving.clone(), guard.clone(), most, clock.clone(), stop))
        });
        let door = Door::new(
            node,
            apps.clone(),
            children,
            dictionary,
            regions,
            publisher.clone(),
            names,
            serving.clone(),
            clock,
            journal,
            documents.clone(),
            guard,
            &config.interface,
        );
        Ok(Self {
            context,
            door: Arc::new(door),
            documents,
            apps,
            refresher,
            marks,
            store: serving,
            apart: config
                .node
                .has(Role::Persist)
                .then(|| Apart { quarantine: connect(uri, tls, "quarantine"), salvage: connect(uri, tls, "salvage") }),
            uplink,
            receipts,
            inbox,
            publisher,
            watcher,
            certificates,
        })
    }
}

/// The apps of the settings, and, for a process with a door, what adds those of the store.
fn apps(
    config: &Config,
    tls: &ClientTls,
    stop: &CancellationToken,
) -> Result<(Directory, Option<Refresher>), StartError> {
    let allowance = Allowance { volume: config.interface.app_limits, longest_body: config.interface.max_body_bytes };
    let apps = Directory::new(&config.apps, allowance)?;
    if !config.node.has(Role::Ingress) {
        return Ok((apps, None));
    }
    let own = Store::secured(config.store.uri.text(), 1, Purpose::Serve, tls.clone())?;
    let vault = config.node.master_key.as_ref().map(|key| Vault::new(key.key()));
    let refresher = Refresher::new(own, apps.clone(), vault, stop.clone());
    Ok((apps, Some(refresher)))
}

fn trust(config: &Config, node: &NodeIdentity) -> Trust {
    let children = children(config).0.into_iter();
    let children = children.map(|Child { region, appid, keys }| (appid, TrustedNode { region, keys }));
    Trust::new(node, config.node.former_keys.iter().map(key_of), children)
}

fn children(config: &Config) -> Children {
    let children = config.children.iter().map(|child| {
        let keys = [&child.key].into_iter().chain(&child.former_keys).map(key_of).collect();
        Child { region: child.region, appid: child.appid.clone(), keys }
    });
    Children(children.collect())
}

fn key_of(source: &KeySource) -> Key {
    source.key().clone()
}
