//! A network to the broker that is slow, silent or cut.

use super::sending::{Batch, holds};
use crate::harness::{Proxy, Spec, TestNode, Weather, eventually, lab};
use sesame::clock::Clock;
use std::time::Duration;

/// A node that reaches its broker through a proxy.
async fn behind_a_proxy() -> (TestNode, Proxy) {
    let proxy = Proxy::before(lab().broker.as_ref().unwrap().ports().amqp).await;
    let mut node = Spec::new("370203").prompt().prepare(&[]).await;
    let real = format!(":{}/", lab().broker.as_ref().unwrap().ports().amqp);
    let toml = node.toml.replace(&real, &format!(":{}/", proxy.port));
    node.config = sesame::config::parse(&toml, "test", []).unwrap();
    node.run(Clock::system()).await;
    (node, proxy)
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_1_a_network_that_falls_silent_is_told_within_seconds_and_nothing_piles_up() {
    let (mut node, proxy) = behind_a_proxy().await;
    let client = node.client();
    Batch::new("before").accepted(&client).await;
    proxy.turn(Weather::Silent);
    let waiting: Vec<Batch> = (0..20).map(|n| Batch::new(&format!("silent-{n}"))).collect();
    // The first ones find out; those after them are told at once, and nothing more is handed to the client library.
    waiting[0].unavailable(&client).await;
    let mut waited = 0;
    for batch in &waiting[1..] {
        let asked = std::time::Instant::now();
        batch.unavailable(&client).await;
        waited += usize::from(asked.elapsed() >= Duration::from_secs(1));
    }
    assert!(waited <= 1, "{waited} waited again for a broker known to be silent; only the one that probes it may");
    proxy.turn(Weather::Fair);
    for batch in &waiting {
        batch.accepted(&client).await;
    }
    holds(&node, 210).await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_1_a_connection_that_never_comes_back_is_given_up_by_its_heartbeat() {
    let (mut node, proxy) = behind_a_proxy().await;
    proxy.turn(Weather::Silent);
    Batch::new("lost").unavailable(&node.client()).await;
    eventually("the connection is given up", || async {
        let broker = node.health().checks().broker;
        (!broker.ok && !broker.detail.contains("confirmed nothing")).then_some(())
    })
    .await;
    proxy.turn(Weather::Fair);
    Batch::new("after").accepted(&node.client()).await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_1_a_network_that_is_cut_again_and_again_loses_nothing() {
    let (mut node, proxy) = behind_a_proxy().await;
    let client = node.client();
    for round in 0..8 {
        let batches: Vec<Batch> = (0..5).map(|n| Batch::new(&format!("cut-{round}-{n}"))).collect();
        let sending = futures_util::future::join_all(batches.iter().map(|batch| batch.accepted(&client)));
        let cutting = async {
            tokio::time::sleep(Duration::from_millis(20 * round)).await;
            proxy.turn(Weather::Cut);
            tokio::time::sleep(Duration::from_millis(50)).await;
            proxy.turn(Weather::Fair);
        };
        tokio::join!(sending, cutting);
    }
    holds(&node, 400).await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_2_a_slow_broker_is_told_and_the_batch_counts_once() {
    let (mut node, proxy) = behind_a_proxy().await;
    let client = node.client();
    Batch::new("before").accepted(&client).await;
    proxy.turn(Weather::Slow(Duration::from_millis(1_500)));
    let batch = Batch::new("slow");
    batch.unavailable(&client).await;
    proxy.turn(Weather::Fair);
    batch.accepted(&client).await;
    holds(&node, 20).await;
    node.stop().await;
}
