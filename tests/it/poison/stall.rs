//! A batch over which the store hangs, and one that another session keeps waiting.

use super::fixture::{POISON, add, add_neighbours, holds, kept, kept_as, remove_trap, replay, set_trap};
use crate::harness::{Spec, TestNode};
use sesame::standard::code::{Action, BusinessCode};
use sesame::standard::random::Random;
use std::time::{Duration, Instant};
use uuid::Uuid;

async fn node() -> TestNode {
    Spec::new("370203").extra("[persist]\nstall_secs = 1\nwatchdog_secs = 3\n").start(&[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn invariants_1_6_a_batch_that_does_not_end_is_given_up_and_its_neighbours_flow_on() {
    let node = node().await;
    set_trap(&node).await;
    let url = node.url();
    add_neighbours(&url, "before", 100).await;
    add(&url, POISON).await;
    let begun = Instant::now();
    add_neighbours(&url, "after", 200).await;
    holds(&node, 300, "its neighbours are committed").await;
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(15), "its neighbours waited for {took:?}");
    let poison = kept_as(&node, "POISON", "abandoned").await;
    assert!(poison.body.contains("POISON-0"), "{poison:?}");

    remove_trap(&node).await;
    replay(&node).await;
    kept_as(&node, "POISON", "resolved").await;
    holds(&node, 301, "the replayed batch").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_6_a_lock_that_another_session_holds_is_no_failure_however_long() {
    let node = node().await;
    let url = node.url();
    add(&url, "LOCKED").await;
    holds(&node, 1, "the record").await;
    let other = node.sql().await;
    other.batch_execute("BEGIN; SELECT * FROM records WHERE key = 'LOCKED-0' FOR UPDATE").await.unwrap();
    let modify = r#"[{"JCJLBH":"LOCKED-0","SJGXSJ":"2025-06-02 08:00:00","BZ":"改"}]"#;
    let random = Random::from(Uuid::new_v4());
    let busicode = BusinessCode::parse("007").unwrap();
    let answered = node.client().send(busicode, Action::Modify, modify, &random).await.unwrap();
    assert!(answered.success, "{answered:?}");
    add_neighbours(&url, "other", 100).await;
    holds(&node, 101, "its neighbours are committed").await;
    // Several times as long as a batch may take.
    tokio::time::sleep(Duration::from_secs(10)).await;
    other.batch_execute("ROLLBACK").await.unwrap();
    crate::harness::eventually("the modify is applied", || async {
        let query = r#"[{"JCJLBH":"LOCKED-0"}]"#;
        let asked = node.client().send(busicode, Action::Query, query, &Random::from(Uuid::new_v4())).await.ok()?;
        asked.busilist.contains("改").then_some(())
    })
    .await;
    assert!(kept(&node).await.is_empty(), "waiting is no failure");
}
