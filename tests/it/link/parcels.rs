//! Parcels on the way up: they stay some while the parent is away, and are none where the link has a pace.

use crate::harness::{Api, Proxy, Spec, Weather, eventually, lab};
use crate::poison::fixture::{add_neighbours, holds, look_at};
use crate::receipts::fixture::Hand;
use sesame::clock::Clock;

/// Batches sent, many at once.
const BATCHES: u32 = 100;

#[tokio::test(flavor = "multi_thread")]
async fn invariants_1_2_parcels_wait_as_parcels_and_are_sent_one_by_one_once_the_link_has_a_pace() {
    let proxy = Proxy::before(lab().broker.as_ref().unwrap().ports().amqp).await;
    let city = Spec::new("370200");
    let county = Spec::new("370203").parent(&city).through(&proxy);
    let api = Api::of(&county);
    let city = city.start(&[&county]).await;
    let county = county.prepare(&[]).await;
    look_at(&api, "county.uplink").await;
    let hand = Hand::of(&county).await;
    let patient = county.toml.replace("[parent]\n", "[parent]\nhold_secs = 1\n");
    let paced = patient.replace("[parent]\n", "[parent]\nmessages_per_second = 50\n");

    proxy.turn(Weather::Cut);
    let mut node = county.with_settings(patient);
    node.run(Clock::system()).await;
    add_neighbours(&node.url(), "N", BATCHES as usize).await;
    holds(&node, i64::from(BATCHES), "what the parent does not get").await;
    let before = hand.depth("seen").await;
    hand.holds("seen", before + 10).await;
    node.stop().await;
    eventually("what was in hand is back", || async { (hand.depth("county.uplink").await > 0).then_some(()) }).await;
    let messages = hand.depth("county.uplink").await;
    assert!(messages < BATCHES / 2, "put into the queue anew: {messages} messages of {BATCHES} batches");

    proxy.turn(Weather::Fair);
    let before = hand.depth("seen").await;
    let mut node = county.with_settings(paced);
    node.run(Clock::system()).await;
    holds(&city, i64::from(BATCHES), "all at the parent").await;
    assert_eq!(city.store().batch_count().await.unwrap(), i64::from(BATCHES));
    let apart = hand.depth("seen").await - before;
    assert!(apart > BATCHES / 2, "taken out of their parcels: {apart} of {BATCHES} batches");
    assert!(node.store().failure_counts().await.unwrap().is_empty(), "to wait is no failure");
    node.stop().await;
    assert_eq!(hand.depth("county.uplink").await, 0, "everything is acked");
}
