//! `sesame lab`: both servers started side by side, and the command that keeps them for programs in other languages.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};

use super::authority::Secured;
use super::broker::PrivateBroker;
use super::broker_settings::{BrokerPorts, BrokerSettings};
use super::database::{DatabaseSettings, PrivateDatabase};
use super::error::LabError;
use super::ports;

/// How often the supervisor looks whether its servers still run.
const CHECK_EVERY: Duration = Duration::from_millis(500);

/// Which ports the servers take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortChoice {
    /// Any that are free.
    Free,
    /// Six in a row from this one: the broker's five, then the database's.
    StartingAt(u16),
}

/// What to start, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabOptions {
    /// The servers live in `broker` and `database` below it; nothing there is ever removed.
    pub directory: PathBuf,
    /// The name of the broker's node and cluster.
    pub name: String,
    /// The broker's limits; `None` starts no broker.
    pub broker: Option<BrokerSettings>,
    /// The database's settings; `None` starts no database.
    pub database: Option<DatabaseSettings>,
    /// Their ports.
    pub ports: PortChoice,
    /// Certificate of both servers: they take TLS alone then. Without it they take no TLS.
    pub secured: Option<Secured>,
}

impl LabOptions {
    /// A broker and a database on free ports with the default settings.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            name: "sesame".to_owned(),
            broker: Some(BrokerSettings::default()),
            database: Some(DatabaseSettings::default()),
            ports: PortChoice::Free,
            secured: None,
        }
    }
}

/// A broker and a database, or one of them. Dropping it kills them.
#[derive(Debug)]
pub struct Lab {
    /// The broker, if one was asked for.
    pub broker: Option<PrivateBroker>,
    /// The database, if one was asked for.
    pub database: Option<PrivateDatabase>,
}

/// Where the servers are. `sesame lab` prints it as one line of JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LabAddresses {
    /// The broker, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broker: Option<BrokerAddresses>,
    /// The database, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<DatabaseAddresses>,
}

/// Where the broker is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BrokerAddresses {
    /// With user guest, for the vhost `/`.
    pub amqp: String,
    /// The base of the management API; user and password are guest.
    pub management: String,
    /// RabbitMQ's own metrics.
    pub metrics: String,
    /// The Erlang machine.
    pub pid: Option<i32>,
}

/// Where the database is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DatabaseAddresses {
    /// As superuser, for the database `postgres`.
    pub uri: String,
    /// The server's first process.
    pub pid: Option<i32>,
}

impl Lab {
    /// Starts what the options ask for, side by side. If one fails, the other is ended.
    pub fn start(options: &LabOptions) -> Result<Self, LabError> {
        let (broker_ports, database_port) = choose(options.ports)?;
        let directory: &Path = &options.directory;
        let start_database = || {
            let settings = options.database.clone();
            let (dir, secured) = (directory.join("database"), options.secured.as_ref());
            settings.map(|s| PrivateDatabase::start_secured(&dir, database_port, s, secured)).transpose()
        };
        let start_broker = || {
            let settings = options.broker.as_ref();
            let (dir, secured) = (directory.join("broker"), options.secured.as_ref());
            settings.map(|s| PrivateBroker::start_secured(&dir, broker_ports, &options.name, s, secured)).transpose()
        };
        std::thread::scope(|scope| {
            let database = scope.spawn(start_database);
            let broker = start_broker();
            let database =
                database.join().map_err(|_| LabError::Interrupted("a start-up thread panicked".to_owned()))?;
            Ok(Self { broker: broker?, database: database? })
        })
    }

    /// Where the servers are.
    pub fn addresses(&self) -> LabAddresses {
        let broker = self.broker.as_ref().map(|broker| BrokerAddresses {
            amqp: broker.amqp_uri("/", "guest", "guest"),
            management: broker.management_url(),
            metrics: broker.metrics_url(),
            pid: broker.pid(),
        });
        let database = self.database.as_ref();
        let database =
            database.map(|database| DatabaseAddresses { uri: database.uri("postgres"), pid: database.pid() });
        LabAddresses { broker, database }
    }

    /// Fails if one of the servers has ended by itself.
    pub fn check(&mut self) -> Result<(), LabError> {
        self.broker.as_mut().map_or(Ok(()), PrivateBroker::check)?;
        self.database.as_mut().map_or(Ok(()), PrivateDatabase::check)
    }

    /// Stops both, about two seconds; removes nothing.
    pub fn stop(mut self) -> Result<(), LabError> {
        let broker = self.broker.as_mut().map_or(Ok(()), PrivateBroker::stop);
        let database = self.database.as_mut().map_or(Ok(()), PrivateDatabase::stop);
        broker.and(database)
    }
}

fn choose(ports: PortChoice) -> Result<(BrokerPorts, u16), LabError> {
    match ports {
        PortChoice::StartingAt(first) => Ok((BrokerPorts::starting_at(first), first.saturating_add(5))),
        PortChoice::Free => {
            let free = ports::free_ports(6)?;
            match free[..] {
                [amqp, management, prometheus, dist, epmd, database] => {
                    Ok((BrokerPorts { amqp, management, prometheus, dist, epmd }, database))
                }
                _ => Err(LabError::NoFreePorts { wanted: 6, range: (0, u16::MAX) }),
            }
        }
    }
}

/// Starts the servers, prints their addresses as one line of JSON on standard output, and stops them on SIGINT, SIGTERM
/// or the end of standard input, which is also how a caller that is killed ends them. Fails if a server ends by itself.
pub async fn run(options: LabOptions) -> Result<(), LabError> {
    // A signal during the start ends this process, and the reapers end the servers.
    let mut lab = blocking(move || Lab::start(&options)).await?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(LabError::io("listen to", Path::new("SIGINT")))?;
    let mut terminate = signal(SignalKind::terminate()).map_err(LabError::io("listen to", Path::new("SIGTERM")))?;
    print_line(&lab.addresses()).map_err(LabError::io("write to", Path::new("standard output")))?;
    let mut input_ended = end_of_input();
    let mut check = tokio::time::interval(CHECK_EVERY);
    loop {
        tokio::select! {
            _ = interrupt.recv() => break,
            _ = terminate.recv() => break,
            _ = &mut input_ended => break,
            _ = check.tick() => lab.check()?,
        }
    }
    blocking(move || lab.stop()).await
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, LabError> + Send + 'static,
) -> Result<T, LabError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(LabError::Interrupted(error.to_string())))
}

fn print_line(addresses: &LabAddresses) -> std::io::Result<()> {
    let mut output = std::io::stdout().lock();
    serde_json::to_writer(&mut output, addresses)?;
    output.write_all(b"\n")?;
    output.flush()
}

/// Ends when standard input does. A thread, because a read of standard input cannot be cancelled.
fn end_of_input() -> tokio::sync::oneshot::Receiver<()> {
    let (ended, receiver) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let mut input = std::io::stdin().lock();
        let mut ignored = [0; 256];
        while matches!(input.read(&mut ignored), Ok(read) if read > 0) {}
        // Nobody listens any more if a signal came first.
        let _ = ended.send(());
    });
    receiver
}
