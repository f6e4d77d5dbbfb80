//! A hop whose signature the parent cannot verify: the child signs anew with its present key and sends again.

use super::fixture::{Hand, Pair, TEN_MINUTES, UPDATED, acted, send, shows};
use crate::contract::ask::App;
use crate::desk::fixture::PARKED;
use crate::harness::{KEY, TestNode, eventually, fail_so, records};
use crate::rules::fixture::Datasets;
use sesame::clock::Clock;
use sesame::config;
use sesame::store::ActKind;

const NEW: &str = "00112233445566778899aabbccddeeff";

/// The county signs with a new key from here on, and knows its former one.
fn rotate(county: &mut TestNode) {
    let node = format!("key = \"{NEW}\"\nformer_keys = [\"{KEY}\"]");
    county.toml = county.toml.replacen(&format!("key = \"{KEY}\""), &node, 1);
    county.config = config::parse(&county.toml, "test", []).unwrap();
}

/// The city knows the county's new key alone.
fn learn(city: &mut TestNode) {
    let of_child = |key: &str| format!("key = \"{key}\"\nbroker_password");
    city.toml = city.toml.replacen(&of_child(KEY), &of_child(NEW), 1);
    city.config = config::parse(&city.toml, "test", []).unwrap();
}

async fn all_resolved(city: &TestNode, is_resolved: bool) {
    eventually("the city's failures stand so", || async {
        let counts = city.store().failure_counts().await.ok()?;
        let resolved = counts.iter().all(|(_, _, state, _)| state == "resolved");
        (!counts.is_empty() && resolved == is_resolved).then_some(counts)
    })
    .await;
}

const LONG: &str = "[failures]\nretry_secs = [1, 1]\npark_secs = 86400\n";

/// The parent has forgotten the former key while something sealed with it was on its way.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_sealed_with_a_forgotten_key_is_signed_anew_and_sent_again_at_once() {
    let mut pair = Pair::prepared(LONG).await;
    pair.county.run(pair.ahead.clock()).await;
    let batch = send(&App::of(&pair.county), "K", 2).await;
    // It lies in the city's queue, whose node is not running.
    let hand = super::fixture::Hand::of(&pair.city).await;
    hand.holds("city.persist", 1).await;
    pair.county.stop().await;
    rotate(&mut pair.county);
    learn(&mut pair.city);
    pair.county.run(pair.ahead.clock()).await;
    pair.city.run(sesame::clock::Clock::system()).await;
    let app = App::of(&pair.county);
    // No ten minutes pass.
    shows(&app, &batch, &[("CITY_STATE", "resolved"), ("CITY_RECORDS", "2")]).await;
    all_resolved(&pair.city, true).await;
    let counts = pair.city.store().failure_counts().await.unwrap();
    assert_eq!(counts.len(), 1, "the copy that nobody could verify, and no other: {counts:?}");
    pair.stop().await;
}

/// The parent does not know the new key yet: what is sent again is of no use, and bounded.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_the_parent_does_not_know_is_tried_once_then_seldom_and_works_when_it_is_known() {
    let mut pair = Pair::prepared(LONG).await;
    rotate(&mut pair.county);
    pair.city.run(sesame::clock::Clock::system()).await;
    pair.county.run(pair.ahead.clock()).await;
    let app = App::of(&pair.county);
    let batch = send(&app, "N", 1).await;
    let row = shows(&app, &batch, &[("CITY_STATE", "parked"), ("CITY_CODE", "SIGN_MISMATCH")]).await;
    assert!(row["CITY_MESSAGE"].as_str().unwrap().contains("签名"), "{row}");
    let (client, connection) =
        tokio_postgres::connect(pair.county.config.store.uri.text(), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let sent_again = async || -> i32 {
        client.query_one("SELECT coalesce(sum(sent_again), 0)::int FROM unsettled", &[]).await.unwrap().get(0)
    };
    eventually("it was sent again", || async { (sent_again().await == 1).then_some(()) }).await;
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    assert_eq!(sent_again().await, 1, "receipts of further attempts make it no hot loop");

    pair.city.stop().await;
    learn(&mut pair.city);
    pair.city.run(sesame::clock::Clock::system()).await;
    pair.ahead.forward(TEN_MINUTES * 3);
    shows(&app, &batch, &[("CITY_STATE", "resolved")]).await;
    all_resolved(&pair.city, true).await;
    pair.stop().await;
}

/// A broker that comes back may deliver once more what it has delivered, and the key may have changed between.
#[tokio::test(flavor = "multi_thread")]
async fn invariant_2_a_copy_of_what_is_committed_that_comes_after_a_change_of_keys_is_no_lasting_failure() {
    let mut pair = Pair::prepared(LONG).await;
    pair.county.run(pair.ahead.clock()).await;
    let app = App::of(&pair.county);
    let batch = send(&app, "C", 2).await;
    let hand = super::fixture::Hand::of(&pair.city).await;
    hand.holds("city.persist", 1).await;
    let (properties, body) = hand.take_all("city.persist").await.remove(0);
    let child = super::fixture::Hand::at(pair.county.uri_at_parent()).await;
    let deliver = async || child.put("city", "37.02.03.007.01", properties.clone(), &body).await;
    deliver().await;
    pair.city.run(sesame::clock::Clock::system()).await;
    shows(&app, &batch, &[("CITY_STATE", "persisted"), ("CITY_RECORDS", "2")]).await;

    pair.city.stop().await;
    learn(&mut pair.city);
    pair.city.run(sesame::clock::Clock::system()).await;
    deliver().await;
    all_resolved(&pair.city, true).await;
    let counts = pair.city.store().failure_counts().await.unwrap();
    assert_eq!(counts.iter().map(|(_, reason, ..)| reason.as_str()).collect::<Vec<_>>(), ["SIGN_MISMATCH"]);
    pair.stop().await;
}

/// What is applied in part is held by the failure of its message, whatever that fails for at the moment.
#[tokio::test(flavor = "multi_thread")]
async fn invariant_1_a_copy_signed_anew_of_what_is_applied_in_part_makes_nothing_of_it_go() {
    let strict = Datasets::shipped();
    strict.refuse_remarks_with("密");
    let mut pair = Pair::prepared(&format!("{}{PARKED}", strict.settings())).await;
    let right = pair.city.config.clone();
    pair.county.run(pair.ahead.clock()).await;
    let app = App::of(&pair.county);
    let mut list: Vec<serde_json::Value> =
        (0..2).map(|n| records::check(&format!("P-{n}"), "370203", UPDATED)).collect();
    list[1]["BZ"] = "密".into();
    app.ask("007", "01", serde_json::Value::Array(list)).accepted().await;
    let hand = Hand::of(&pair.city).await;
    hand.holds("city.persist", 1).await;
    let (first, body) = hand.take_all("city.persist").await.remove(0);
    // Else it would sign anew by itself, and send another message.
    pair.county.stop().await;
    let mut headers = first.headers().clone().unwrap();
    headers.insert("sesame-again".into(), lapin::types::AMQPValue::LongString("1".into()));
    let anew = first.clone().with_headers(headers);
    let child = Hand::at(pair.county.uri_at_parent()).await;
    let deliver = async |properties: &lapin::BasicProperties| {
        child.put("city", "37.02.03.007.01", properties.clone(), &body).await;
    };
    deliver(&first).await;
    deliver(&anew).await;
    pair.city.run(Clock::system()).await;
    fail_so(&pair.city, &[("INVALID_RECORDS", "parked", 1)]).await;

    pair.city.stop().await;
    learn(&mut pair.city);
    pair.city.run(Clock::system()).await;
    acted(&pair.city, ActKind::Replay).await;
    fail_so(&pair.city, &[("SIGN_MISMATCH", "parked", 1)]).await;
    pair.city.stop().await;
    pair.city.config = right;
    pair.city.run(Clock::system()).await;
    deliver(&anew).await;
    eventually("it is worked on", || async { (hand.depth("city.persist").await == 0).then_some(()) }).await;
    acted(&pair.city, ActKind::Replay).await;
    fail_so(&pair.city, &[("INVALID_RECORDS", "parked", 1)]).await;

    strict.refuse_remarks_with("绝");
    strict.change("007", |schema| schema["x-version"] = "4".into());
    eventually("the changed rule is taken, and the rest applied", || async {
        acted(&pair.city, ActKind::Replay).await;
        let tally = pair.city.store().tally(pair.city.config.node.region).await.ok()?;
        (tally.first()?.records == 2).then_some(())
    })
    .await;
    all_resolved(&pair.city, true).await;
    pair.city.stop().await;
}
