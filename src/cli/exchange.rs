//! `sesame query`, `sesame log`, and whom every command that calls a node calls

use super::block_on;
use super::past::PastOptions;
use crate::client::{Answered, Client};
use crate::config::PeerTls;
use crate::standard::busilist::Array;
use crate::standard::cipher::Key;
use crate::standard::code::{Action, BusinessCode};
use crate::standard::random::Random;
use crate::tls::ClientTls;
use anyhow::Context;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use uuid::Uuid;

/// Whom to call, and as whom.
#[derive(clap::Args)]
pub(super) struct Caller {
    /// https://host:port/<service> of the node, or http://
    #[arg(long, value_name = "URL")]
    pub(super) url: String,
    /// The app's account
    #[arg(long, value_name = "APPID")]
    pub(super) appid: String,
    /// File that holds the app's key, 32 hex digits
    #[arg(long, value_name = "FILE")]
    key_file: PathBuf,
    /// File that holds the key its busilists are encrypted with, for apps that encrypt
    #[arg(long, value_name = "FILE")]
    data_key_file: Option<PathBuf>,
    /// File with the CAs, in PEM, that the node's certificate may be signed by; the system's by default
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Certificate to show to the node, in PEM, for apps that prove themselves by one
    #[arg(long, value_name = "FILE", requires = "certificate_key")]
    certificate: Option<PathBuf>,
    /// Its private key
    #[arg(long, value_name = "FILE", requires = "certificate")]
    certificate_key: Option<PathBuf>,
}

impl Caller {
    pub(super) fn client(&self) -> anyhow::Result<Client> {
        let identity = self.certificate.clone().zip(self.certificate_key.clone());
        let tls = ClientTls::load("command line", &PeerTls { ca: self.ca.clone(), identity })?;
        let client = Client::trusting(&self.url, &self.appid, read_key(&self.key_file)?, &tls)?;
        Ok(match &self.data_key_file {
            Some(file) => client.with_data_key(read_key(file)?),
            None => client,
        })
    }
}

pub(super) fn show(answered: &Answered, json: bool) -> ExitCode {
    if json {
        println!("{}", answered.busilist);
        eprintln!("{}", answered.message);
    } else {
        println!("{}", answered.message);
        for row in Array::read(&answered.busilist).unwrap_or(Array::EMPTY).elements() {
            println!("  {}", row.as_str());
        }
    }
    if let Some(after) = &answered.after {
        eprintln!("more: --after {after}");
    }
    if answered.success { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Options of [`Query`] that belong to one of its two ways of asking.
const OPTIONAL: [&str; 5] = ["url", "appid", "key_file", "config", "history"];

/// Query records, or the whole past of one
///
/// Records are asked for as an app, over HTTP. A record's past is read by the node's operator, with the node's settings.
#[derive(clap::Args)]
#[command(
    // An optional group of options leaves each of them required (clap issue 5092): whoever gives one must give all.
    mut_args(|arg| if OPTIONAL.contains(&arg.get_id().as_str()) { arg.required(false) } else { arg }),
    after_help = "Examples:\n  sesame query --url http://127.0.0.1:8100/sesame --appid A01 --key-file a01.key --busicode 003 REGION=370203 SIZE=10\n  sesame query --config node.toml --busicode 003 --history '梯11鲁B00123(18)' --as-of '2026-01-31 00:00:00'"
)]
pub struct Query {
    #[command(flatten)]
    caller: Option<Caller>,
    #[command(flatten)]
    past: Option<PastOptions>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
    /// Business code, 001 to 011
    #[arg(long, value_parser = BusinessCode::parse)]
    busicode: BusinessCode,
    /// Go on after a page
    #[arg(long)]
    after: Option<String>,
    /// Conditions: key fields, REGION, SINCE, UNTIL, DELETED, SIZE
    #[arg(value_name = "NAME=VALUE")]
    conditions: Vec<String>,
}

impl Query {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        if let Some(past) = &self.past {
            return block_on(past.run(self.busicode, self.json));
        }
        let Some(caller) = self.caller else {
            eprintln!(
                "sesame: give --url, --appid and --key-file to query records; --config and --history for the past of one"
            );
            return Ok(ExitCode::from(2));
        };
        let conditions = conditions(&self.conditions, self.after)?;
        let (client, random) = (caller.client()?, Random::from(Uuid::new_v4()));
        let answered = block_on(async { Ok(client.send(self.busicode, Action::Query, &conditions, &random).await?) })?;
        Ok(show(&answered, self.json))
    }
}

/// Query the interface log
#[derive(clap::Args)]
#[command(
    after_help = "Example: sesame log --url http://127.0.0.1:8100/sesame --appid A01 --key-file a01.key STATE=failed SIZE=10"
)]
pub struct Log {
    #[command(flatten)]
    caller: Caller,
    /// Print the answer's list as JSON
    #[arg(long)]
    json: bool,
    /// Business code, 001 to 011; all by default
    #[arg(long, value_parser = BusinessCode::parse)]
    busicode: Option<BusinessCode>,
    /// Go on after a page
    #[arg(long)]
    after: Option<String>,
    /// Conditions: FROM UNTIL APPID BUSICODE ACTION REGION RANDOM BATCH RESULT STATE SIZE
    #[arg(value_name = "NAME=VALUE")]
    conditions: Vec<String>,
}

impl Log {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let conditions = conditions(&self.conditions, self.after)?;
        let (client, random) = (self.caller.client()?, Random::from(Uuid::new_v4()));
        let answered = block_on(async { Ok(client.log(self.busicode, &conditions, &random).await?) })?;
        Ok(show(&answered, self.json))
    }
}

pub(super) fn read_key(file: &Path) -> anyhow::Result<Key> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    Key::parse(text.trim()).with_context(|| format!("{} holds no key", file.display()))
}

fn conditions(pairs: &[String], after: Option<String>) -> anyhow::Result<String> {
    let mut object = serde_json::Map::new();
    for pair in pairs {
        let (name, value) =
            pair.split_once('=').with_context(|| format!("{pair:?} is no condition of the form NAME=VALUE"))?;
        object.insert(name.to_owned(), value.into());
    }
    object.extend(after.map(|after| ("AFTER".to_owned(), after.into())));
    Ok(serde_json::Value::Array(vec![object.into()]).to_string())
}
