//! What is measured: a variant of the floor, or a node of sesame, always started anew on an empty vhost and database.

use crate::counter::Counter;
use crate::floor::Variant;
use crate::node::{self, ALL_ROLES, Node};
use crate::servers::Servers;
use anyhow::Result;
use clap::ValueEnum;
use sesame::lab::{Program, ports};
use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

/// Which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// The bare pipeline with so many consumers.
    Floor { variant: Variant, consumers: usize },
    /// One node of sesame without a parent.
    Sesame,
    /// One node that hands everything on to a parent's broker. The parent's node does not run: it is another machine's work.
    SesameWithParent,
}

impl Subject {
    /// Whether it is a floor.
    pub fn is_floor(self) -> bool {
        matches!(self, Subject::Floor { .. })
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Floor { variant, consumers } => {
                let variant = variant.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned());
                write!(f, "floor {variant} x{consumers}")
            }
            Subject::Sesame => f.write_str("sesame"),
            Subject::SesameWithParent => f.write_str("sesame, parent"),
        }
    }
}

/// A subject that runs. Dropping it kills it.
pub struct Running {
    /// Where to post.
    pub interface: SocketAddr,
    /// How far it is.
    pub counter: Counter,
    /// Its process.
    pub pid: i32,
    /// Its database.
    pub database: String,
    process: Process,
}

enum Process {
    Floor(Program),
    Nodes(Vec<Node>),
}

const FLOOR: &str = "bench-floor";
const READY: Duration = Duration::from_secs(30);
const STOP: Duration = Duration::from_secs(10);

impl Running {
    /// Starts it; `prefetch` is the floor's.
    pub async fn start(servers: &Servers, folder: &Path, subject: Subject, prefetch: u16) -> Result<Self> {
        match subject {
            Subject::Floor { variant, consumers } => floor(servers, folder, variant, consumers, prefetch).await,
            Subject::Sesame => nodes(servers, folder, 1).await,
            Subject::SesameWithParent => nodes(servers, folder, 2).await,
        }
    }

    /// Stops it and removes what it has left.
    pub async fn stop(self, servers: &Servers) -> Result<()> {
        match self.process {
            Process::Floor(program) => {
                // It has nothing to finish: what does not stop is killed.
                drop(tokio::task::spawn_blocking(move || program.stop(STOP)).await?);
                servers.drop_vhost(FLOOR).await?;
                servers.drop_database(FLOOR)
            }
            Process::Nodes(mut nodes) => {
                for node in &mut nodes {
                    node.stop().await?;
                }
                node::tear_down(servers, &nodes).await
            }
        }
    }
}

async fn floor(servers: &Servers, folder: &Path, variant: Variant, consumers: usize, prefetch: u16) -> Result<Running> {
    servers.empty_database(FLOOR)?;
    servers.empty_vhost(FLOOR).await?;
    let interface = SocketAddr::from(([127, 0, 0, 1], ports::free_ports(1)?[0]));
    let variant = variant.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned());
    let arguments = [
        "floor".to_owned(),
        format!("--broker=amqp://guest:guest@{}/{FLOOR}", servers.broker()?),
        format!("--store={}", servers.store(FLOOR)?),
        format!("--variant={variant}"),
        format!("--consumers={consumers}"),
        format!("--prefetch={prefetch}"),
        format!("--listen={interface}"),
    ];
    let mut program = Program::start("the floor", &std::env::current_exe()?, arguments, folder.join("floor.log"))?;
    let (counter, deadline) = (Counter::of_floor(interface)?, Instant::now() + READY);
    while counter.records(1).await.is_err() {
        program.check()?;
        anyhow::ensure!(Instant::now() < deadline, "the floor is not ready: see floor.log");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(Running { interface, counter, pid: program.pid(), database: FLOOR.to_owned(), process: Process::Floor(program) })
}

/// The lowest of so many nodes, which alone runs.
async fn nodes(servers: &Servers, folder: &Path, count: usize) -> Result<Running> {
    let regions = &node::tiers()?[..count];
    let mut nodes = node::set_up(servers, folder, regions).await?;
    let lowest = &mut nodes[0];
    lowest.start(ALL_ROLES).await?;
    let (interface, counter, pid) = (lowest.interface, lowest.counter()?, lowest.pid()?);
    Ok(Running { interface, counter, pid, database: node::name(lowest.region), process: Process::Nodes(nodes) })
}
