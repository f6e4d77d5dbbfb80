//! Keys in commands: given in a file or drawn, shown once or written to a file; `sesame app rotate`.

use super::arguments::span;
use super::office::Desk;
use crate::apps::{RegistryError, Rotation};
use crate::cli::exchange::read_key;
use crate::standard::cipher::Key;
use crate::standard::moment::Moment;
use anyhow::Context;
use serde_json::json;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

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

/// Give an app a new key; the one before stays good for a while
///
/// During the overlap both keys are good, and each answer is signed with the key that verified its request. A data key
/// changes at once, where a new one is given.
#[derive(clap::Args)]
#[command(
    after_help = "Example: sesame app rotate 370203-A01 --overlap 7d --key-out a01.key --config /etc/sesame/node.toml"
)]
pub(super) struct Rotate {
    /// The app's account
    appid: String,
    #[command(flatten)]
    desk: Desk,
    #[command(flatten)]
    key: KeyOptions,
    /// Replace the key it encrypts with too, by the one in this file, 32 hex digits
    #[arg(long, value_name = "FILE")]
    data_key_file: Option<PathBuf>,
    /// How long the key before stays good: 7d, 12h, 30m, or 0 when it may be in wrong hands
    #[arg(long, value_name = "SPAN", default_value = "7d", value_parser = span)]
    overlap: Duration,
    /// Rotate even though the key before the last rotation is good still; it ends now
    #[arg(long)]
    end_previous: bool,
}

impl Rotate {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let office = self.desk.open().await?;
        office.refuse_fixed(&self.appid)?;
        let data_key = self.data_key_file.as_deref().map(read_key).transpose()?;
        let key = self.key.key()?;
        let (overlap, end_previous) = (self.overlap, self.end_previous);
        let rotation = Rotation { key: key.clone(), data_key, overlap, end_previous };
        let app = office.registry.rotate(&self.appid, &rotation).await.inspect_err(|error| self.key.undo(error))?;
        let until = app.previous.as_ref().map(|(_, until)| *until);
        if self.desk.json {
            let until = until.map(Moment::to_rfc3339);
            println!("{}", json!({"appid": app.appid, "key": self.key.shown(&key), "previous_key_until": until}));
        } else {
            println!("{}", self.key.line(&key));
            match until {
                Some(until) => println!("key before  good until {} (Beijing time)", until.to_civil()),
                None => println!("key before  good no more"),
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
