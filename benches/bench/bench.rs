//! A run of the benchmark: its servers and its folder.

use crate::servers::Servers;
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// What all scenarios share.
pub struct Bench {
    /// RabbitMQ and PostgreSQL.
    pub servers: Servers,
    /// Settings and logs.
    pub folder: PathBuf,
}

impl Bench {
    /// Starts the servers in a folder, PostgreSQL with a module of its own if need be.
    pub async fn start(folder: &Path, module: Option<&str>) -> Result<Self> {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let folder = folder.canonicalize()?;
        Ok(Self { servers: Servers::start(&folder, module).await?, folder })
    }

    /// When and on what it runs.
    pub async fn machine(&self) -> Result<String> {
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let total =
            memory.lines().find_map(|line| line.strip_prefix("MemTotal:")?.split_whitespace().next()?.parse().ok());
        let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let date = time::OffsetDateTime::now_utc().date();
        Ok(format!(
            "{date}: {cores} cores, {:.0} GB, Linux {}, {}",
            total.unwrap_or(0.0) / f64::from(1 << 20),
            kernel.trim(),
            self.servers.versions().await?
        ))
    }
}
