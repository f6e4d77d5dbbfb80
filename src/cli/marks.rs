//! `sesame marks`: the transfers that failed at the node's door (§7.4).

use super::actor::actor;
use super::app::office::Desk;
use crate::clock::Clock;
use crate::marks::{Guard, Standing};
use crate::standard::moment::Moment;
use crate::store::{AppAct, StoredMark};
use serde_json::{Value, json};
use std::net::IpAddr;
use std::process::ExitCode;

/// Transfers that failed at the door: list them, clear one by hand
///
/// Wrong signatures in a row of one app, random and source address mark a transfer for 24 hours (7.4). A right signature ends a
/// mark by itself. Running nodes follow within a second, and tell the store within a second what they have marked.
#[derive(clap::Args)]
pub struct MarksCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    List(List),
    Clear(Clear),
}

/// List the transfers that are marked, the latest first
#[derive(clap::Args)]
#[command(after_help = "Example: sesame marks list --config /etc/sesame/node.toml --appid 370203-A01")]
struct List {
    #[command(flatten)]
    desk: Desk,
    /// Only transfers of this app
    #[arg(long, value_name = "APPID")]
    appid: Option<String>,
    /// Also transfers whose failures have not marked them yet
    #[arg(long)]
    all: bool,
}

/// End the mark of a transfer, and its count of failures
///
/// `sesame app history` shows who cleared what, and why.
#[derive(clap::Args)]
#[command(
    after_help = "Example: sesame marks clear 370203-A01 0192f0c1-7b1a-7c3e-9a51-0d2b6c7e8f90 --why 'key was rotated too early' --config /etc/sesame/node.toml"
)]
struct Clear {
    /// The app's account
    appid: String,
    /// The random of its requests
    random: String,
    /// Only what came from this address; from all by default
    #[arg(long, value_name = "ADDRESS")]
    source: Option<IpAddr>,
    /// Why, for the record
    #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    why: String,
    #[command(flatten)]
    desk: Desk,
}

impl MarksCommand {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        super::block_on(async {
            match self.command {
                Command::List(command) => command.run().await,
                Command::Clear(command) => command.run().await,
            }
        })
    }
}

impl List {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let office = self.desk.open().await?;
        let (rule, now) = (Guard::rule_of(&office.config.interface.marks), Clock::system().now());
        let marks = office.store.marks_since(0).await?;
        let wanted = marks.iter().rev().filter(|mark| self.appid.as_ref().is_none_or(|appid| *appid == mark.appid));
        let rows: Vec<Value> = wanted
            .filter_map(|mark| {
                let standing = Standing::of_stored(mark, rule);
                let until = standing.marked_until(rule, now);
                let is_listed = until.is_some() || self.all && !standing.is_clear() && !standing.is_spent(rule, now);
                is_listed.then(|| row(mark, &standing, until))
            })
            .collect();
        if self.desk.json {
            println!("{}", Value::Array(rows));
            return Ok(ExitCode::SUCCESS);
        }
        println!("{:<24} {:<36} {:<15} {:<8} {:<19} UNTIL", "APPID", "RANDOM", "SOURCE", "FAILURES", "LAST");
        for row in &rows {
            let text = |name: &str| row[name].as_str().unwrap_or("-").to_owned();
            let (appid, random, source, last) = (text("appid"), text("random"), text("source"), civil(&text("last")));
            let until = civil(&text("until"));
            println!("{appid:<24} {random:<36} {source:<15} {:<8} {last:<19} {until}", row["failures"].to_string());
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn row(mark: &StoredMark, standing: &Standing, until: Option<Moment>) -> Value {
    json!({
        "appid": mark.appid,
        "random": mark.random,
        "source": mark.source.to_string(),
        "state": if until.is_some() { "marked" } else { "counting" },
        "failures": standing.failures().len(),
        "last": standing.latest().map(Moment::to_rfc3339),
        "until": until.map(Moment::to_rfc3339),
    })
}

/// A time in Beijing time, as people read it.
fn civil(text: &str) -> String {
    Moment::parse(text).map_or_else(|_| text.to_owned(), Moment::to_civil)
}

impl Clear {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let office = self.desk.open().await?;
        let source = self.source.map(|source| source.to_canonical());
        let actor = actor();
        let act = AppAct {
            at: Clock::system().now(),
            appid: self.appid.clone(),
            act: "clear-marks".to_owned(),
            user: actor.user,
            host: actor.host,
            detail: json!({"random": self.random, "source": source.map(|source| source.to_string()), "why": self.why}),
        };
        let cleared = office.store.clear_marks(&self.random, source, &act).await?;
        match cleared {
            _ if self.desk.json => println!("{}", json!({"cleared": cleared})),
            0 => eprintln!("sesame: no failures of {} {} count at this moment", self.appid, self.random),
            _ => println!("cleared {cleared}"),
        }
        Ok(if cleared > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
