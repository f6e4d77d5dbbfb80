//! `sesame query --history`: a record's past, read from the node's own store.

use crate::config;
use crate::dataset::Dataset;
use crate::history::{AsOf, Entry, Past, SignedExchange, past_of};
use crate::node::{dictionary_of, regions_of};
use crate::record::{Effect, Outcome};
use crate::standard::code::BusinessCode;
use crate::standard::moment::Moment;
use crate::standard::region::Region;
use crate::store::{Purpose, Store};
use crate::tls::ClientTls;
use anyhow::{Context, bail};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Which record's past, and what of it.
#[derive(clap::Args)]
pub(super) struct PastOptions {
    /// Every change of the records with this primary key; parts of a key are joined by |
    #[arg(long, value_name = "KEY", requires = "config", conflicts_with_all = ["url", "appid", "conditions", "after"])]
    history: String,
    /// The node's settings
    #[arg(long, value_name = "FILE", requires = "history")]
    config: PathBuf,
    /// Only in this region and below
    #[arg(long, value_name = "REGION", value_parser = Region::parse, requires = "history")]
    region: Option<Region>,
    /// The record as this node knew it at a moment: 2026-01-31 00:00:00 (Beijing time) or RFC 3339
    #[arg(long, value_name = "MOMENT", value_parser = Moment::parse, requires = "history")]
    as_of: Option<Moment>,
    /// Write each exchange, as its sender signed it, to a file of this folder, for `sesame evidence verify`
    #[arg(long, value_name = "DIR", requires = "history")]
    evidence: Option<PathBuf>,
}

impl PastOptions {
    pub(super) async fn run(&self, busicode: BusinessCode, json: bool) -> anyhow::Result<ExitCode> {
        let config = config::load(&self.config)?;
        let dictionary = dictionary_of(&config, &regions_of(&config)?)?;
        let dataset = dictionary.get(busicode).with_context(|| format!("there is no dataset {busicode}"))?;
        let key = key(dataset, &self.history)?;
        let tls = ClientTls::load("store", &config.store.tls())?;
        let store = Store::secured(config.store.uri.text(), 1, Purpose::Serve, tls)?;
        store.migrate().await.context("check [store] uri in the settings, and that PostgreSQL runs")?;
        if let Some(folder) = &self.evidence {
            std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        }
        let keep = |exchange: &SignedExchange| match &self.evidence {
            Some(folder) => write_evidence(folder, exchange),
            None => Ok(()),
        };
        let pasts = past_of(&store, dataset, &key, self.region.unwrap_or(Region::NATION), keep).await?;
        if pasts.is_empty() {
            eprintln!("this node has never known a record {} of {busicode}", self.history);
            return Ok(ExitCode::FAILURE);
        }
        if json {
            println!("{}", Value::Array(pasts.iter().map(|past| self.row(past)).collect()));
        } else {
            pasts.iter().for_each(|past| self.print(past));
        }
        Ok(ExitCode::SUCCESS)
    }

    fn print(&self, past: &Past) {
        println!("{} in {}: {} changes", self.history, past.region, past.entries.len() + past.archived.len());
        if let Some(moment) = self.as_of {
            let at = moment.to_civil();
            match past.as_of(moment) {
                AsOf::Unknown => println!("  at {at}: not known here"),
                AsOf::InArchive => {
                    println!("  at {at}: cannot be told, since some of its changes are in the archive alone")
                }
                AsOf::Known(state) if state.is_deleted() => println!("  at {at}: deleted  {}", state.fields.as_json()),
                AsOf::Known(state) => println!("  at {at}: {}", state.fields.as_json()),
            }
        }
        for entry in &past.entries {
            let version = entry.change.version;
            println!(
                "{}  {} {}  source time {}, batch {} record {}, sent by {} at {}, dataset version {}",
                entry.applied.to_civil(),
                action(entry),
                outcome(entry.outcome),
                version.source.to_civil(),
                version.batch,
                version.ordinal + 1,
                entry.evidence.appid,
                entry.origin,
                entry.dataset_version,
            );
            for hop in &entry.hops {
                println!("    passed {} at {}", hop.region, hop.at);
            }
            println!("    {}", effect(entry));
        }
        for (batch, ordinal) in &past.archived {
            println!("archived: batch {batch} record {}: its month has left the database", ordinal + 1);
        }
    }

    fn row(&self, past: &Past) -> Value {
        let entries = past.entries.iter().map(|entry| {
            let (version, evidence) = (entry.change.version, &entry.evidence);
            json!({
                "applied": entry.applied.to_rfc3339(),
                "action": action(entry),
                "outcome": outcome(entry.outcome),
                "source_time": version.source.to_rfc3339(),
                "accepted": version.accepted.to_rfc3339(),
                "batch": version.batch,
                "record": version.ordinal + 1,
                "appid": evidence.appid,
                "random": evidence.random,
                "origin": entry.origin.to_string(),
                "hops": entry.hops,
                "dataset_version": entry.dataset_version,
                "sign": evidence.sign,
                "profile": evidence.profile,
                "fields": effect(entry),
            })
        });
        let mut row = json!({
            "key": self.history,
            "region": past.region.to_string(),
            "changes": entries.collect::<Vec<_>>(),
            "archived": past.archived.iter().map(|(batch, at)| json!({"batch": batch, "record": at + 1})).collect::<Vec<_>>(),
        });
        if let Some(moment) = self.as_of {
            row["as_of"] = moment.to_rfc3339().into();
            row["state"] = match past.as_of(moment) {
                AsOf::Unknown => json!("unknown"),
                AsOf::InArchive => json!("in archive"),
                AsOf::Known(state) => {
                    json!({"deleted": state.is_deleted(), "fields": state.fields.members().unwrap_or_default()})
                }
            };
        }
        row
    }
}

/// The key in comparable form.
fn key(dataset: &Dataset, text: &str) -> anyhow::Result<String> {
    let parts: Vec<&str> = text.split('|').collect();
    let fields = dataset.key();
    if parts.len() != fields.len() {
        bail!("the key of {} has {} parts: write {}", dataset.code(), fields.len(), fields.join("|"));
    }
    let comparable = fields.iter().zip(parts).map(|(field, part)| dataset.key_part(field, part));
    Ok(comparable.collect::<Result<Vec<_>, _>>()?.join("\u{1f}"))
}

/// A file for each exchange.
fn write_evidence(folder: &Path, exchange: &SignedExchange) -> std::io::Result<()> {
    let text = serde_json::to_string_pretty(exchange).map_err(std::io::Error::other)?;
    std::fs::write(folder.join(format!("{}.json", exchange.batch)), text)
}

fn action(entry: &Entry) -> &'static str {
    match entry.change.effect {
        Effect::Add(_) => "add",
        Effect::Modify(_) => "modify",
        Effect::Delete => "delete",
    }
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Applied => "applied",
        Outcome::Stale => "stale",
        Outcome::Repeated => "repeated",
    }
}

/// The fields it set; null clears one.
fn effect(entry: &Entry) -> Value {
    match &entry.change.effect {
        Effect::Add(fields) => json!(fields.members().unwrap_or_default()),
        Effect::Modify(changes) => {
            let members = changes.iter().map(|(name, value)| (name.to_string(), json!(value)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        Effect::Delete => json!({}),
    }
}
