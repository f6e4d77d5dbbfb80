//! `02` and `03`: what modifies and deletes do to a record.

use super::ask::App;
use super::fixture::{persisted, record};
use crate::harness::{Spec, eventually, records};
use serde_json::{Value, json};

const ADDED: &str = "2025-06-01 08:00:00";

async fn write(app: &App, action: &str, list: impl ToString) -> Value {
    let batch = app.ask("007", action, list).accepted().await;
    persisted(app, &batch).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_modify_sets_clears_and_leaves_fields() {
    let node = Spec::new("370203").start(&[]).await;
    let app = App::of(&node);
    let mut one = records::check("M", "370203", ADDED);
    (one["BZ"], one["FZR"], one["ZLSBH"]) = (json!("原"), json!("王五"), json!("Z-1"));
    write(&app, "01", json!([one])).await;
    let change = |time: &str, changes: Value| {
        let mut change = json!({"JCJLBH": "Ｍ", "SJGXSJ": time});
        change.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        json!([change])
    };
    // The region is left out: the app's own is the record's. The key is written full-width.
    write(&app, "02", change("2025-06-03 08:00:00", json!({"BZ": "改", "FZR": null, "ZLSBH": "", "SJSBSL": 3}))).await;
    let found = record(&app, "M").await.unwrap();
    let object = found.as_object().unwrap();
    assert_eq!((&found["BZ"], &found["SJSBSL"]), (&json!("改"), &json!("3")));
    assert!(!object.contains_key("FZR") && !object.contains_key("ZLSBH"), "null and \"\" clear: {found}");
    assert_eq!((&found["JCRY"], &found["JCJLBH"]), (&json!("张三、李四"), &json!("M")), "the rest is as it was");
    assert_eq!(found["SJGXSJ"], "2025-06-03 08:00:00");

    // Field by field the newer change counts, in whatever order they come.
    let row = write(&app, "02", change("2025-06-02 08:00:00", json!({"BZ": "迟到", "FZR": "赵六"}))).await;
    assert_eq!(row["CODE"], "STALE", "no field of it is newer: {row}");
    let row = write(&app, "02", change("2025-06-02 12:00:00", json!({"BZ": "迟到", "ZFZH": "37-1"}))).await;
    assert_eq!(row["CODE"], "", "one field of it is: {row}");
    let found = record(&app, "M").await.unwrap();
    assert_eq!((&found["BZ"], &found["ZFZH"], found.get("FZR")), (&json!("改"), &json!("37-1"), None));
    assert_eq!(found["SJGXSJ"], "2025-06-03 08:00:00");
    // A later add replaces all of it again, SCBZ is ignored.
    write(&app, "02", change("2025-06-04 08:00:00", json!({"SCBZ": "1"}))).await;
    assert_eq!(record(&app, "M").await.unwrap()["SCBZ"], "0");
    write(&app, "01", json!([records::check("M", "370203", "2025-06-05 08:00:00")])).await;
    assert!(record(&app, "M").await.unwrap().get("ZFZH").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delete_marks_twice_is_success_and_a_modify_leaves_the_mark() {
    let node = Spec::new("370203").start(&[]).await;
    let app = App::of(&node);
    write(&app, "01", records::checks("D", "370203", ADDED, 2)).await;
    // Other fields of a delete are not applied, and so not held against their rules.
    let delete = r#"[{"JCJLBH":"D-0","JCLX":"Z","BZ":"不生效","JCRY":null,"SJGXSJ":"2025-06-02 08:00:00"}]"#;
    write(&app, "03", delete).await;
    let shown = app.ask("007", "04", "[]").succeeds().await.busilist;
    assert_eq!((shown.len(), &shown[0]["JCJLBH"]), (1, &json!("D-1")));
    let marked = record(&app, "D-0").await.unwrap();
    assert_eq!((&marked["SCBZ"], &marked["JCLX"], marked.get("BZ")), (&json!("1"), &json!("1"), None));
    assert_eq!(marked["SJGXSJ"], ADDED, "the fields are kept: {marked}");

    let again = write(&app, "03", r#"[{"JCJLBH":"D-0","XZQHDM":"370203"}]"#).await;
    assert_eq!((&again["STATE"], &again["CODE"]), (&json!("persisted"), &json!("")), "{again}");
    // A modify leaves the mark, and is there once an add clears it... and replaces it.
    write(&app, "02", r#"[{"JCJLBH":"D-0","SJGXSJ":"2025-06-03 08:00:00","BZ":"删后改"}]"#).await;
    let marked = record(&app, "D-0").await.unwrap();
    assert_eq!((&marked["SCBZ"], &marked["BZ"]), (&json!("1"), &json!("删后改")));
    assert!(app.ask("007", "04", r#"[{"JCJLBH":"D-0"}]"#).succeeds().await.busilist.is_empty());

    // An add older than the delete does not bring the record back, a newer one does.
    let now = sesame::clock::Clock::system().now();
    write(&app, "01", json!([records::check("D-0", "370203", "2025-06-04 08:00:00")])).await;
    assert_eq!(record(&app, "D-0").await.unwrap()["SCBZ"], "1", "the second delete, without a time, was sent just now");
    write(&app, "01", json!([records::check("D-0", "370203", &now.plus_micros(60_000_000).to_civil())])).await;
    assert_eq!(record(&app, "D-0").await.unwrap()["SCBZ"], "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_region_a_change_is_of_the_apps_own() {
    let node = Spec::new("370200").start(&[]).await;
    let app = App::of(&node);
    let both = json!([records::check("R", "370200", ADDED), records::check("R", "370203", ADDED)]);
    write(&app, "01", both).await;
    write(&app, "02", r#"[{"JCJLBH":"R","SJGXSJ":"2025-06-02 08:00:00","BZ":"市"}]"#).await;
    write(&app, "02", r#"[{"JCJLBH":"R","XZQHDM":"370203","SJGXSJ":"2025-06-02 08:00:00","BZ":"县"}]"#).await;
    write(&app, "03", r#"[{"JCJLBH":"R"}]"#).await;
    let rows = app.ask("007", "04", r#"[{"DELETED":"true","JCJLBH":"R"}]"#).succeeds().await.busilist;
    let mut seen: Vec<[&str; 3]> =
        rows.iter().map(|row| ["XZQHDM", "BZ", "SCBZ"].map(|field| row[field].as_str().unwrap())).collect();
    seen.sort_unstable();
    assert_eq!(seen, [["370200", "市", "1"], ["370203", "县", "0"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_a_record_never_added_fails_as_a_batch_and_is_told_by_the_log() {
    let mut node = Spec::new("370203").prepare(&[]).await;
    node.config.failures.retry_secs = [1, 1];
    node.run(sesame::clock::Clock::system()).await;
    let app = App::of(&node);
    write(&app, "01", records::checks("N", "370203", ADDED, 1)).await;
    let list = r#"[{"JCJLBH":"N-0","SJGXSJ":"2025-06-02 08:00:00","BZ":"好"},
                   {"JCJLBH":"NONE","SJGXSJ":"2025-06-02 08:00:00","BZ":"无"}]"#;
    let batch = app.ask("007", "02", list).accepted().await;
    let row = eventually("the batch has failed", || async {
        app.log(json!([{"BATCH": batch}])).succeeds().await.busilist.into_iter().next()
    })
    .await;
    assert_eq!((&row["CODE"], &row["RECORDS"], &row["RESULT"]), (&json!("MISSING_KEY"), &json!("2"), &json!("0001")));
    assert!(row["STATE"] == "failed" || row["STATE"] == "parked", "{row}");
    assert!(row["MESSAGE"].as_str().unwrap().contains('2'), "it names the record: {row}");
    assert!(record(&app, "N-0").await.unwrap().get("BZ").is_none(), "nothing of the batch was applied");
    eventually("three attempts park it", || async {
        let rows = app.log(json!([{"BATCH": batch, "STATE": "parked"}])).succeeds().await.busilist;
        (rows.len() == 1).then_some(())
    })
    .await;
}
