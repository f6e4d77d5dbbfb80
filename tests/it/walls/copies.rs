//! CC and BCC pass RabbitMQ's topic permissions (a key in them is not checked); what comes of that ends at persist.

use super::Walls;
use crate::harness::{honest, publish, region};
use sesame::clock::Clock;

use crate::harness::eventually;

#[tokio::test(flavor = "multi_thread")]
async fn invariant_5_copies_to_another_regions_key_are_refused_and_listed_or_have_no_effect() {
    let mut walls = Walls::standing().await;
    walls.city.run(Clock::system()).await;
    let (key, copied) = honest().sealed(&walls.user, "copied");
    publish(&walls.uri, &key, &copied, Some(&walls.user), Some("CC")).await.expect("RabbitMQ lets CC through");
    let store = walls.city.store();
    let failures = eventually("CC is listed", || async {
        let counts = store.failure_counts().await.ok()?;
        (!counts.is_empty()).then_some(counts)
    })
    .await;
    assert!(failures.iter().all(|(_, reason, _, count)| reason == "COPIED" && *count == 1), "{failures:?}");

    // RabbitMQ takes BCC off before it delivers. The batch arrives once, under the sender's own key, and says what its signed
    // body says: nothing of the other region.
    let (key, blind) = honest().sealed(&walls.user, "blind");
    publish(&walls.uri, &key, &blind, Some(&walls.user), Some("BCC")).await.expect("RabbitMQ lets BCC through");
    let tally = eventually("the blind copy is committed once", || async {
        let tally = store.tally(region("370200")).await.ok()?;
        (!tally.is_empty()).then_some(tally)
    })
    .await;
    assert_eq!((tally.len(), tally[0].records), (1, 1));
    assert!(store.tally(region("370299")).await.unwrap().is_empty());
    walls.city.stop().await;
}
