//! `sesame app add`

use super::arguments::{Granted, Limits, actions, busicodes};
use super::keys::KeyOptions;
use super::office::Desk;
use super::proof::ProofOptions;
use super::samples::{Sample, Subject, samples};
use super::show::print;
use crate::apps::{NewApp, RegistryError};
use crate::cli::exchange::read_key;
use crate::standard::cipher::Key;
use crate::standard::code::{Action, BusinessCode};
use crate::standard::grants::Grants;
use crate::standard::moment::Moment;
use crate::standard::proof::Proof;
use crate::standard::region::Region;
use crate::standard::sign::Profile;
use crate::standard::volume::Volume;
use crate::store::StoredApp;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::ExitCode;

/// Add an app; prints its key once, and samples with its own values
///
/// Needs `[node] master_key`: keys are kept sealed under it. An app that proves itself by a client certificate alone has a key
/// too: its answers are signed with it.
#[derive(clap::Args)]
#[command(
    after_help = "Example: sesame app add 370203-A01 --name 某检验院 --region 370203 --busicodes 003,004 --url http://node.example:8100/sesame --config /etc/sesame/node.toml"
)]
pub(super) struct Add {
    /// The app's account (应用账号), without & and =
    appid: String,
    #[command(flatten)]
    desk: Desk,
    #[command(flatten)]
    key: KeyOptions,
    /// Name for people
    #[arg(long)]
    name: String,
    /// The app's own region: what XZQHDM is where a modify or delete leaves it out
    #[arg(long, value_name = "R", value_parser = Region::parse)]
    region: Region,
    /// Regions it may write and read, separated by commas; its own by default
    #[arg(long, value_name = "R,R", value_delimiter = ',', value_parser = Region::parse)]
    regions: Option<Vec<Region>>,
    /// Business codes, separated by commas, or all
    #[arg(long, value_name = "B,B", default_value = "all", value_parser = busicodes)]
    busicodes: Granted<BusinessCode>,
    /// Actions, separated by commas, or all
    #[arg(long, value_name = "A,A", default_value = "all", value_parser = actions)]
    actions: Granted<Action>,
    /// It sees the log of all apps
    #[arg(long)]
    operator: bool,
    #[command(flatten)]
    proof: ProofOptions,
    /// How it signs: digest, full (can be spliced: avoid it), cmac or hmac
    #[arg(long, default_value = "digest", value_parser = Profile::parse)]
    profile: Profile,
    /// Every exchange of it must be encrypted (§7.1), with the key in this file, 32 hex digits
    #[arg(long, value_name = "FILE")]
    data_key_file: Option<PathBuf>,
    /// `datalist` of its answers is a JSON string (table 4)
    #[arg(long)]
    datalist_as_string: bool,
    /// Its answers always have the HTTP status 200
    #[arg(long)]
    always_ok: bool,
    /// `SIGN_MISMATCH` names the likely cause: for apps under development
    #[arg(long)]
    test: bool,
    #[command(flatten)]
    limits: Limits,
    /// http://host:port/<service> of the node, for the samples
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

impl Add {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let office = self.desk.open().await?;
        office.refuse_fixed(&self.appid)?;
        let data_key = self.data_key_file.as_deref().map(read_key).transpose()?;
        let unsealed = self.unsealed()?;
        let key = self.key.key()?;
        let new = NewApp { app: unsealed, key: key.clone(), data_key };
        let app = office.registry.add(new).await.inspect_err(|error| self.key.undo(error))?;
        self.proof.remark(&office, &app);
        let samples = self.samples(&key, &app.proof);
        if self.desk.json {
            let map: serde_json::Map<String, Value> =
                samples.iter().map(|sample| (sample.file.to_owned(), json!(sample.text))).collect();
            println!("{}", json!({"appid": app.appid, "key": self.key.shown(&key), "samples": map}));
            return Ok(ExitCode::SUCCESS);
        }
        print(&office, &app, false);
        println!("{}", self.key.line(&key));
        for Sample { file, needs, text } in samples {
            println!("\n---- {file} ({needs}) ----\n{text}");
        }
        Ok(ExitCode::SUCCESS)
    }

    /// The app but for what the registry fills in.
    fn unsealed(&self) -> Result<StoredApp, RegistryError> {
        let mut proof = Proof::default();
        self.proof.apply(&mut proof)?;
        let mut volume = Volume::default();
        self.limits.apply(&mut volume);
        let now = Moment::from_micros(0);
        Ok(StoredApp {
            appid: self.appid.clone(),
            name: self.name.clone(),
            home: self.region,
            grants: Grants {
                regions: self.regions.clone().unwrap_or_else(|| vec![self.region]),
                busicodes: self.busicodes.0.clone(),
                actions: self.actions.0.clone(),
            },
            proof,
            profile: self.profile,
            key: Vec::new(),
            previous: None,
            data_key: None,
            operator: self.operator,
            datalist_as_string: self.datalist_as_string,
            always_ok: self.always_ok,
            is_test: self.test,
            volume,
            disabled: None,
            created: now,
            changed: now,
        })
    }

    fn samples(&self, key: &Key, proof: &Proof) -> Vec<Sample> {
        if let Proof::Certificate(_) = proof {
            eprintln!("no samples: they show how to sign, and it need not; see docs/interface.md, 2");
            return Vec::new();
        }
        // The samples sign by the digest profile and do not encrypt; others are told where to read on.
        if self.profile != Profile::Digest || self.data_key_file.is_some() {
            eprintln!(
                "no samples: they sign by the digest profile, without encryption; see docs/interface.md, 5.3 and 6"
            );
            return Vec::new();
        }
        // They show no certificate: what they sent would be refused.
        let url = self.url.as_deref().filter(|_| proof.subject().is_none());
        if url.is_none() && self.url.is_some() {
            eprintln!("the samples sign and send nothing: they show no client certificate; see docs/interface.md, 2");
        }
        let busicode = self.busicodes.0.as_ref().and_then(|codes| codes.first()).map(ToString::to_string);
        let action = match &self.actions.0 {
            Some(actions) if !actions.contains(&Action::Query) => actions.first().copied(),
            _ => Some(Action::Query),
        };
        let subject = Subject {
            appid: &self.appid,
            key,
            key_file: self.key.key_out.as_deref(),
            busicode: busicode.as_deref().unwrap_or("003"),
            action: action.unwrap_or(Action::Query),
            url,
        };
        samples(&subject).into()
    }
}
