//! Rotation of a key, with an overlap in which both are good.

use super::fixture::{Managed, soon};
use crate::harness::{Ahead, Spec};

/// In seconds.
const DAY: i64 = 86_400;

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_2_both_keys_are_good_during_the_overlap_and_then_only_the_new_one() {
    let ahead = Ahead::default();
    let mut managed = Managed::prepare(Spec::new("370203")).await;
    managed.node.run(ahead.clock()).await;
    let before = managed.add("a", &["--test"]).await;
    soon(&before, "007", "04", "").await;

    let rotated = managed.json(&["rotate", "a", "--overlap", "7d"]).await;
    let after = managed.caller("a", rotated["key"].as_str().unwrap());
    // `soon` and `succeeds` hold each answer against the key that signed its request.
    soon(&after, "007", "04", "").await;
    before.ask("007", "04", "[]").succeeds().await;
    after.ask("007", "04", "[]").succeeds().await;

    let early = managed.fails(&["rotate", "a"]).await;
    assert!(early.contains("--end-previous"), "a third key would end the first one unseen: {early}");

    ahead.forward(7 * DAY + 60);
    after.ask("007", "04", "[]").succeeds().await;
    let reply = before.ask("007", "04", "[]").send().await;
    reply.assert_refusal(401, "SIGN_MISMATCH");
    assert!(reply.message.contains("旧密钥"), "an app under test is told why: {reply:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_2_a_key_in_wrong_hands_ends_at_once() {
    let managed = Managed::start(Spec::new("370203")).await;
    let first = managed.add("a", &[]).await;
    soon(&first, "007", "04", "").await;
    let rotated = managed.json(&["rotate", "a", "--overlap", "0"]).await;
    assert!(rotated["previous_key_until"].is_null());
    soon(&first, "007", "04", "SIGN_MISMATCH").await;
    let second = managed.caller("a", rotated["key"].as_str().unwrap());
    second.ask("007", "04", "[]").succeeds().await;

    // Also within the overlap of an earlier rotation, and all keys before end.
    managed.json(&["rotate", "a", "--overlap", "1h"]).await;
    let rotated = managed.json(&["rotate", "a", "--overlap", "0"]).await;
    let third = managed.caller("a", rotated["key"].as_str().unwrap());
    soon(&third, "007", "04", "").await;
    second.ask("007", "04", "[]").send().await.assert_refusal(401, "SIGN_MISMATCH");
    managed.json(&["rotate", "a", "--overlap", "1h"]).await;
    let rotated = managed.json(&["rotate", "a", "--overlap", "1h", "--end-previous"]).await;
    let fourth = managed.caller("a", rotated["key"].as_str().unwrap());
    soon(&fourth, "007", "04", "").await;
    third.ask("007", "04", "[]").send().await.assert_refusal(401, "SIGN_MISMATCH");
}
