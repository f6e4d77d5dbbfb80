//! Idempotency and `RANDOM_REUSED`: what a random stands for.

use super::ask::App;
use super::fixture::{app, persisted, record};
use crate::harness::{Spec, eventually, records};
use serde_json::json;
use sesame::clock::Clock;

const UPDATED: &str = "2025-06-01 08:00:00";

#[tokio::test(flavor = "multi_thread")]
async fn a_write_repeated_answers_its_batch_and_has_its_effect_once() {
    let mut node = Spec::new("370203").extra(&app("other", "370203", "")).prepare(&[]).await;
    node.run(Clock::system()).await;
    let [first, other] = [App::of(&node), App::named(&node, "other")];
    let add = first.ask("007", "01", records::checks("A", "370203", UPDATED, 1)).random("r");
    let reply = add.clone().succeeds().await;
    let batch = reply.busilist[0]["BATCH"].as_str().unwrap().to_owned();
    assert_eq!(reply.busilist, [json!({"BATCH": batch, "RECORDS": "1"})]);
    persisted(&first, &batch).await;
    let change = |note: &str| json!([{"JCJLBH": "A-0", "SJGXSJ": "2025-06-02 08:00:00", "BZ": note}]);
    persisted(&first, &first.ask("007", "02", change("改")).accepted().await).await;

    // Also while its effect is long overtaken, and many times at once.
    for reply in futures_util::future::join_all((0..20).map(|_| add.clone().succeeds())).await {
        assert_eq!(reply.busilist, [json!({"BATCH": batch, "RECORDS": "1"})]);
    }
    // Another app's random is another one, and case matters.
    assert_ne!(other.ask("007", "01", records::checks("B", "370203", UPDATED, 1)).random("r").accepted().await, batch);
    assert_ne!(first.ask("007", "01", records::checks("B", "370203", UPDATED, 1)).random("R").accepted().await, batch);

    // What differs in anything is another use.
    let again = records::checks("A", "370203", UPDATED, 1);
    first.ask("007", "01", again.replace("张三", "李三")).random("r").is_refused(409, "RANDOM_REUSED").await;
    first.ask("007", "01", format!("[ {}", &again[1..])).random("r").is_refused(409, "RANDOM_REUSED").await;
    first.ask("007", "03", &again).random("r").is_refused(409, "RANDOM_REUSED").await;
    first.ask("007", "01", &again).random("r").at("validate").is_refused(409, "RANDOM_REUSED").await;
    first.ask("007", "04", "[]").random("r").is_refused(409, "RANDOM_REUSED").await;
    first.log("[]").random("r").is_refused(409, "RANDOM_REUSED").await;
    // It is still the batch it was.
    assert_eq!(add.clone().accepted().await, batch);

    // The same after a restart, when nothing is remembered: the batch id is derived from the random.
    node.stop().await;
    node.run(Clock::system()).await;
    let restarted = App::of(&node);
    let moved = restarted.ask("007", "01", records::checks("A", "370203", UPDATED, 1)).random("r");
    assert_eq!(moved.accepted().await, batch);
    persisted(&restarted, &restarted.ask("007", "02", change("再改")).accepted().await).await;
    assert_eq!(record(&restarted, "A-0").await.unwrap()["BZ"], "再改");
    let rows = restarted.log(json!([{"BATCH": batch}])).succeeds().await.busilist;
    assert_eq!(rows.len(), 1, "one batch, one row: {rows:?}");
    assert_eq!(node.store().batches(&[batch.parse().unwrap()]).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reuse_that_the_door_has_forgotten_becomes_the_failure_of_a_batch() {
    let mut node = Spec::new("370203").prepare(&[]).await;
    node.run(Clock::system()).await;
    let app = App::of(&node);
    let batch = app.ask("007", "01", records::checks("F", "370203", UPDATED, 1)).random("f").accepted().await;
    persisted(&app, &batch).await;
    node.stop().await;
    node.run(Clock::system()).await;
    let app = App::of(&node);
    let other = records::checks("G", "370203", UPDATED, 1);
    assert_eq!(app.ask("007", "01", other).random("f").accepted().await, batch, "the id is that of the random");
    let failed = eventually("the other content has failed", || async {
        let rows = app.log(json!([{"BATCH": batch, "STATE": "failed"}])).succeeds().await.busilist;
        rows.into_iter().next()
    })
    .await;
    assert_eq!((&failed["CODE"], &failed["RANDOM"]), (&json!("RANDOM_REUSED"), &json!("f")), "{failed}");
    assert!(record(&app, "G-0").await.is_none());
    assert!(record(&app, "F-0").await.is_some());
    let rows = app.log(json!([{"RANDOM": "f"}])).succeeds().await.busilist;
    assert_eq!(rows.len(), 2, "the batch and the failure: {rows:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_random_of_a_query_counts_once() {
    let node = Spec::new("370203").start(&[]).await;
    let app = App::of(&node);
    app.ask("007", "04", "[]").random("q").succeeds().await;
    app.ask("007", "04", "[]").random("q").is_refused(409, "RANDOM_REUSED").await;
    app.log("[]").random("q").is_refused(409, "RANDOM_REUSED").await;
    app.ask("007", "01", records::checks("Q", "370203", UPDATED, 1)).random("q").is_refused(409, "RANDOM_REUSED").await;
    app.log("[]").random("l").succeeds().await;
    app.log("[]").random("l").is_refused(409, "RANDOM_REUSED").await;
    // 1 to 64 printable characters, whatever they are.
    for random in ["x".repeat(64), " ~!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|} ".to_owned()] {
        app.ask("007", "04", "[]").random(&random).succeeds().await;
    }
    // A write that was refused for its records has not used its random.
    app.ask("007", "01", "[{}]").random("w").is_refused(422, "INVALID_RECORDS").await;
    app.ask("007", "01", records::checks("W", "370203", UPDATED, 1)).random("w").accepted().await;
}
