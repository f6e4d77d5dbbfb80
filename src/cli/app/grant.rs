//! `sesame app grant|set|disable|enable`

use super::arguments::{Granted, Limits, actions, busicodes};
use super::office::Desk;
use super::proof::ProofOptions;
use super::show::print;
use crate::standard::code::{Action, BusinessCode};
use crate::standard::region::Region;
use crate::standard::sign::Profile;
use anyhow::bail;
use std::process::ExitCode;

/// Change what an app may do: regions, business codes, actions, operator; what is not given stays as it is
#[derive(clap::Args)]
#[command(
    after_help = "Example: sesame app grant 370203-A01 --busicodes 003,004 --actions 01,02,04 --config /etc/sesame/node.toml"
)]
pub(super) struct Grant {
    /// The app's account
    appid: String,
    #[command(flatten)]
    desk: Desk,
    /// Regions it may write and read, separated by commas; each covers all below
    #[arg(long, value_name = "R,R", value_delimiter = ',', value_parser = Region::parse)]
    regions: Option<Vec<Region>>,
    /// Business codes, separated by commas, or all
    #[arg(long, value_name = "B,B", value_parser = busicodes)]
    busicodes: Option<Granted<BusinessCode>>,
    /// Actions, separated by commas, or all
    #[arg(long, value_name = "A,A", value_parser = actions)]
    actions: Option<Granted<Action>>,
    /// Whether it sees the log of all apps
    #[arg(long, value_name = "true|false")]
    operator: Option<bool>,
}

impl Grant {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        if self.regions.is_none() && self.busicodes.is_none() && self.actions.is_none() && self.operator.is_none() {
            bail!("nothing to change: give --regions, --busicodes, --actions or --operator");
        }
        let office = self.desk.open().await?;
        office.refuse_fixed(&self.appid)?;
        let Self { appid, desk, regions, busicodes, actions, operator } = self;
        let app = office.registry.change("grant", &appid, |app| {
            replace(&mut app.grants.regions, regions);
            replace(&mut app.grants.busicodes, busicodes.map(|granted| granted.0));
            replace(&mut app.grants.actions, actions.map(|granted| granted.0));
            replace(&mut app.operator, operator);
            Ok(())
        });
        print(&office, &app.await?, desk.json);
        Ok(ExitCode::SUCCESS)
    }
}

/// Change name, proof of identity (§7.2), way of signing, answers, test mark or limits (§7.3); what is not given stays as it is
///
/// An app that is set to prove itself by its signature alone is bound to its certificate no more.
#[derive(clap::Args)]
#[command(
    after_help = "Example: sesame app set 370203-A01 --test false --exchanges-per-second 20 --config /etc/sesame/node.toml\n\
                  \x20        sesame app set 370203-A01 --authentication both --certificate 'CN=370203-A01,O=Example Inspection,C=CN' --config /etc/sesame/node.toml"
)]
pub(super) struct Set {
    /// The app's account
    appid: String,
    #[command(flatten)]
    desk: Desk,
    /// Name for people
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    proof: ProofOptions,
    /// How it signs: digest, full, cmac or hmac
    #[arg(long, value_parser = Profile::parse)]
    profile: Option<Profile>,
    /// Whether `datalist` of its answers is a JSON string (table 4)
    #[arg(long, value_name = "true|false")]
    datalist_as_string: Option<bool>,
    /// Whether its answers always have the HTTP status 200
    #[arg(long, value_name = "true|false")]
    always_ok: Option<bool>,
    /// Whether `SIGN_MISMATCH` names the likely cause
    #[arg(long, value_name = "true|false")]
    test: Option<bool>,
    #[command(flatten)]
    limits: Limits,
}

impl Set {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let office = self.desk.open().await?;
        office.refuse_fixed(&self.appid)?;
        let Self { appid, desk, name, proof, profile, datalist_as_string, always_ok, test, limits } = self;
        let app = office.registry.change("set", &appid, |app| {
            proof.apply(&mut app.proof)?;
            replace(&mut app.name, name);
            replace(&mut app.profile, profile);
            replace(&mut app.datalist_as_string, datalist_as_string);
            replace(&mut app.always_ok, always_ok);
            replace(&mut app.is_test, test);
            limits.apply(&mut app.volume);
            Ok(())
        });
        let app = app.await?;
        print(&office, &app, desk.json);
        proof.remark(&office, &app);
        Ok(ExitCode::SUCCESS)
    }
}

fn replace<T>(place: &mut T, given: Option<T>) {
    if let Some(given) = given {
        *place = given;
    }
}

/// Let an app call no more; its keys and grants are kept
#[derive(clap::Args)]
#[command(after_help = "Example: sesame app disable 370203-A01 --config /etc/sesame/node.toml")]
pub(super) struct Disable {
    /// The app's account
    appid: String,
    #[command(flatten)]
    desk: Desk,
}

/// Let a disabled app call again
#[derive(clap::Args)]
#[command(after_help = "Example: sesame app enable 370203-A01 --config /etc/sesame/node.toml")]
pub(super) struct Enable {
    /// The app's account
    appid: String,
    #[command(flatten)]
    desk: Desk,
}

impl Disable {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        switch(&self.appid, &self.desk, false).await
    }
}

impl Enable {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        switch(&self.appid, &self.desk, true).await
    }
}

async fn switch(appid: &str, desk: &Desk, enabled: bool) -> anyhow::Result<ExitCode> {
    let office = desk.open().await?;
    office.refuse_fixed(appid)?;
    print(&office, &office.registry.enable(appid, enabled).await?, desk.json);
    Ok(ExitCode::SUCCESS)
}
