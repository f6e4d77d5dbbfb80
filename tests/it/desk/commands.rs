//! `sesame failures`, as an operator uses it.

use super::fixture::{Office, PARKED};
use crate::harness::sesame;
use serde_json::Value;
use sesame::standard::code::Action;
use std::path::Path;

/// What a command prints with `--json`.
async fn json(folder: &Path, words: &[&str]) -> Value {
    let all = [&["failures", words[0], "--config", "node.toml", "--json"], &words[1..]].concat();
    let ended = sesame(folder, &all).await;
    serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{all:?}: {error}: {ended:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn contract_6_2_failures_are_listed_shown_replayed_and_discarded() {
    let office = Office::new(PARKED).await;
    office.fail("A", 3).await;
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("node.toml"), &office.node.toml).unwrap();

    let groups = json(folder, &["list", "--by", "reason"]).await;
    assert_eq!((&groups[0]["reason"], &groups[0]["count"]), (&"MISSING_KEY".into(), &3.into()));
    let list = json(folder, &["list", "--reason", "MISSING_KEY", "--size", "2"]).await;
    assert_eq!(list["failures"].as_array().unwrap().len(), 2);
    let batch = list["failures"][0]["batch"].as_str().unwrap();
    let shown = json(folder, &["show", "--batch", batch]).await;
    assert_eq!(shown["state"], "parked");
    let text = sesame(folder, &["failures", "show", "--config", "node.toml", "--batch", batch]).await.stdout;
    assert!(text.contains("county.persist.parked") && text.contains("1.3 MISSING_KEY"), "{text}");

    assert_eq!(json(folder, &["replay", "--all", "--dry-run"]).await["would"], 3);
    let discarded = json(folder, &["discard", "--batch", batch, "--why", "来源已重报"]).await;
    assert_eq!((&discarded["discarded"], &discarded["state"]), (&1.into(), &"done".into()));
    office.mend("A", 3).await;
    let replayed = json(folder, &["replay", "--all", "--why", "已补报新增"]).await;
    assert_eq!((&replayed["resolved"], &replayed["state"]), (&2.into(), &"done".into()));
    let acts = json(folder, &["acts"]).await;
    let whys: Vec<&str> = acts.as_array().unwrap().iter().map(|act| act["why"].as_str().unwrap()).collect();
    assert_eq!(whys, ["已补报新增", "来源已重报"], "the audit of both, newest first");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_means_nothing_is_told() {
    let office = Office::new(PARKED).await;
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("node.toml"), &office.node.toml).unwrap();
    for (words, said) in [
        (&["replay", "--why", "x"] as &[&str], "say which failures"),
        (&["replay", "--all"], "--why"),
        (&["list", "--reason", "NO_SUCH"], "MISSING_KEY"),
        (&["list", "--all", "--busicode", "007"], "contradict"),
        (&["show"], "say which failure"),
        (&["show", "--id", "00000000-0000-0000-0000-000000000000"], "no failure"),
        (&["pause", "00000000-0000-0000-0000-000000000000"], "--why"),
        (&["pause", "00000000-0000-0000-0000-000000000000", "--why", "x"], "no act"),
    ] {
        let all = [&["failures", words[0], "--config", "node.toml"], &words[1..]].concat();
        let ended = sesame(folder, &all).await;
        assert!(ended.status != 0 && ended.stderr.contains(said), "{words:?}: {ended:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn contract_6_2_what_is_sensitive_is_shown_only_where_it_is_asked_for_and_that_is_noted() {
    let office = Office::new(PARKED).await;
    office.send(Action::Modify, r#"[{"JCJLBH":"A-0","SJGXSJ":"2025-06-02 08:00:00","JCRY":"张三丰"}]"#).await;
    office.have("parked", 1).await;
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("node.toml"), &office.node.toml).unwrap();

    let masked = json(folder, &["show", "--reason", "MISSING_KEY"]).await;
    assert!(masked["records"].to_string().contains("张**"), "{masked}");
    let full = json(folder, &["show", "--reason", "MISSING_KEY", "--unmasked"]).await;
    assert!(full["records"].to_string().contains("张三丰"), "{full}");
    let shown = json(folder, &["show", "--reason", "MISSING_KEY"]).await;
    let reads: Vec<&Value> = shown["past"].as_array().unwrap().iter().filter(|past| past["act"] == "read").collect();
    assert_eq!(reads.len(), 1, "the look at what is masked is none: {shown}");
    assert!(reads[0]["by"].as_str().is_some_and(|by| !by.is_empty()), "{shown}");
}
