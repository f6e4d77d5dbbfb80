//! Keys in commands: given in a file or drawn, shown once or written to a file.

use crate::apps::RegistryError;
use crate::cli::exchange::read_key;
use crate::standard::cipher::Key;
use anyhow::Context;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Where a key comes from and where it goes.
#[derive(clap::Args)]
pub(super) struct KeyOptions {
    /// File that holds the key, 32 hex digits; drawn at random by default
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Write the key to a new file that only this user may read, instead of printing it
    #[arg(long, value_name = "FILE")]
    pub(super) key_out: Option<PathBuf>,
}

impl KeyOptions {
    /// The key; where it goes to a file, it is written before anything is changed, so that it cannot be lost.
    pub(super) fn key(&self) -> anyhow::Result<Key> {
        let key = match &self.key_file {
            Some(file) => read_key(file)?,
            // Drawn by a cryptographic generator, seeded by the operating system.
            None => Key::from_bytes(rand::random()),
        };
        if let Some(file) = &self.key_out {
            write_secret(file, &key)?;
        }
        Ok(key)
    }

    /// After a refusal the file would hold a key of nobody. When the store did not answer, the key may be good all the same.
    pub(super) fn undo(&self, error: &RegistryError) {
        if let Some(file) = self.key_out.as_ref().filter(|_| !matches!(error, RegistryError::Store(_))) {
            // Nothing better can be done than to leave it; the refusal is what is shown.
            let _ = std::fs::remove_file(file);
        }
    }

    /// The key as it may be shown: `None` where it went to a file.
    pub(super) fn shown(&self, key: &Key) -> Option<String> {
        self.key_out.is_none().then(|| hex::encode(key.bytes()))
    }

    /// One line that says where the key is.
    pub(super) fn line(&self, key: &Key) -> String {
        match &self.key_out {
            Some(file) => format!("key         in {}", file.display()),
            None => format!("key         {}   (shown this once)", hex::encode(key.bytes())),
        }
    }
}

fn write_secret(file: &Path, key: &Key) -> anyhow::Result<()> {
    let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    let mut opened = opened.with_context(|| format!("cannot make {}: give a path that is free", file.display()))?;
    writeln!(opened, "{}", hex::encode(key.bytes())).with_context(|| format!("cannot write {}", file.display()))
}
