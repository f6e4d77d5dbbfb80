//! Which months are made, and which are let go.

use super::fixture::{UPDATED, count, database, in_months, keep_one, look, node, present};
use crate::contract::ask::App;
use crate::contract::fixture::persisted;
use crate::harness::{Spec, eventually, records};
use serde_json::json;
use sesame::clock::Clock;
use sesame::config::RetentionSettings;
use sesame::flow::Fate;
use sesame::store::{LogEntry, Monthly};
use uuid::Uuid;

async fn sent(app: &App, prefix: &str) -> String {
    let batch = app.ask("007", "01", records::checks(prefix, "370203", UPDATED, 2)).accepted().await;
    persisted(app, &batch).await;
    batch
}

#[tokio::test(flavor = "multi_thread")]
async fn months_are_made_ahead_and_roll_over_with_the_clock() {
    let node = node().await;
    let store = node.store();
    let months = async || store.months(Monthly::Batches).await.unwrap();
    eventually("the node makes months ahead by itself", || async {
        (months().await == (0..=3).map(|ahead| present().plus(ahead)).collect::<Vec<_>>()).then_some(())
    })
    .await;
    assert_eq!(look(&node, 2, RetentionSettings::default()).await, []);
    for table in Monthly::ALL {
        assert_eq!(store.months(table).await.unwrap().last(), Some(&present().plus(5)), "{table:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_was_off_for_months_works_at_once_and_keeps_entries_of_any_month() {
    let mut node = node().await;
    sent(&App::of(&node), "A").await;
    node.stop().await;
    let client = database(&node).await;
    let store = node.store();
    for table in Monthly::ALL {
        for month in store.months(table).await.unwrap() {
            store.drop_month(table, month, None).await.unwrap();
        }
    }
    node.run(Clock::system()).await;
    let app = App::of(&node);
    sent(&app, "B").await;
    app.ask("007", "01", "[]").random("refused").is_refused(422, "INVALID_RECORDS").await;
    eventually("the refusal is logged", || async {
        let rows = app.log(json!([{"RANDOM": "refused"}])).succeeds().await.busilist;
        (rows.len() == 1).then_some(())
    })
    .await;

    // What has waited in the log's queue for years, and what a wrong clock wrote, is kept too.
    for months in [-40, 70] {
        let at_micros = present().plus(months).start().micros();
        let entry = LogEntry {
            id: Uuid::now_v7(),
            at_micros,
            appid: "late".to_owned(),
            busicode: "007".to_owned(),
            action: "04".to_owned(),
            random: "late".to_owned(),
            records: 0,
            bytes: 0,
            code: String::new(),
            message: String::new(),
            millis: 0,
        };
        store.log(std::slice::from_ref(&entry)).await.unwrap();
        store.log(&[entry]).await.unwrap();
        assert!(store.months(Monthly::Log).await.unwrap().contains(&present().plus(months)));
    }
    assert_eq!(count(&client, "log WHERE appid = 'late'").await, 2, "an entry delivered twice is one");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_whose_tables_go_missing_under_a_running_node_is_made_by_the_next_commit() {
    let node = node().await;
    let (app, store) = (App::of(&node), node.store());
    sent(&app, "A").await;
    for table in Monthly::ALL {
        store.drop_month(table, present(), None).await.unwrap();
    }
    sent(&app, "B").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_archive_months_stay_unless_they_are_to_be_dropped() {
    let node = node().await;
    let (app, client) = (App::of(&node), database(&node).await);
    let batch = sent(&app, "A").await;
    assert_eq!(look(&node, 2, keep_one(None)).await, [(present(), Fate::NoArchive)]);
    assert_eq!((count(&client, "batches").await, count(&client, "once").await), (1, 1));

    let dropping = RetentionSettings { drop_unarchived: true, ..keep_one(None) };
    assert_eq!(look(&node, 1, dropping.clone()).await, [], "a month that is kept");
    assert_eq!(look(&node, 2, dropping).await, [(present(), Fate::Dropped(vec![]))]);
    for table in ["batches", "once", "changes", "log"] {
        assert_eq!(count(&client, table).await, 0, "{table}");
    }
    // Records stay, and their history, whose batch is not known any more.
    assert_eq!(count(&client, "records").await, 2);
    assert_eq!(count(&client, "history h LEFT JOIN once o ON o.id = h.batch WHERE o.id IS NULL").await, 2);
    assert!(node.store().batches(&[batch.parse().unwrap()]).await.unwrap().is_empty());
    // The node goes on, and the same exchange sent again changes nothing.
    sent(&app, "A").await;
    assert_eq!((count(&client, "batches").await, count(&client, "records").await), (1, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_that_cannot_be_written_keeps_the_month() {
    let (node, folder) = (node().await, tempfile::tempdir().unwrap());
    let client = database(&node).await;
    sent(&App::of(&node), "A").await;
    let missing = folder.path().join("missing");
    assert_eq!(look(&node, 2, keep_one(Some(&missing))).await, [(present(), Fate::Failed)]);
    // One that fails halfway: the table of batches is last, and cannot be read.
    client.batch_execute(&format!("ALTER TABLE batches_{} RENAME COLUMN body TO hidden", digits())).await.unwrap_err();
    client.batch_execute("ALTER TABLE batches RENAME COLUMN body TO hidden").await.unwrap();
    assert_eq!(look(&node, 3, keep_one(Some(folder.path()))).await[0], (present(), Fate::Failed));
    assert_eq!((count(&client, "batches").await, count(&client, "once").await), (1, 1));
    client.batch_execute("ALTER TABLE batches RENAME COLUMN hidden TO body").await.unwrap();
    let fates = look(&node, 4, keep_one(Some(folder.path()))).await;
    assert!(matches!(&fates[0], (month, Fate::Dropped(files)) if *month == present() && files.len() == 2), "{fates:?}");
    assert_eq!((count(&client, "batches").await, count(&client, "once").await), (0, 0));
}

fn digits() -> String {
    present().to_string().replace('-', "")
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_came_after_the_archive_was_written_keep_the_month() {
    let node = node().await;
    sent(&App::of(&node), "A").await;
    let store = node.store();
    assert!(!store.drop_month(Monthly::Batches, present(), Some(0)).await.unwrap());
    assert_eq!(store.months(Monthly::Batches).await.unwrap()[0], present());
    assert!(store.drop_month(Monthly::Batches, present(), Some(1)).await.unwrap());
    assert_ne!(store.months(Monthly::Batches).await.unwrap()[0], present());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_failure_and_a_batch_not_yet_published_hold_their_month() {
    let (node, folder) = (node().await, tempfile::tempdir().unwrap());
    let (app, client) = (App::of(&node), database(&node).await);
    let batch = sent(&app, "A").await;
    app.ask("007", "02", r#"[{"JCJLBH":"NONE","SJGXSJ":"2025-06-02 08:00:00","BZ":"先改后增"}]"#).accepted().await;
    eventually("the failure is parked", || async {
        let rows = app.log(json!([{"STATE": "parked"}])).succeeds().await.busilist;
        (rows.len() == 1).then_some(())
    })
    .await;
    assert_eq!(look(&node, 2, keep_one(Some(folder.path()))).await, [(present(), Fate::Held)]);
    client.batch_execute("UPDATE failures SET state = 'resolved', next_at = NULL").await.unwrap();
    client.execute("INSERT INTO outbox (batch) VALUES ($1)", &[&batch.parse::<Uuid>().unwrap()]).await.unwrap();
    assert_eq!(look(&node, 3, keep_one(Some(folder.path()))).await[0], (present(), Fate::Held));
    assert_eq!(count(&client, "batches").await, 1);
    client.batch_execute("DELETE FROM outbox").await.unwrap();
    assert!(matches!(look(&node, 4, keep_one(Some(folder.path()))).await[0], (_, Fate::Dropped(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_process_at_a_time_looks_after_the_months() {
    // Without the node's own looks.
    let node = Spec::new("370203").prepare(&[]).await;
    node.store().migrate().await.unwrap();
    let store = node.store();
    let claim = store.claim_months().await.unwrap().expect("nobody has it");
    assert!(node.store().claim_months().await.unwrap().is_none());
    let retention = in_months(&node, 7, keep_one(None));
    assert_eq!(retention.look().await.unwrap(), []);
    assert_eq!(store.months(Monthly::Log).await.unwrap(), [present()], "another one looks");
    drop(claim);
    eventually("the claim is given back", || async { (!retention.look().await.unwrap().is_empty()).then_some(()) })
        .await;
}
