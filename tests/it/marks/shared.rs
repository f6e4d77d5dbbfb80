//! Several processes of one node, and what they share through the store.

use super::fixture::{alarmed, bad, good, mark, marked, mismatch};
use crate::contract::ask::App;
use crate::harness::{APP, Spec, TestNode, eventually, own_lab};
use sesame::clock::Clock;
use sesame::store::StoredMark;

/// What the store has of a transfer.
async fn stored(node: &TestNode, random: &str) -> Option<StoredMark> {
    let marks = node.store().marks_since(0).await.unwrap();
    marks.into_iter().find(|mark| mark.random == random)
}

async fn two() -> (TestNode, TestNode) {
    let mut one = Spec::new("370203").prepare(&[]).await;
    let mut other = one.twin();
    one.run(Clock::system()).await;
    other.run(Clock::system()).await;
    (one, other)
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_4_a_mark_holds_at_every_process_and_ends_at_every_process() {
    let (one, other) = two().await;
    let (here, there) = (App::of(&one), App::of(&other));
    mark(&here, "R").await;
    alarmed(&one, Some(&format!("{APP} 1"))).await;
    alarmed(&other, Some(&format!("{APP} 1"))).await;
    marked(&there, "R").await;
    good(&there, "R").accepted().await;
    alarmed(&one, None).await;
    mark(&here, "R").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_4_failures_at_several_processes_count_together_and_once() {
    let (one, other) = two().await;
    let (here, there) = (App::of(&one), App::of(&other));
    mismatch(&here, "R").await;
    mismatch(&there, "R").await;
    eventually("both are known", || async { (stored(&one, "R").await?.failures.len() == 2).then_some(()) }).await;
    assert!(one.health().checks().marks.ok, "two are no mark, however often they were told");
    mismatch(&there, "R").await;
    alarmed(&one, Some(APP)).await;
    alarmed(&other, Some(APP)).await;
    marked(&here, "R").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_4_marks_survive_a_restart() {
    let mut node = Spec::new("370203").start(&[]).await;
    mark(&App::of(&node), "R").await;
    // At once: what was not told to the store yet is told before the end.
    node.stop().await;
    node.run(Clock::system()).await;
    alarmed(&node, Some(APP)).await;
    marked(&App::of(&node), "R").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_4_with_the_store_away_marks_hold_in_memory_and_are_shared_afterwards() {
    let (mut lab, _folder) = own_lab().await;
    let mut node = Spec::new("370203").on(&lab).start(&[]).await;
    let app = App::of(&node);
    mark(&app, "before").await;
    eventually("the store knows", || stored(&node, "before")).await;
    tokio::task::block_in_place(|| lab.database.as_mut().unwrap().kill9());
    mark(&app, "R").await;
    marked(&app, "R").await;
    marked(&app, "before").await;
    good(&app, "before").accepted().await;
    mismatch(&app, "before").await;
    tokio::task::block_in_place(|| lab.database.as_mut().unwrap().restart().unwrap());
    eventually("the store knows", || async { (stored(&node, "R").await?.failures.len() == 3).then_some(()) }).await;
    eventually("that a mark was ended is known too", || async {
        (stored(&node, "before").await?.failures.len() == 1).then_some(())
    })
    .await;
    node.stop().await;
    drop(lab);
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_8_marks_are_bounded_and_the_oldest_go_first() {
    let node = Spec::new("370203").extra("[interface.marks]\nmost = 5\n").start(&[]).await;
    let app = App::of(&node);
    mark(&app, "oldest").await;
    for n in 0..40 {
        mismatch(&app, &format!("R{n}")).await;
    }
    let kept = eventually("the store knows the latest", || async {
        let marks = node.store().marks_since(0).await.unwrap();
        assert!(marks.len() <= 5, "{marks:?}");
        marks.iter().any(|mark| mark.random == "R39").then_some(marks)
    })
    .await;
    assert!(kept.iter().all(|mark| mark.random.starts_with('R')), "{kept:?}");
    mismatch(&app, "oldest").await;
    // Of the latest the count is known.
    mismatch(&app, "R39").await;
    bad(&app, "R39").send().await.assert_refusal(401, "SIGN_MISMATCH");
    marked(&app, "R39").await;
}
