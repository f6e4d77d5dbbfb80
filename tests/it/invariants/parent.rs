//! A parent that has the wrong key for its child, and one that is away for a day (§7.4; invariants 1 and 6).

use crate::harness::{KEY, Proxy, Spec, TestNode, Weather, eventually, lab, records};
use sesame::clock::Clock;
use sesame::config;
use sesame::standard::code::{Action, BusinessCode};
use sesame::standard::random::Random;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use uuid::Uuid;

const OTHER_KEY: &str = "ffffffffffffffffffffffffffffffff";

async fn add(node: &TestNode, prefix: &str) {
    let list = records::checks(prefix, "370203", "2025-06-01 08:00:00", 3);
    let random = Random::from(Uuid::new_v4());
    let answered = node.client().send(BusinessCode::parse("007").unwrap(), Action::Add, &list, &random).await.unwrap();
    assert!(answered.success, "{answered:?}");
}

async fn holds(node: &TestNode, records: i64) {
    let store = node.store();
    let region = config::parse(&node.toml, "test", []).unwrap().node.region;
    eventually(&format!("{region} holds {records} records"), || async {
        (store.tally(region).await.ok()?.first()?.records == records).then_some(())
    })
    .await;
}

async fn count(node: &TestNode, failures: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM failures WHERE {failures}");
    node.sql().await.query_one(&sql, &[]).await.unwrap().get(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_4_a_key_mended_at_the_parent_after_two_failures_is_what_the_third_attempt_is_verified_with() {
    let city = Spec::new("370200").extra("[failures]\nretry_secs = [0, 8]\n");
    let county = Spec::new("370203").parent(&city);
    let user = county.user();
    let mut city = city.prepare(&[&county]).await;
    let child = |key: &str| format!("appid = \"{user}\"\nkey = \"{key}\"\n");
    let wrong = city.toml.replace(&child(KEY), &child(OTHER_KEY));
    assert_ne!(wrong, city.toml);
    city.config = config::parse(&wrong, "test", []).unwrap();
    city.run(Clock::system()).await;
    let mut county = county.start(&[]).await;
    add(&county, "A").await;
    let twice = "reason = 'SIGN_MISMATCH' AND state = 'retrying' AND round = 1 AND attempts = 2";
    eventually("it has failed twice", || async { (count(&city, twice).await > 0).then_some(()) }).await;

    city.stop().await;
    city.config = config::parse(&city.toml, "test", []).unwrap();
    city.run(Clock::system()).await;
    holds(&city, 3).await;
    let third = "state = 'resolved' AND round = 1 AND attempts = 2 AND jsonb_array_length(past) = 2";
    assert!(count(&city, third).await > 0, "the third attempt went through");
    assert_eq!(count(&city, "state IN ('parked', 'abandoned')").await, 0, "it was never marked failed");
    county.stop().await;
    city.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invariants_1_6_a_parent_that_is_away_for_24_hours_is_no_failure_and_everything_arrives_after() {
    let proxy = Proxy::before(lab().broker.as_ref().unwrap().ports().amqp).await;
    let city = Spec::new("370200");
    let county = Spec::new("370203").parent(&city).through(&proxy);
    let mut city = city.prepare(&[&county]).await;
    let mut county = county.prepare(&[]).await;
    let ahead = Arc::new(AtomicI64::new(0));
    for node in [&mut city, &mut county] {
        let hours = ahead.clone();
        let clock = move || Clock::system().now().plus_micros(hours.load(Ordering::Relaxed) * 3_600_000_000);
        node.run(Clock::new(clock)).await;
    }
    add(&county, "BEFORE").await;
    holds(&city, 3).await;

    proxy.turn(Weather::Cut);
    for hour in 1..=25 {
        add(&county, &format!("HOUR{hour}")).await;
        ahead.store(hour, Ordering::Relaxed);
        // Time for the link to try in vain, and for the sweepers to look.
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    holds(&county, 78).await;
    // Both sweepers look every second: what they took for overdue would be a failure by now.
    tokio::time::sleep(Duration::from_secs(2)).await;
    for node in [&county, &city] {
        assert_eq!(count(node, "true").await, 0, "an outage is no failure");
    }
    holds(&city, 3).await;

    proxy.turn(Weather::Fair);
    holds(&city, 78).await;
    for node in [&county, &city] {
        assert_eq!(count(node, "true").await, 0, "nothing failed on its way up either");
    }
    let once = "SELECT count(*), count(DISTINCT (batch, ordinal)) FROM history";
    let row = city.sql().await.query_one(once, &[]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (78, 78), "each change once");
    county.stop().await;
    city.stop().await;
}
