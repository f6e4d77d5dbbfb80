//! Parcels on the way up: they stay some while the parent is away, and are none where the link has a pace.

use crate::harness::{Proxy, Spec, Weather, lab};
use crate::poison::fixture::{add_neighbours, holds};
use crate::receipts::fixture::Hand;
use sesame::clock::Clock;
use sesame::config;
use std::time::Duration;

/// Batches sent, many at once.
const BATCHES: usize = 100;

#[tokio::test(flavor = "multi_thread")]
async fn invariants_1_2_parcels_wait_as_parcels_and_are_sent_one_by_one_once_the_link_has_a_pace() {
    let broker = lab().broker.as_ref().unwrap().ports().amqp;
    let proxy = Proxy::before(broker).await;
    let city = Spec::new("370200");
    let county = Spec::new("370203").parent(&city);
    let through_proxy = county.uri_at_parent().replace(&format!(":{broker}/"), &format!(":{}/", proxy.port));
    let straight = county.uri_at_parent().to_owned();
    let city = city.start(&[&county]).await;
    let county = county.prepare(&[]).await;
    let toml = county.toml.replace(&straight, &through_proxy).replace("[parent]\n", "[parent]\nhold_secs = 1\n");
    let mut patient = county.with_settings(toml.clone());
    assert_eq!(patient.config.parent.as_ref().unwrap().hold, Duration::from_secs(1));

    proxy.turn(Weather::Cut);
    patient.run(Clock::system()).await;
    add_neighbours(&patient.url(), "N", BATCHES).await;
    holds(&patient, BATCHES as i64, "what the parent does not get").await;
    // It goes into its queue anew every second.
    tokio::time::sleep(Duration::from_secs(5)).await;
    patient.stop().await;
    let hand = Hand::of(&county).await;
    hand.holds("county.uplink", 1).await;
    let messages = hand.depth("county.uplink").await;
    assert!(messages < BATCHES as u32 / 2, "{messages} messages of {BATCHES} batches");

    proxy.turn(Weather::Fair);
    let paced = toml.replace("[parent]\n", "[parent]\nmessages_per_second = 50\n");
    let mut paced = county.with_settings(paced);
    paced.run(Clock::system()).await;
    assert!(!config::parse(&paced.toml, "test", []).unwrap().parent.unwrap().takes_parcels());
    holds(&city, BATCHES as i64, "all at the parent").await;
    assert_eq!(city.store().batch_count().await.unwrap(), BATCHES as i64);
    assert!(paced.store().failure_counts().await.unwrap().is_empty(), "to wait is no failure");
    paced.stop().await;
    assert_eq!(hand.depth("county.uplink").await, 0, "everything is acked");
}
