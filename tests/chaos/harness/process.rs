//! A `sesame serve` process: started, killed, frozen, asked how it is.

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sesame::lab::Program;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// From start to ready, on a busy machine.
const READY: Duration = Duration::from_secs(90);
/// Between two looks at its metrics.
const LOOK: Duration = Duration::from_secs(1);
/// The counter of deliveries of batches that were committed before.
const REPEATED: &str = "sesame_batches_repeated_total";

/// One process of a node, through all its lives.
pub struct Process {
    pub name: String,
    /// Where metrics and health are.
    metrics: u16,
    settings: PathBuf,
    folder: PathBuf,
    life: Mutex<Life>,
    http: reqwest::Client,
}

#[derive(Default)]
struct Life {
    program: Option<Program>,
    lives: u32,
    /// Duplicates delivered to former lives, and to this one as far as it has told.
    former: u64,
    present: u64,
}

impl Process {
    /// Starts the first life.
    pub fn start(name: String, metrics: u16, settings: PathBuf, folder: &Path) -> Result<Self> {
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(2)).build()?;
        let folder = folder.to_owned();
        let process = Self { name, metrics, settings, folder, life: Mutex::default(), http };
        process.revive()?;
        Ok(process)
    }

    /// A new life. Each has a log of its own.
    pub fn revive(&self) -> Result<()> {
        let mut life = self.lock();
        life.lives += 1;
        let log = self.folder.join(format!("{}.{:03}.log", self.name, life.lives));
        let arguments = ["serve".as_ref(), "--config".as_ref(), self.settings.as_os_str()];
        let program = Path::new(env!("CARGO_BIN_EXE_sesame"));
        life.program = Some(Program::start(&format!("sesame {}", self.name), program, arguments, log)?);
        Ok(())
    }

    /// `kill -9`. Fails if it had ended by itself.
    pub async fn kill(&self) -> Result<()> {
        self.look().await;
        let mut program = {
            let mut life = self.lock();
            life.former += std::mem::take(&mut life.present);
            life.program.take().context("a running process")?
        };
        let killed = tokio::task::spawn_blocking(move || program.check());
        Ok(killed.await.context("a blocking task panicked")??)
    }

    /// SIGSTOP.
    pub fn freeze(&self) -> Result<()> {
        self.signal(Signal::SIGSTOP)
    }

    /// SIGCONT.
    pub fn thaw(&self) -> Result<()> {
        self.signal(Signal::SIGCONT)
    }

    /// Fails if it has ended by itself.
    pub fn check(&self) -> Result<()> {
        match &mut self.lock().program {
            Some(program) => Ok(program.check()?),
            None => bail!("sesame {} is not running", self.name),
        }
    }

    /// Waits until `/health/ready` says so.
    pub async fn ready(&self) -> Result<()> {
        let deadline = Instant::now() + READY;
        loop {
            self.check()?;
            let seen = match self.get("health/ready").await {
                Ok((true, _)) => return Ok(()),
                Ok((false, text)) => text,
                Err(error) => error.to_string(),
            };
            if Instant::now() > deadline {
                bail!("sesame {} is not ready after {} s: {seen}", self.name, READY.as_secs());
            }
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// Looks again and again; never ends.
    pub async fn watch(&self) {
        loop {
            sleep(LOOK).await;
            self.look().await;
        }
    }

    /// Looks how many duplicates have been delivered to it; a process that does not answer is asked again later.
    pub async fn look(&self) {
        let Ok((true, text)) = self.get("metrics").await else { return };
        let line = text.lines().find_map(|line| line.strip_prefix(REPEATED));
        if let Some(count) = line.and_then(|line| line.trim().parse::<f64>().ok()) {
            self.lock().present = count as u64;
        }
    }

    /// Duplicates delivered to all its lives. What a life did not tell before it was killed is not in it.
    pub fn duplicates(&self) -> u64 {
        let life = self.lock();
        life.former + life.present
    }

    async fn get(&self, path: &str) -> Result<(bool, String), reqwest::Error> {
        let response = self.http.get(format!("http://127.0.0.1:{}/{path}", self.metrics)).send().await?;
        Ok((response.status().is_success(), response.text().await?))
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        let life = self.lock();
        let program = life.program.as_ref().context("a running process")?;
        Ok(kill(Pid::from_raw(program.pid()), signal)?)
    }

    fn lock(&self) -> MutexGuard<'_, Life> {
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
