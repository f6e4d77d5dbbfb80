//! A `sesame serve` process: started, killed, frozen, asked how it is.

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sesame::lab::Program;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync;
use tokio::time::{Instant, sleep};

/// From start to ready, on a busy machine.
const READY: Duration = Duration::from_secs(90);
/// Between two looks at its metrics.
const LOOK: Duration = Duration::from_secs(1);
/// One that is asked to end and has not by then is killed, as a service manager does.
const STOPPED: Duration = Duration::from_secs(20);
/// The counter of deliveries of batches that were committed before.
const REPEATED: &str = "sesame_batches_repeated_total ";
/// The counter of batches that were signed anew and sent again.
const AGAIN: &str = "sesame_receipts_asked_total{way=\"again\"} ";

/// One process of a node, through all its lives.
pub struct Process {
    pub name: String,
    /// Where metrics and health are.
    metrics: u16,
    settings: PathBuf,
    folder: PathBuf,
    life: Mutex<Life>,
    hand: sync::Mutex<()>,
    http: reqwest::Client,
}

#[derive(Default)]
struct Life {
    program: Option<Program>,
    lives: u32,
    /// What former lives have counted, and this one as far as it has told.
    former: Counts,
    present: Counts,
}

/// What a process counts of itself. What a life did not tell before it was killed is not in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Deliveries of batches that had been committed before.
    pub duplicates: u64,
    /// Batches that it signed anew and sent again.
    pub again: u64,
}

impl Counts {
    /// Both together.
    pub fn and(self, other: Self) -> Self {
        Self { duplicates: self.duplicates + other.duplicates, again: self.again + other.again }
    }
}

impl Process {
    /// Starts the first life.
    pub fn start(name: String, metrics: u16, settings: PathBuf, folder: &Path) -> Result<Self> {
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(2)).build()?;
        let folder = folder.to_owned();
        let process =
            Self { name, metrics, settings, folder, life: Mutex::default(), hand: sync::Mutex::default(), http };
        process.revive()?;
        Ok(process)
    }

    /// Whoever ends, stops or starts it holds it until it is as it was.
    pub async fn hold(&self) -> sync::MutexGuard<'_, ()> {
        self.hand.lock().await
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
        let mut program = self.end().await?;
        let killed = tokio::task::spawn_blocking(move || program.check());
        Ok(killed.await.context("a blocking task panicked")??)
    }

    /// Asks it to end, and begins a new life. Fails if it had ended by itself.
    pub async fn restart(&self) -> Result<()> {
        let mut program = self.end().await?;
        let stopped = tokio::task::spawn_blocking(move || {
            program.check()?;
            // Dropping one that does not end in time kills it.
            drop(program.stop(STOPPED));
            anyhow::Ok(())
        });
        stopped.await.context("a blocking task panicked")??;
        self.revive()
    }

    /// Takes the program of a life that is about to end.
    async fn end(&self) -> Result<Program> {
        self.look().await;
        let mut life = self.lock();
        life.former = life.former.and(std::mem::take(&mut life.present));
        life.program.take().context("a running process")
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

    /// Looks what it has counted; a process that does not answer is asked again later.
    pub async fn look(&self) {
        let Ok((true, text)) = self.get("metrics").await else { return };
        let count = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|line| line.trim().parse::<f64>().ok()).map(|count| count as u64)
        };
        if let (Some(duplicates), Some(again)) = (count(REPEATED), count(AGAIN)) {
            self.lock().present = Counts { duplicates, again };
        }
    }

    /// What all its lives have counted.
    pub fn counts(&self) -> Counts {
        let life = self.lock();
        life.former.and(life.present)
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
