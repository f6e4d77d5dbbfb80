//! §7.4: three failures, a mark, a pause, and another round, through a node's own sweeper; and what mends it.

use crate::harness::{Spec, TestNode, eventually, records};
use sesame::standard::code::{Action, BusinessCode};
use sesame::standard::random::Random;
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
    let settings = "[persist]\nretry_secs = [0, 0]\npark_secs = 2\n";
    let node = Spec::new("370203").extra(settings).start(&[]).await;
    let modify = r#"[{"JCJLBH":"A-0","SJGXSJ":"2025-06-02 08:00:00","BZ":"先改后增"}]"#;
    send(&node, Action::Modify, modify).await;
    let marked = ("MISSING_KEY".to_owned(), "failed".to_owned(), 1);
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
    let node = Spec::new("370203").extra("[persist]\nretry_secs = [3600, 3600]\n").start(&[]).await;
    // A rule of the database that one record breaks.
    let (client, connection) =
        tokio_postgres::connect(node.config.store.uri.text(), tokio_postgres::NoTls).await.unwrap();
    let driver = tokio::spawn(connection);
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
    drop(client);
    driver.abort();
}
