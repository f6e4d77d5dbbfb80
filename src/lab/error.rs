//! What can go wrong with a private server, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

/// A private server could not be started, used or stopped. Messages are one line, but for the end of a server's log.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// A program that the lab needs is not on this machine.
    #[error("{product} is not installed: run `make setup` or `apt-get install {package}`")]
    MissingPackage {
        /// The product's name.
        product: &'static str,
        /// The Debian package that has it.
        package: &'static str,
    },
    /// Only releases that are too old were found.
    #[error("PostgreSQL {found} is too old: install PostgreSQL 15 or later")]
    OldPostgres {
        /// The newest major release found.
        found: u32,
    },
    /// The server cannot listen where it should.
    #[error("port {port} ({purpose}) is taken by {holder}: stop that program or choose another port")]
    PortTaken {
        /// The port on 127.0.0.1.
        port: u16,
        /// What the port is for.
        purpose: &'static str,
        /// The process that listens there, as far as this user may know.
        holder: String,
    },
    /// Not enough free ports.
    #[error("found no {wanted} free ports on 127.0.0.1 between {first} and {last}", first = range.0, last = range.1)]
    NoFreePorts {
        /// How many were asked for.
        wanted: usize,
        /// The least and the greatest port tried.
        range: (u16, u16),
    },
    /// Another running process has servers in the same directory.
    #[error("{} is in use by process {holder}: wait until it has ended, or choose another directory", dir.display())]
    DirectoryInUse {
        /// The server's directory.
        dir: PathBuf,
        /// The process id of the user, or `?`.
        holder: String,
    },
    /// A directory under /var/tmp that should be ours belongs to someone else.
    #[error("{} belongs to another user: remove it, or choose a directory for the database that user {user} can reach", dir.display())]
    ForeignDirectory {
        /// The directory.
        dir: PathBuf,
        /// The user PostgreSQL runs as.
        user: String,
    },
    /// PostgreSQL does not run as root, and there is nobody else to run it as.
    #[error(
        "PostgreSQL refuses to run as root and there is no user `postgres` here: run as an ordinary user, or create it with `useradd --system postgres`"
    )]
    NoPostgresUser,
    /// A file or a process could not be handled.
    #[error("could not {action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The server ended by itself.
    #[error("{server} ended by itself ({status}); the end of its log:\n{log}")]
    Died {
        /// Which server.
        server: String,
        /// How.
        status: ExitStatus,
        /// The last lines.
        log: String,
    },
    /// The server runs but does not get ready, or does not end.
    #[error("{server} was not {state} within {seconds} s; the end of its log:\n{log}")]
    Timeout {
        /// Which server.
        server: String,
        /// The state waited for.
        state: &'static str,
        /// How long.
        seconds: u64,
        /// The last lines.
        log: String,
    },
    /// The server has been stopped or killed before, by its owner.
    #[error("{server} is not running: restart it first")]
    NotRunning {
        /// Which server.
        server: String,
    },
    /// A process left over from an earlier run does not even end after kill -9.
    #[error("process {pid}, left over in {}, does not end: look at it with `ps {pid}`", dir.display())]
    Undying {
        /// Its process id.
        pid: i32,
        /// The server's directory.
        dir: PathBuf,
    },
    /// A server's own tool failed.
    #[error("`{command}` failed ({status}): {output}")]
    Tool {
        /// The command with its arguments.
        command: String,
        /// How it ended.
        status: ExitStatus,
        /// What it said.
        output: String,
    },
    /// A certificate could not be made.
    #[error("could not make a certificate: {0}")]
    Certificate(String),
    /// A thread of the lab panicked or was cancelled.
    #[error("the lab was interrupted: {0}")]
    Interrupted(String),
}

impl LabError {
    /// For `map_err`: what the library says of a certificate.
    pub(super) fn certificate(error: rcgen::Error) -> Self {
        LabError::Certificate(error.to_string())
    }

    /// For `map_err`: says what was tried with which file.
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> LabError {
        let path = path.to_owned();
        move |source| LabError::Io { action, path, source }
    }
}
