//! §7.4: three failures, a mark, a pause, and another round, through RabbitMQ's own clock; and what mends it.

use crate::harness::{Api, Spec, TestNode, eventually, records};
use reqwest::Method;
use sesame::broker::Names;
use sesame::clock::Clock;
use sesame::failure::Pause;
use sesame::standard::code::{Action, BusinessCode};
use sesame::standard::moment::Moment;
use sesame::standard::random::Random;
use sesame::standard::region::Tier;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use time::OffsetDateTime;
use uuid::Uuid;

async fn send(node: &TestNode, action: Action, list: &str) {
    let random = Random::from(Uuid::new_v4());
    let answered = node.client().send(BusinessCode::parse("007").unwrap(), action, list, &random).await.unwrap();
    assert!(answered.success, "{answered:?}");
}

async fn states(node: &TestNode) -> Vec<(String, String, i64)> {
    let counts = node.store().failure_counts().await.unwrap_or_default();
    counts.into_iter().map(|(_, reason, state, count)| (reason, state, count)).collect()
}

async fn log_has(node: &TestNode, conditions: &str, wanted: &str) {
    eventually(&format!("the log shows {wanted}"), || async {
        let answered = node.client().log(None, conditions, &Random::from(Uuid::new_v4())).await.ok()?;
        answered.busilist.contains(wanted).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_4_marked_after_three_failures_and_applied_once_the_cause_is_mended() {
    let settings = "[failures]\nretry_secs = [0, 0]\npark_secs = 2\n";
    let node = Spec::new("370203").extra(settings).start(&[]).await;
    let modify = r#"[{"JCJLBH":"A-0","SJGXSJ":"2025-06-02 08:00:00","BZ":"先改后增"}]"#;
    send(&node, Action::Modify, modify).await;
    let marked = ("MISSING_KEY".to_owned(), "parked".to_owned(), 1);
    eventually("three attempts mark it failed", || async { (states(&node).await == [marked.clone()]).then_some(()) })
        .await;
    log_has(&node, r#"[{"STATE":"parked"}]"#, "MISSING_KEY").await;

    send(&node, Action::Add, &records::checks("A", "370203", "2025-06-01 08:00:00", 1)).await;
    let resolved = ("MISSING_KEY".to_owned(), "resolved".to_owned(), 1);
    eventually("the next round applies it", || async { (states(&node).await == [resolved.clone()]).then_some(()) })
        .await;
    log_has(&node, r#"[{"STATE":"resolved"}]"#, "\"resolved\"").await;
    let query = r#"[{"JCJLBH":"A-0"}]"#;
    let busicode = BusinessCode::parse("007").unwrap();
    let answered = node.client().send(busicode, Action::Query, query, &Random::from(Uuid::new_v4())).await.unwrap();
    assert!(answered.busilist.contains("先改后增"), "{answered:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_batch_the_store_refuses_stands_alone() {
    let node = Spec::new("370203").extra("[failures]\nretry_secs = [3600, 3600]\n").start(&[]).await;
    // A rule of the database that one record breaks.
    let client = node.sql().await;
    client.batch_execute("ALTER TABLE records ADD CHECK (key <> 'BAD-0')").await.unwrap();
    let lists: Vec<String> = ["GOOD", "BAD", "FINE", "WELL"]
        .iter()
        .map(|prefix| records::checks(prefix, "370203", "2025-06-01 08:00:00", 2))
        .collect();
    futures_util::future::join_all(lists.iter().map(|list| send(&node, Action::Add, list))).await;
    eventually("the others are committed and the bad one is kept", || async {
        let tally = node.store().tally(node.config.node.region).await.ok()?;
        let kept = states(&node).await == [("REFUSED_BY_STORE".to_owned(), "retrying".to_owned(), 1)];
        (kept && tally.first()?.records == 6).then_some(())
    })
    .await;
}

/// The round, attempts and state of the only failure.
async fn standing(node: &TestNode) -> Option<(i32, i32, String)> {
    let client = node.sql().await;
    let row = client.query_opt("SELECT round, attempts, state FROM failures", &[]).await.ok()??;
    Some((row.get(0), row.get(1), row.get(2)))
}

async fn stands(node: &TestNode, round: i32, attempts: i32, state: &str) {
    let wanted = (round, attempts, state.to_owned());
    eventually(&format!("it stands at {wanted:?}"), || async { (standing(node).await? == wanted).then_some(()) }).await;
}

async fn waits(api: &Api, queue: &str, messages: i64) {
    let path = format!("/api/queues/{{vhost}}/{queue}");
    eventually(&format!("{queue} has {messages} messages"), || async {
        (api.ask(Method::GET, &path, None).await.1["messages"].as_i64()? == messages).then_some(())
    })
    .await;
}

const MODIFY: &str = r#"[{"JCJLBH":"A-0","SJGXSJ":"2025-06-02 08:00:00","BZ":"先改后增"}]"#;

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_4_rabbitmq_brings_it_back_also_if_every_process_was_down_meanwhile() {
    let spec = Spec::new("370203").extra("[failures]\nretry_secs = [0, 0]\npark_secs = 3\n");
    let api = Api::of(&spec);
    let mut node = spec.start(&[]).await;
    send(&node, Action::Modify, MODIFY).await;
    stands(&node, 1, 3, "parked").await;
    node.stop().await;
    waits(&api, &Names(Tier::County).returned("persist"), 1).await;
    node.run(Clock::system()).await;
    eventually("the next round is tried", || async { (standing(&node).await?.0 == 2).then_some(()) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_4_after_the_last_round_it_is_kept_until_an_operator_acts() {
    let settings = "[failures]\nretry_secs = [0, 0]\npark_secs = 0\nrounds = 3\n";
    let node = Spec::new("370203").extra(settings).start(&[]).await;
    send(&node, Action::Modify, MODIFY).await;
    stands(&node, 3, 3, "abandoned").await;
    log_has(&node, r#"[{"STATE":"abandoned"}]"#, "MISSING_KEY").await;
    let past = "SELECT count(*) FROM failures, jsonb_array_elements(past)";
    let past: i64 = node.sql().await.query_one(past, &[]).await.unwrap().get(0);
    assert_eq!(past, 9, "every attempt is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_1_what_lost_its_token_is_brought_back_ten_minutes_after_its_time() {
    let spec = Spec::new("370203").extra("[failures]\nretry_secs = [0, 0]\n");
    let api = Api::of(&spec);
    let mut node = spec.prepare(&[]).await;
    // A clock that stands still once it is set: however slow the machine is, nothing else lets the ten minutes pass.
    let set: Arc<OnceLock<Moment>> = Arc::default();
    let later = Arc::new(AtomicI64::new(0));
    let (read, seconds) = (set.clone(), later.clone());
    node.run(Clock::new(move || match read.get() {
        Some(set) => set.plus_micros(seconds.load(Ordering::Relaxed) * 1_000_000),
        None => Clock::system().now(),
    }))
    .await;
    send(&node, Action::Modify, MODIFY).await;
    stands(&node, 1, 3, "parked").await;
    let parked = Names(Tier::County).waiting("persist", Pause::Parked);
    waits(&api, &parked, 1).await;
    api.delete(&format!("/api/queues/{{vhost}}/{parked}/contents")).await;
    let row = node.sql().await.query_one("SELECT next_at FROM failures", &[]).await.unwrap();
    let due: OffsetDateTime = row.get(0);
    later.store(599, Ordering::Relaxed);
    set.set(due.into()).unwrap();
    // The sweeper looks every second; three looks must find nothing yet.
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(standing(&node).await.unwrap().0, 1);
    later.store(600, Ordering::Relaxed);
    stands(&node, 2, 3, "parked").await;
}
