//! RabbitMQ takes back what is not acknowledged within its consumer timeout, and counts a delivery each time: no batch that waits for
//! a parent may come near the delivery limit by that.

use super::foreign::holds;
use super::stub::{PLAIN, Stub};
use crate::contract::ask::App;
use crate::harness::{Proxy, Spec, Weather, records};
use crate::receipts::fixture::Hand;
use sesame::clock::Clock;
use sesame::lab::{Lab, LabOptions};
use std::time::Duration;

/// Servers of which the broker waits for an ack for four seconds instead of half an hour.
async fn impatient() -> (Lab, tempfile::TempDir) {
    tokio::task::spawn_blocking(|| {
        let folder = tempfile::Builder::new().prefix("sesame-test-").tempdir().expect("a temporary folder");
        let mut options = LabOptions::new(folder.path());
        let impatience = "{rabbit, [{consumer_timeout, 4000}, {channel_tick_interval, 250}]}";
        options.broker.as_mut().expect("a broker").advanced.push(impatience.to_owned());
        let lab = Lab::start(&options).unwrap_or_else(|error| panic!("{error}"));
        (lab, folder)
    })
    .await
    .expect("a blocking task")
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_6_what_waits_for_a_parent_that_is_away_for_long_is_not_taken_for_poison() {
    let (lab, _folder) = impatient().await;
    let stub = Stub::start(PLAIN).await;
    let proxy = Proxy::before(stub.port).await;
    proxy.turn(Weather::Cut);
    let settings = stub.settings(PLAIN, "").replace(&stub.port.to_string(), &proxy.port.to_string());
    let settings = format!("hold_secs = 1\n{settings}");
    let mut county = Spec::new("370203").parent_over_https("370200", &settings).on(&lab).start(&[]).await;
    let app = App::of(&county);
    for batch in 0..3 {
        let list = records::checks(&format!("W{batch}"), "370203", "2025-06-01 08:00:00", 1);
        app.ask("007", "01", list).accepted().await;
    }
    // Several times as long as the broker waits: what happens in this time is RabbitMQ's own doing.
    tokio::time::sleep(Duration::from_secs(30)).await;
    county.stop().await;
    let hand = Hand::of(&county).await;
    hand.holds("county.uplink", 3).await;
    let counts = hand.delivery_counts("county.uplink", 3).await;
    // What was in hand went back when the node stopped.
    assert!(counts.iter().all(|count| *count <= 1) && counts.contains(&1), "{counts:?}");

    proxy.turn(Weather::Fair);
    county.run(Clock::system()).await;
    holds(&stub, 3).await;
    assert!(county.store().failure_counts().await.unwrap().is_empty(), "nothing has failed");
    county.stop().await;
}
