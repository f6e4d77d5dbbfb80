//! The demo from start to end.

use super::compare::Stores;
use super::control::Control;
use super::nodes::{Nodes, check_ports};
use super::play::Play;
use super::settings::Shared;
use super::{DemoError, DemoNode, Federation, addresses, trouble};
use crate::lab::authority::SecuredFiles;
use crate::lab::{Authority, Lab, LabError, LabOptions, PrivateBroker, Secured};
use crate::store::{Purpose, Store};
use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::Instant;
use uuid::Uuid;

/// What the demo is to do.
#[derive(Debug, Clone)]
pub struct DemoOptions {
    /// Folder of its servers, settings and logs.
    pub folder: PathBuf,
    /// Mend what fails as README.md says, and end when every tier agrees again, instead of staying.
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
    // Its folder as it was given: the path of a socket must be short.
    let control = Control::open(&options.folder)?;
    println!("seven nodes are ready after {:.1} s", started.elapsed().as_secs_f64());
    let stores = open_stores(&federation, &shared)?;
    let play = Play {
        options: &options,
        federation: &federation,
        shared: &shared,
        stores: &stores,
        folder: &folder,
        control: &control,
    };
    tokio::pin!(interrupted);
    let verdict = tokio::select! {
        verdict = play.run(&mut nodes) => Some(verdict),
        () = &mut interrupted => None,
    };
    if let Some(Ok(verdict)) = &verdict
        && !options.once
    {
        addresses::show(&federation, &shared, &options.folder);
        if *verdict == Verdict::Agree {
            trouble::show(&federation.cast(), &options.folder);
        }
        println!("\nCtrl-C stops everything");
        tokio::select! {
            () = control.serve(&mut nodes) => {}
            () = &mut interrupted => {}
        }
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

fn open_stores(federation: &Federation, shared: &Shared) -> Result<Stores, DemoError> {
    let tls = shared.tls()?;
    let open =
        |node: &DemoNode| Ok((*node, Store::secured(&(shared.store)(&node.name()), 1, Purpose::Serve, tls.clone())?));
    Ok(Stores { stores: federation.nodes().iter().map(open).collect::<Result<_, DemoError>>()? })
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
