//! What is tried again is held against what its app is granted by then.

use super::fixture::{Managed, soon};
use crate::contract::ask::App;
use crate::desk::fixture::{PARKED, modify};
use crate::harness::{Spec, eventually, records, sesame};
use serde_json::Value;
use std::path::Path;

/// The one failure of the node.
async fn failure(managed: &Managed) -> Value {
    let (settings, folder) = (managed.path("node.toml"), managed.path(""));
    let list = ["failures", "list", "--all", "--json", "--config", &settings];
    let listed: Value = serde_json::from_str(&sesame(Path::new(&folder), &list).await.stdout).unwrap();
    assert_eq!(listed["failures"].as_array().map(Vec::len), Some(1), "{listed}");
    listed["failures"][0].clone()
}

async fn replay(managed: &Managed) {
    let (settings, folder) = (managed.path("node.toml"), managed.path(""));
    let replay = ["failures", "replay", "--all", "--why", "试", "--json", "--config", &settings];
    let ended = sesame(Path::new(&folder), &replay).await;
    assert!(ended.stdout.starts_with('{'), "{ended:?}");
}

/// Replays it, and waits until it is parked once more, since its app may not send it.
async fn is_refused(managed: &Managed, detail: &str) {
    replay(managed).await;
    eventually(&format!("the failure is parked again: {detail}"), || async {
        let failure = failure(managed).await;
        let text = |name: &str| failure[name].as_str().unwrap_or_default().to_owned();
        let is_told = text("reason") == "NOT_GRANTED" && text("detail").contains(detail);
        (text("state") == "parked" && is_told).then_some(())
    })
    .await;
}

/// Waits until the one failure stands so.
async fn stands(managed: &Managed, state: &str) {
    eventually(&format!("it is {state}"), || async {
        let counts = managed.node.store().failure_counts().await.ok()?;
        counts.iter().any(|(.., at, count)| at == state && *count == 1).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_4_what_is_tried_again_is_held_against_the_grants_of_that_moment() {
    let managed = Managed::start(Spec::new("370203").extra(PARKED)).await;
    let app = managed.add("new", &["--busicodes", "007"]).await;
    soon(&app, "007", "04", "").await;
    app.ask("007", "02", modify("G", 0)).accepted().await;
    stands(&managed, "parked").await;
    let added = records::checks("G", "370203", "2025-06-01 08:00:00", 1);
    App::of(&managed.node).ask("007", "01", added).accepted().await;

    managed.json(&["grant", "new", "--busicodes", "003"]).await;
    is_refused(&managed, "business code 007").await;
    managed.json(&["grant", "new", "--busicodes", "all", "--actions", "01"]).await;
    is_refused(&managed, "action 02").await;
    managed.json(&["grant", "new", "--actions", "all"]).await;
    managed.json(&["disable", "new"]).await;
    is_refused(&managed, "disabled").await;
    managed.json(&["enable", "new"]).await;
    replay(&managed).await;
    stands(&managed, "resolved").await;
}
