//! `sesame app list|show|history`

use super::office::{Desk, Office};
use crate::apps::view;
use crate::config::AppSettings;
use crate::store::StoredApp;
use serde_json::{Value, json};
use std::process::ExitCode;

/// List the apps of the store and of the settings
#[derive(clap::Args)]
#[command(after_help = "Example: sesame app list --config /etc/sesame/node.toml")]
pub(super) struct List {
    #[command(flatten)]
    desk: Desk,
}

/// Show one app: grants, limits, state; never its keys
#[derive(clap::Args)]
#[command(after_help = "Example: sesame app show 370203-A01 --config /etc/sesame/node.toml")]
pub(super) struct Show {
    /// The app's account
    appid: String,
    #[command(flatten)]
    desk: Desk,
}

/// Show who changed what, the latest first
#[derive(clap::Args)]
#[command(after_help = "Example: sesame app history 370203-A01 --config /etc/sesame/node.toml")]
pub(super) struct History {
    /// The app's account; all by default
    appid: Option<String>,
    #[command(flatten)]
    desk: Desk,
    /// The most acts to show
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: u32,
}

impl List {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let office = self.desk.open().await?;
        let (apps, bad) = office.store.apps().await?;
        let mut rows: Vec<Value> = office.config.apps.iter().map(fixed).collect();
        rows.extend(apps.iter().map(|app| shown(&office, app)));
        rows.extend(bad.iter().map(|app| json!({"appid": app.appid, "source": "store", "fault": app.reason})));
        if self.desk.json {
            println!("{}", Value::Array(rows));
            return Ok(ExitCode::SUCCESS);
        }
        println!("{:<24} {:<9} {:<9} {:<7} {:<28} NAME", "APPID", "SOURCE", "STATE", "REGION", "REGIONS");
        for row in &rows {
            let text = |name: &str| row[name].as_str().unwrap_or("-").to_owned();
            let regions: Vec<&str> =
                row["regions"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let (appid, source, state, region) = (text("appid"), text("source"), text("state"), text("region"));
            println!("{appid:<24} {source:<9} {state:<9} {region:<7} {:<28} {}", regions.join(","), text("name"));
            if let Some(fault) = row["fault"].as_str() {
                println!("    cannot be used: {fault}");
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Show {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let office = self.desk.open().await?;
        match office.config.apps.iter().find(|app| app.appid == self.appid) {
            Some(app) => print_value(&fixed(app), self.desk.json),
            None => print(&office, &office.registry.show(&self.appid).await?, self.desk.json),
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl History {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let office = self.desk.open().await?;
        let acts = office.store.app_acts(self.appid.as_deref(), i64::from(self.limit)).await?;
        if self.desk.json {
            println!("{}", json!(acts));
            return Ok(ExitCode::SUCCESS);
        }
        for act in acts {
            let (at, who) = (act.at.to_civil(), format!("{}@{}", act.user, act.host));
            println!("{at}  {:<8} {:<24} {who:<28} {}", act.act, act.appid, act.detail);
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Prints an app of the store.
pub(super) fn print(office: &Office, app: &StoredApp, json: bool) {
    print_value(&shown(office, app), json);
}

fn print_value(app: &Value, json: bool) {
    if json {
        println!("{app}");
        return;
    }
    for (name, value) in app.as_object().into_iter().flatten() {
        match value {
            Value::Null => {}
            Value::String(text) => println!("{name:<19} {text}"),
            other => println!("{name:<19} {other}"),
        }
    }
}

fn shown(office: &Office, app: &StoredApp) -> Value {
    let mut shown = view(app);
    shown["source"] = json!("store");
    if let Some(fault) = office.registry.fault(app) {
        shown["fault"] = json!(fault.to_string());
    }
    shown
}

fn fixed(app: &AppSettings) -> Value {
    let regions = if app.regions.is_empty() { vec![app.region] } else { app.regions.clone() };
    json!({
        "appid": app.appid,
        "source": "settings",
        "state": "enabled",
        "region": app.region.to_string(),
        "regions": regions.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "busicodes": app.busicodes.as_ref().map_or_else(|| json!("all"), |codes| json!(codes)),
        "actions": app.actions.as_ref().map_or_else(|| json!("all"), |codes| json!(codes)),
        "operator": app.operator,
        "authentication": app.authentication.as_str(),
        "certificate": app.certificate.as_ref().map(ToString::to_string),
        "profile": app.profile.as_str(),
        "encrypts": app.data_key.is_some(),
        "datalist_as_string": app.datalist_as_string,
        "always_ok": app.always_ok,
        "test": app.test,
        "limits": app.limits,
    })
}
