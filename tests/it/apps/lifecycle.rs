//! Adding, granting, disabling: a running node follows.

use super::fixture::{Managed, soon};
use crate::harness::{APP, KEY, Spec, records};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn clause_6_5_1_an_app_added_granted_disabled_and_enabled_is_seen_so_at_once() {
    let managed = Managed::start(Spec::new("370203")).await;
    managed.caller("new", KEY).ask("007", "04", "[]").send().await.assert_refusal(401, "UNKNOWN_APP");

    let app = managed.add("new", &["--busicodes", "007", "--actions", "01,04"]).await;
    soon(&app, "007", "04", "").await;
    app.ask("007", "01", records::checks("A", "370203", "2025-06-01 08:00:00", 2)).accepted().await;
    app.ask("003", "04", "[]").is_refused(403, "NOT_GRANTED").await;
    app.ask("007", "03", "[]").is_refused(403, "NOT_GRANTED").await;

    let granted = managed.json(&["grant", "new", "--busicodes", "003", "--actions", "all", "--operator", "true"]).await;
    assert_eq!((&granted["busicodes"], &granted["actions"]), (&json!(["003"]), &json!("all")));
    soon(&app, "003", "04", "").await;
    app.ask("007", "04", "[]").is_refused(403, "NOT_GRANTED").await;
    app.log(r#"[{"APPID":"somebody"}]"#).succeeds().await;

    managed.json(&["disable", "new"]).await;
    soon(&app, "003", "04", "UNKNOWN_APP").await;
    managed.json(&["enable", "new"]).await;
    soon(&app, "003", "04", "").await;

    // The other properties of a caller.
    managed.json(&["set", "new", "--datalist-as-string", "true", "--always-ok", "true", "--name", "检验院"]).await;
    soon(&app, "007", "04", "NOT_GRANTED").await;
    crate::harness::eventually("the status is always 200", || async {
        (app.ask("007", "04", "[]").send().await.status == 200).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_6_5_1_every_act_is_noted_with_who_and_what_and_stays_noted() {
    let managed = Managed::start(Spec::new("370203")).await;
    managed.add("new", &[]).await;
    managed.json(&["grant", "new", "--busicodes", "003"]).await;
    managed.json(&["rotate", "new"]).await;
    managed.json(&["set", "new", "--max-records", "10"]).await;
    managed.json(&["disable", "new"]).await;
    managed.json(&["enable", "new"]).await;
    managed.fails(&["grant", "new", "--regions", "320000"]).await;
    managed.json(&["enable", "new"]).await;

    let acts = managed.json(&["history", "new"]).await;
    let done: Vec<&str> = acts.as_array().unwrap().iter().map(|act| act["act"].as_str().unwrap()).collect();
    assert_eq!(
        done,
        ["enable", "disable", "set", "rotate", "grant", "add"],
        "a refused act is none, nor one that changes nothing"
    );
    for act in acts.as_array().unwrap() {
        let noted = |name: &str| act[name].as_str().is_some_and(|text| !text.is_empty());
        assert!(noted("user") && noted("host") && noted("at"), "{act}");
    }
    assert_eq!(acts[4]["detail"], json!({"busicodes": {"from": "all", "to": ["003"]}}));
    assert_eq!(acts[3]["detail"]["key"], "replaced");
    assert_eq!(acts[2]["detail"], json!({"limits": {"from": {}, "to": {"max_records": 10}}}));

    for statement in ["UPDATE app_acts SET by_user = 'nobody'", "DELETE FROM app_acts", "TRUNCATE app_acts"] {
        let guarded = format!(
            "DO $$ BEGIN {statement}; RAISE 'done'; EXCEPTION WHEN raise_exception THEN \
                               IF SQLERRM = 'done' THEN RAISE; END IF; END $$"
        );
        managed.sql(&guarded).await;
    }
    assert_eq!(managed.json(&["history"]).await, acts);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_is_refused_with_what_to_do() {
    let managed = Managed::start(Spec::new("370203")).await;
    managed.add("new", &[]).await;
    let add = ["--name", "n", "--region", "370203"];
    let cases: [(&[&str], &str); 9] = [
        (&["add", "new"], "there already"),
        (&["add", APP], "app of the settings"),
        (&["add", &managed.node.config.node.appid], "appid of a node"),
        (&["add", "a&b"], "neither & nor ="),
        (&["add", "other", "--regions", "370200"], "does not lie in the node's region 370203"),
        (&["grant", "nobody", "--busicodes", "003"], "no app nobody"),
        (&["grant", "new"], "nothing to change"),
        (&["disable", APP], "app of the settings"),
        (&["add", "other", "--key-file", "/nowhere"], "cannot read /nowhere"),
    ];
    for (args, says) in cases {
        let extra: &[&str] = if args[0] == "add" { &add } else { &[] };
        let error = managed.fails(&[args, extra].concat()).await;
        assert!(error.contains(says), "{args:?}: {error}");
    }
    let usage = managed.app(&["grant", "new", "--actions", "05"]).await;
    assert_eq!(usage.status.code(), Some(2), "wrong usage");

    managed.write_settings(&managed.node.toml.replace("master_key", "# master_key"));
    let error = managed.fails(&[&["add", "other"][..], &add].concat()).await;
    assert!(error.contains("[node] master_key"), "{error}");
    let unreadable = managed.json(&["list"]).await;
    let row = unreadable.as_array().unwrap().iter().find(|row| row["appid"] == "new").unwrap();
    assert!(row["fault"].as_str().unwrap().contains("[node] master_key"), "{row}");
    managed.write_settings(&managed.node.toml.replace("000102", "ffffff"));
    let error = managed.fails(&[&["add", "other"][..], &add].concat()).await;
    assert!(error.contains("[node] master_key"), "a second master key is refused: {error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_node_without_master_key_is_told_how_to_draw_one() {
    let managed = Managed::prepare(Spec::new("370203")).await;
    managed.write_settings(&managed.node.toml.replace("master_key", "# master_key"));
    let error = managed.fails(&["add", "new", "--name", "n", "--region", "370203"]).await;
    assert!(error.contains("openssl rand -hex 16") && !error.contains("added with"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_given_drawn_shown_once_or_written_to_a_file() {
    let managed = Managed::start(Spec::new("370203")).await;
    let (given, out) = (managed.path("given.key"), managed.path("out.key"));
    std::fs::write(&given, format!("{KEY}\n")).unwrap();
    let app = managed.add("given", &["--key-file", &given]).await;
    soon(&managed.caller("given", KEY), "007", "04", "").await;
    soon(&app, "007", "04", "").await;

    let options = ["add", "out", "--name", "n", "--region", "370203", "--key-out", &out];
    let added = managed.json(&options).await;
    assert_eq!(added["key"], Value::Null);
    let key = std::fs::read_to_string(&out).unwrap();
    assert!(!added.to_string().contains(key.trim()), "the key is in the file alone: {added}");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&out).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    soon(&managed.caller("out", key.trim()), "007", "04", "").await;
    // A file that is there is not overwritten, and a refused act leaves none.
    assert!(managed.fails(&options).await.contains("cannot make"));
    let refused = managed.path("refused.key");
    managed.fails(&["add", "out", "--name", "n", "--region", "370203", "--key-out", &refused]).await;
    assert!(!std::path::Path::new(&refused).exists());

    let listed = managed.json(&["list"]).await.to_string();
    assert!(listed.contains("\"given\"") && listed.contains(APP) && !listed.contains(KEY), "{listed}");
}
