//! An outage is not a failure: whatever an endpoint does that is no verdict on the batch, the link pauses, health says why, and the
//! batch arrives once it is over.

use super::foreign::holds;
use super::stub::{Manner, PLAIN, Stub};
use crate::contract::ask::App;
use crate::harness::{Ahead, Proxy, Spec, TestNode, Weather, eventually, records};
use crate::receipts::fixture::Hand;
use sesame::standard::refusal::RefusalCode;
use std::time::Duration;

/// Waits until health says so of the link.
async fn link_says(county: &TestNode, words: &str) {
    eventually(&format!("health says {words:?} of the link"), || async {
        let link = county.health().checks().link;
        (!link.ok && link.detail.contains(words)).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_of_whatever_kind_is_no_failure_and_is_explained() {
    let stub = Stub::start(PLAIN).await;
    let mut county = stub.county().await;
    let app = App::of(&county);
    let kinds = [
        (Manner::Hang, "no answer within"),
        (Manner::Trickle, "no whole answer within"),
        (Manner::Endless, "more than 1048576 bytes"),
        (Manner::Reset, "the parent: "),
        (Manner::Page(502), "HTTP status 502"),
        (Manner::Page(200), "something else than the parent's interface"),
        (Manner::Page(404), "check [parent.https] url"),
        (Manner::Page(302), "HTTP status 302"),
        (Manner::OtherRandom, "another request"),
        (Manner::Refuse(RefusalCode::RateLimited, 429), "RATE_LIMITED"),
        (Manner::Refuse(RefusalCode::Unavailable, 200), "UNAVAILABLE"),
        (Manner::Refuse(RefusalCode::InvalidRecords, 500), "answered 500"),
    ];
    for (at, (manner, words)) in kinds.into_iter().enumerate() {
        stub.does(manner);
        let name = format!("O{at}");
        app.ask("007", "01", records::checks(&name, "370203", "2025-06-01 08:00:00", 1)).accepted().await;
        link_says(&county, words).await;
        assert!(county.health().checks().ready(), "batches are accepted, and wait");
        stub.does(Manner::Take);
        holds(&stub, at + 1).await;
    }
    assert!(county.store().failure_counts().await.unwrap().is_empty(), "nothing counts");
    eventually("the link works", || async { county.health().checks().link.ok.then_some(()) }).await;
    county.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_link_is_shown_before_anything_is_to_be_sent() {
    let stub = Stub::start(PLAIN).await;
    let proxy = Proxy::before(stub.port).await;
    proxy.turn(Weather::Cut);
    let settings = stub.settings(PLAIN, "").replace(&stub.port.to_string(), &proxy.port.to_string());
    let mut county = Spec::new("370203").parent_over_https("370200", &settings).start(&[]).await;
    eventually("health says so", || async { (!county.health().checks().link.ok).then_some(()) }).await;
    proxy.turn(Weather::Fair);
    eventually("and that it works", || async { (county.health().checks().link.detail == "works").then_some(()) }).await;
    assert!(stub.seen().is_empty());
    county.stop().await;
}

/// Invariant 6: persist and the door do not feel the endpoint.
#[tokio::test(flavor = "multi_thread")]
async fn invariant_6_an_endpoint_that_hangs_slows_nobody_else() {
    let stub = Stub::start(PLAIN).await;
    stub.does(Manner::Hang);
    let mut county = stub.county().await;
    let app = App::of(&county);
    for batch in 0..30 {
        app.ask("007", "01", records::checks(&format!("B{batch}"), "370203", "2025-06-01 08:00:00", 1))
            .accepted()
            .await;
    }
    let (store, region) = (county.store(), county.config.node.region);
    eventually("all are committed here", || async {
        let tally = store.tally(region).await.ok()?;
        (tally.first()?.records == 30).then_some(())
    })
    .await;
    stub.does(Manner::Take);
    holds(&stub, 30).await;
    county.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_6_failures_that_are_due_while_the_endpoint_is_away_do_not_pile_up_in_its_queue() {
    let stub = Stub::start(PLAIN).await;
    stub.does(Manner::Refuse(RefusalCode::InvalidRecords, 400));
    let parked_at_once = "[failures]\nretry_secs = [0, 0]\n";
    let county = Spec::new("370203").parent_over_https("370200", &stub.settings(PLAIN, "")).extra(parked_at_once);
    let ahead = Ahead::default();
    let mut county = county.prepare(&[]).await;
    county.run(ahead.clock()).await;
    let app = App::of(&county);
    for batch in 0..150 {
        app.ask("007", "01", records::checks(&format!("D{batch}"), "370203", "2025-06-01 08:00:00", 1))
            .accepted()
            .await;
    }
    eventually("all are parked", || async {
        let counts = county.store().failure_counts().await.ok()?;
        counts.iter().any(|(.., state, count)| state == "parked" && *count == 150).then_some(())
    })
    .await;

    drop(stub);
    let hand = Hand::of(&county).await;
    // Their tokens come back by RabbitMQ's clock, so by this one they are overdue, again and again.
    ahead.forward(24 * 3600 + 610);
    hand.holds("county.uplink", 100).await;
    for _ in 0..5 {
        ahead.forward(610);
        // Two looks of the sweeper.
        tokio::time::sleep(Duration::from_millis(2_500)).await;
    }
    let waiting = hand.depth("county.uplink").await;
    assert!(waiting <= 200, "{waiting} messages wait for 150 failures");
    county.stop().await;
}
