//! The pace of a link (§7.3): batches wait, none is refused, and the average is kept.

use crate::contract::ask::App;
use crate::harness::{Spec, eventually, records};
use sesame::clock::Clock;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_3_a_limited_link_makes_batches_wait_and_loses_none() {
    let city = Spec::new("370200");
    let county = Spec::new("370203").parent(&city);
    let city = city.start(&[&county]).await;
    let mut county = county.prepare(&[]).await;
    county.config.parent.as_mut().unwrap().messages_per_second = NonZeroU32::new(2);
    county.run(Clock::system()).await;

    let (app, started) = (App::of(&county), Instant::now());
    for batch in 0..8 {
        let list = records::checks(&format!("P{batch}"), "370203", "2025-06-01 08:00:00", 1);
        app.ask("007", "01", list).accepted().await;
    }
    let (store, region) = (city.store(), county.config.node.region);
    eventually("all eight batches are at the parent", || async {
        let tally = store.tally(region).await.unwrap();
        tally.first().is_some_and(|row| row.records == 8).then_some(())
    })
    .await;
    // Two at once, the other six at two a second.
    assert!(started.elapsed() >= Duration::from_millis(2_900), "faster than agreed: {:?}", started.elapsed());
    assert!(county.store().failure_counts().await.unwrap().is_empty(), "to wait is no failure");
}
