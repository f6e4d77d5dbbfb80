//! Keeping what tells why a run failed: the servers' folder goes with the next run.

use super::federation::Federation;
use super::layout::SERVERS;
use super::run::Options;
use std::path::{Path, PathBuf};

/// Copies settings and logs of the nodes, and the logs of the servers; returns where they are.
pub fn keep(federation: &Federation<'_>, options: Options) -> std::io::Result<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!(".run/chaos/seed-{}", options.seed));
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    copy(federation.folder(), &folder)?;
    for name in SERVERS {
        let server = federation.servers.folder().join(name);
        copy(&server.join("broker/log"), &folder.join(format!("{name}-rabbitmq")))?;
        std::fs::copy(server.join("database/server.log"), folder.join(format!("{name}-postgresql.log")))?;
    }
    Ok(folder)
}

/// The files of a folder.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let path = entry?.path();
        if let Some(name) = path.file_name().filter(|_| path.is_file()) {
            std::fs::copy(&path, to.join(name))?;
        }
    }
    Ok(())
}
