//! Any program on a leash: the nodes of the demo.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::signal::Signal;

use super::error::LabError;
use super::process::{ServerProcess, leashed};

/// A program that ends with this process, however this process ends. Dropping it kills it.
#[derive(Debug)]
pub struct Program {
    process: ServerProcess,
}

impl Program {
    /// Starts `program`. `name` is its name in errors; standard output and error go to `log`.
    pub fn start<A: AsRef<OsStr>>(
        name: &str,
        program: &Path,
        arguments: impl IntoIterator<Item = A>,
        log: PathBuf,
    ) -> Result<Self, LabError> {
        let mut command = leashed(program, Signal::SIGTERM);
        command.args(arguments);
        Ok(Self { process: ServerProcess::spawn(name.to_owned(), &mut command, vec![log])? })
    }

    /// Its process id.
    pub fn pid(&self) -> i32 {
        self.process.pid()
    }

    /// Fails, with the end of its log, if it has ended by itself.
    pub fn check(&mut self) -> Result<(), LabError> {
        self.process.check()
    }

    /// Asks it to end, and waits at most `limit`.
    pub fn stop(self, limit: Duration) -> Result<(), LabError> {
        self.process.stop(Signal::SIGTERM, limit)
    }
}
