//! §6.1, §6.5.1: every change of a record with its batch, its way and the proof of who sent it, and its state at any moment.

use crate::contract::ask::App;
use crate::harness::{KEY, Spec, TestNode, eventually, records, sesame};
use serde_json::{Value, json};
use sesame::standard::moment::Moment;
use std::path::Path;

/// Waits until the city has merged so many changes of the record, and gives its past.
async fn past(folder: &Path, changes: usize, more: &[&str]) -> Value {
    let words = ["query", "--config", "city.toml", "--busicode", "007", "--history", "H-1", "--json"];
    eventually(&format!("{changes} changes are there"), || async {
        let ended = sesame(folder, &[&words[..], more].concat()).await;
        let pasts: Vec<Value> = serde_json::from_str(&ended.stdout).ok()?;
        let past = pasts.into_iter().next()?;
        (past["changes"].as_array()?.len() == changes).then_some(past)
    })
    .await
}

fn write(folder: &Path, city: &TestNode) {
    std::fs::write(folder.join("city.toml"), &city.toml).unwrap();
    std::fs::write(folder.join("right.key"), KEY).unwrap();
    std::fs::write(folder.join("wrong.key"), "00112233445566778899aabbccddeeff").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_6_1_a_record_s_past_is_told_change_by_change_and_proven() {
    let city = Spec::new("370200");
    let county = Spec::new("370203").parent(&city);
    let city = city.start(&[&county]).await;
    let county = county.start(&[]).await;
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, &city);
    let app = App::of(&county);

    app.ask("007", "01", records::checks("H", "370203", "2025-06-02 08:00:00", 3)).succeeds().await;
    past(folder, 1, &[]).await;
    let between = Moment::from_micros(city.store().clock().await.unwrap().micros()).to_rfc3339();
    let change = |time: &str, more: Value| {
        let mut change = json!({"JCJLBH": "H-1", "XZQHDM": "370203", "SJGXSJ": time});
        change.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Value::Array(vec![change])
    };
    app.ask("007", "02", change("2025-06-03 08:00:00", json!({"BZ": "复查"}))).succeeds().await;
    past(folder, 2, &[]).await;
    // Older than what is there: kept, and said to be stale.
    app.ask("007", "02", change("2025-06-01 08:00:00", json!({"BZ": "早"}))).succeeds().await;
    past(folder, 3, &[]).await;
    app.ask("007", "03", change("2025-06-04 08:00:00", json!({}))).succeeds().await;

    let past = past(folder, 4, &["--as-of", &between, "--evidence", "evidence"]).await;
    assert_eq!(past["region"], "370203");
    let told: Vec<_> = past["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| (change["action"].as_str().unwrap(), change["outcome"].as_str().unwrap()))
        .collect();
    assert_eq!(told, [("add", "applied"), ("modify", "applied"), ("modify", "stale"), ("delete", "applied")]);
    let add = &past["changes"][0];
    assert_eq!((add["appid"].as_str(), add["origin"].as_str()), (Some("test-app"), Some("370203")), "{add}");
    assert_eq!((&add["hops"][0]["region"], &add["record"]), (&json!("370203"), &json!(2)), "{add}");
    assert_eq!(past["changes"][1]["fields"], json!({"BZ": "复查", "SJGXSJ": "2025-06-03 08:00:00"}));
    // As it was known here between the first and the second change.
    assert_eq!(past["state"]["deleted"], false);
    assert_eq!((&past["state"]["fields"]["JCJLBH"], past["state"]["fields"].get("BZ")), (&json!("H-1"), None));

    // Offline: no node, no database.
    let files: Vec<String> = std::fs::read_dir(folder.join("evidence"))
        .unwrap()
        .map(|entry| format!("evidence/{}", entry.unwrap().file_name().to_str().unwrap()))
        .collect();
    assert_eq!(files.len(), 4);
    let verify = |key: &'static str, files: Vec<String>| async move {
        let words = ["evidence", "verify", "--key-file", key].map(str::to_owned);
        let words: Vec<String> = words.into_iter().chain(files).collect();
        sesame(folder, &words.iter().map(String::as_str).collect::<Vec<_>>()).await
    };
    let proven = verify("right.key", files.clone()).await;
    assert_eq!(proven.status, 0, "{proven:?}");
    assert_eq!(verify("wrong.key", files.clone()).await.status, 1);
    let first = folder.join(&files[0]);
    let spoilt = std::fs::read_to_string(&first).unwrap().replace("H-1", "H-9");
    std::fs::write(&first, spoilt).unwrap();
    let refused = verify("right.key", vec![files[0].clone()]).await;
    assert!(refused.status == 1 && refused.stdout.contains("NOT proven"), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_nobody_knows_and_a_key_of_too_few_parts_are_said() {
    let city = Spec::new("370200").start(&[]).await;
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &city);
    let ask = |code: &'static str, key: &'static str| {
        let folder = folder.path().to_owned();
        async move { sesame(&folder, &["query", "--config", "city.toml", "--busicode", code, "--history", key]).await }
    };
    let unknown = ask("007", "none").await;
    assert!(unknown.status == 1 && unknown.stderr.contains("has never known"), "{unknown:?}");
    let short = ask("008", "A").await;
    assert!(short.status == 1 && short.stderr.contains("CFWSH|XDRXH"), "{short:?}");
}
