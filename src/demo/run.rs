//! The demo from start to end.

use super::compare::{Comparison, Stores};
use super::feed::{Feeder, Volume};
use super::nodes::{Nodes, check_ports};
use super::settings::{APP_KEY, Shared};
use super::{DemoNode, Federation};
use crate::broker::topology::TopologyError;
use crate::client::Client;
use crate::config::ConfigError;
use crate::dataset::{Dataset, Dictionary};
use crate::generate::{CannotGenerate, World};
use crate::lab::authority::SecuredFiles;
use crate::lab::{Authority, Lab, LabError, LabOptions, PrivateBroker, Secured};
use crate::node::StartError;
use crate::standard::cipher::{Key, NotAKey};
use crate::standard::region::RegionTable;
use crate::store::{Purpose, Store, StoreError};
use crate::tls::TlsError;
use futures_util::future::try_join_all;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// What the demo is to do.
#[derive(Debug, Clone)]
pub struct DemoOptions {
    /// Folder of its servers, settings and logs.
    pub folder: PathBuf,
    /// End when every tier agrees, instead of staying.
    pub once: bool,
    /// Records of each dataset and county that are added in batches of 2,000.
    pub records: u32,
    /// Seed of the generator.
    pub seed: u64,
    /// Run everything over TLS, with a private CA.
    pub tls: bool,
}

/// How the demo ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Every tier holds what was sent.
    Agree,
    /// Some tier does not.
    Differ,
}

/// Why the demo could not be run.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// Files of the demo cannot be written.
    #[error("cannot use {}: {reason}; run from a folder you may write to, or give --dir", path.display())]
    Folder {
        /// The path.
        path: PathBuf,
        /// The operating system's words.
        reason: std::io::Error,
    },
    /// A private server is at fault.
    #[error(transparent)]
    Lab(#[from] LabError),
    /// The vhosts could not be made.
    #[error(transparent)]
    Topology(#[from] TopologyError),
    /// The settings written are bad.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A node's settings are bad.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A node did not become ready.
    #[error("a node is not ready after 30 s: {0}")]
    NotReady(String),
    /// A store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Records could not be generated.
    #[error(transparent)]
    Generate(#[from] CannotGenerate),
    /// The demo's own key is bad.
    #[error(transparent)]
    Key(#[from] NotAKey),
    /// An exchange was refused.
    #[error("an exchange was refused: {0}")]
    Refused(String),
    /// The CA cannot be read.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// No HTTP client.
    #[error(transparent)]
    Http(#[from] reqwest::Error),
}

/// From the last exchange until every tier agrees.
const CONVERGE: Duration = Duration::from_secs(180);
const LOOK: Duration = Duration::from_millis(400);

/// Runs the demo. With `once` it ends by itself, else when `interrupted` completes.
pub async fn run(options: DemoOptions, interrupted: impl Future<Output = ()>) -> Result<Verdict, DemoError> {
    let started = Instant::now();
    let federation = Federation::builtin();
    check_ports(&federation)?;
    let folder = prepare(&options.folder)?;
    println!("starting a private RabbitMQ and PostgreSQL in {}", options.folder.display());
    let secured = if options.tls { Some(Authority::new("sesame demo CA")?.secure()?) } else { None };
    let lab = start_lab(&folder, &federation, secured.clone()).await?;
    let files = secured.map(|secured| secured.write(&folder.join("tls"))).transpose()?;
    let shared = shared(&lab, &federation, files);
    let mut nodes = Nodes::start(&federation, &shared, &folder).await?;
    println!("seven nodes are ready after {:.1} s", started.elapsed().as_secs_f64());
    tokio::pin!(interrupted);
    let verdict = tokio::select! {
        verdict = feed_and_compare(&options, &federation, &shared, &mut nodes) => Some(verdict),
        () = &mut interrupted => None,
    };
    if let Some(Ok(_)) = &verdict
        && !options.once
    {
        show_addresses(&federation, &shared, &options.folder);
        interrupted.await;
    }
    println!("stopping");
    stop(nodes, lab).await;
    verdict.unwrap_or(Ok(Verdict::Agree))
}

fn prepare(folder: &Path) -> Result<PathBuf, DemoError> {
    let failed = |reason| DemoError::Folder { path: folder.to_owned(), reason };
    std::fs::create_dir_all(folder).map_err(failed)?;
    folder.canonicalize().map_err(failed)
}

async fn start_lab(folder: &Path, federation: &Federation, secured: Option<Secured>) -> Result<Lab, DemoError> {
    let options = LabOptions { secured, ..LabOptions::new(folder) };
    let names = federation.nodes().iter().map(DemoNode::name).collect::<Vec<_>>();
    let started = tokio::task::spawn_blocking(move || {
        let lab = Lab::start(&options)?;
        if let Some(database) = &lab.database {
            for name in names {
                database.drop_database(&name)?;
                database.create_database(&name)?;
            }
        }
        Ok::<Lab, LabError>(lab)
    });
    let joined = started.await.map_err(|e| LabError::Interrupted(e.to_string()))?;
    Ok(joined?)
}

fn shared(lab: &Lab, federation: &Federation, secured: Option<SecuredFiles>) -> Shared {
    let secret = || Uuid::new_v4().simple().to_string();
    // `Lab::start` was asked for both servers.
    let amqp = lab.broker.as_ref().map_or(0, |broker| broker.ports().amqp);
    let management = lab.broker.as_ref().map_or_else(String::new, PrivateBroker::management_url);
    let store = lab.database.as_ref().map_or_else(String::new, |database| database.uri("DATABASE"));
    Shared {
        broker: format!("127.0.0.1:{amqp}"),
        store: Box::new(move |name| store.replace("DATABASE", name)),
        management: management.replacen("://", "://guest:guest@", 1),
        broker_password: secret(),
        admin_password: secret()[..12].to_owned(),
        master_key: secret(),
        keys: federation.nodes().iter().map(|_| secret()).collect(),
        secured,
    }
}

async fn feed_and_compare(
    options: &DemoOptions,
    federation: &Federation,
    shared: &Shared,
    nodes: &mut Nodes,
) -> Result<Verdict, DemoError> {
    let (dictionary, regions) = (Dictionary::builtin(), RegionTable::builtin());
    let datasets: Vec<&Dataset> = dictionary.datasets().collect();
    let volume = Volume::of(options.records);
    let stores = open_stores(federation, shared)?;
    let progress = Progress::new(federation, volume, datasets.len() as u64);
    let began = Instant::now();
    let counties: Vec<DemoNode> = federation.counties().copied().collect();
    let worlds = counties
        .iter()
        .map(|county| World::new(options.seed, county.region, &regions))
        .collect::<Result<Vec<_>, _>>()?;
    let feeding = try_join_all(counties.iter().zip(&worlds).zip(&progress.counties).map(|((county, world), bar)| {
        let (stores, datasets) = (&stores, datasets.as_slice());
        async move {
            let base = format!("{}://127.0.0.1:{}/sesame", shared.scheme(), county.interface_port());
            let client = Client::trusting(&base, &county.app(), Key::parse(APP_KEY)?, &shared.tls()?)?;
            let feeder = Feeder { client, world, bar: bar.clone() };
            feeder.add(datasets, volume).await?;
            // A change that overtakes its add is tried again after a pause; waiting keeps the demo short.
            while stores.entered(county).await? < volume.records() * datasets.len() as i64 {
                tokio::time::sleep(LOOK).await;
            }
            feeder.change(datasets, volume).await
        }
    }));
    let comparing = converge(federation, &dictionary, volume, &stores, &progress, nodes);
    let (_, comparison) = tokio::try_join!(feeding, comparing)?;
    progress.finish();
    let seconds = began.elapsed().as_secs_f64();
    println!("\n{}", comparison.table(federation, &dictionary, volume));
    let differences = comparison.differences(&dictionary, volume);
    if differences.is_empty() {
        println!(
            "every tier agrees, {:.1} s after the first exchange ({} records at the nation)",
            seconds,
            national(volume, &datasets, &counties)
        );
        return Ok(Verdict::Agree);
    }
    println!("the tiers differ:");
    differences.iter().for_each(|difference| println!("  {difference}"));
    println!("see the nodes' logs in {}", options.folder.display());
    Ok(Verdict::Differ)
}

fn national(volume: Volume, datasets: &[&Dataset], counties: &[DemoNode]) -> i64 {
    volume.records() * (datasets.len() * counties.len()) as i64
}

/// Looks until every tier agrees, or nothing has come any nearer to it for too long.
async fn converge(
    federation: &Federation,
    dictionary: &Dictionary,
    volume: Volume,
    stores: &Stores,
    progress: &Progress,
    nodes: &mut Nodes,
) -> Result<Comparison, DemoError> {
    let (mut nearest, mut since) = ((0, usize::MAX), Instant::now());
    loop {
        tokio::time::sleep(LOOK).await;
        nodes.check()?;
        let comparison = stores.compare(federation).await?;
        progress.tiers.set_position(comparison.arrived());
        let differences = comparison.differences(dictionary, volume).len();
        if differences == 0 {
            return Ok(comparison);
        }
        let now = (comparison.arrived(), differences);
        if now.0 > nearest.0 || now.1 < nearest.1 {
            (nearest, since) = (now, Instant::now());
        }
        if since.elapsed() > CONVERGE {
            return Ok(comparison);
        }
    }
}

fn open_stores(federation: &Federation, shared: &Shared) -> Result<Stores, DemoError> {
    let tls = shared.tls()?;
    let open =
        |node: &DemoNode| Ok((*node, Store::secured(&(shared.store)(&node.name()), 1, Purpose::Serve, tls.clone())?));
    Ok(Stores { stores: federation.nodes().iter().map(open).collect::<Result<_, DemoError>>()? })
}

struct Progress {
    counties: Vec<ProgressBar>,
    tiers: ProgressBar,
}

impl Progress {
    fn new(federation: &Federation, volume: Volume, datasets: u64) -> Self {
        let bars = MultiProgress::new();
        // The templates are constants; a wrong one would show in the first demo.
        let style = |unit: &str| {
            ProgressStyle::with_template(&format!("{{prefix:<22}} {{bar:40}} {{pos:>7}}/{{len}} {unit}"))
                .unwrap_or_else(|_| ProgressStyle::default_bar())
        };
        let bar = |length: u64, prefix: String, unit: &str| {
            bars.add(ProgressBar::new(length).with_style(style(unit)).with_prefix(prefix))
        };
        let exchanges = (volume.adds() + volume.changes()) * datasets;
        let counties = federation.counties();
        let counties: Vec<_> =
            counties.map(|county| bar(exchanges, format!("{} sends", county.region), "exchanges")).collect();
        let arrivals = volume.records().unsigned_abs() * datasets * 4 * counties.len() as u64;
        Self { counties, tiers: bar(arrivals, "all tiers hold".to_owned(), "records") }
    }

    fn finish(&self) {
        self.counties.iter().chain([&self.tiers]).for_each(ProgressBar::finish);
    }
}

fn show_addresses(federation: &Federation, shared: &Shared, folder: &Path) {
    let scheme = shared.scheme();
    println!("\n{:<8}{:<45}{:<26}metrics and health", "node", "interface (POST)", "console");
    for node in federation.nodes() {
        let (interface, console, metrics) = (node.interface_port(), node.console_port(), node.metrics_port());
        println!(
            "{:<8}{:<45}{:<26}http://127.0.0.1:{metrics}/metrics",
            node.region.to_string(),
            format!("{scheme}://127.0.0.1:{interface}/sesame/exchange"),
            format!("{scheme}://127.0.0.1:{console}/"),
        );
    }
    println!("\nconsole: user admin, password {}", shared.admin_password);
    println!("app at each node: demo-<region>, key {APP_KEY}");
    println!("settings and logs: {}", folder.display());
    if let (Some(files), Some(county)) = (&shared.secured, federation.counties().next()) {
        println!("\neverything runs over TLS; the CA is {}", files.ca.display());
        println!(
            "call with it: sesame log --url {scheme}://127.0.0.1:{}/sesame --ca {} --appid {} --key-file FILE",
            county.interface_port(),
            files.ca.display(),
            county.app()
        );
    }
    println!("\nCtrl-C stops everything");
}

async fn stop(nodes: Nodes, lab: Lab) {
    let stopped = tokio::task::spawn_blocking(move || {
        nodes.stop();
        lab.stop()
    });
    // Whatever did not stop in time is killed when dropped.
    if let Ok(Err(error)) = stopped.await {
        tracing::debug!(%error, "a server was killed");
    }
}
