//! `sesame app rotate`: a new key, and the one before for a while.

use super::arguments::span;
use super::keys::KeyOptions;
use super::office::Desk;
use crate::apps::Rotation;
use crate::cli::exchange::read_key;
use crate::standard::moment::Moment;
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

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
