//! Neighbours of before receipts, and nodes without neighbours.

use super::fixture::{Hand, Pair, TEN_MINUTES, header, send, shows};
use crate::contract::ask::App;
use crate::harness::Spec;

/// A parent that never sends a receipt may take a question for a batch that nobody has signed: it is sent a batch again now and
/// then, which it knows, and asked nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_parent_of_before_receipts_is_asked_nothing() {
    let mut pair = Pair::prepared("").await;
    pair.county.run(pair.ahead.clock()).await;
    let (app, hand) = (App::of(&pair.county), Hand::of(&pair.city).await);
    for name in ["one", "two", "three"] {
        let batch = send(&app, name, 1).await;
        shows(&app, &batch, &[("STATE", "persisted")]).await;
    }
    hand.holds("city.persist", 3).await;
    hand.take_all("city.persist").await;
    for round in 0..2 {
        pair.ahead.forward(TEN_MINUTES);
        hand.holds("city.persist", 1).await;
        // Several looks pass, and there is time for more.
        tokio::time::sleep(std::time::Duration::from_secs(3)).await;
        let taken = hand.take_all("city.persist").await;
        assert_eq!(taken.len(), 1, "round {round}");
        assert_eq!(header(&taken[0].0, "sesame-again").as_deref(), Some("1"));
        assert_eq!(header(&taken[0].0, "sesame-kind"), None);
        assert!(header(&taken[0].0, "sesame-batch").is_some());
    }
    assert!(pair.county.store().failure_counts().await.unwrap().is_empty());
    pair.county.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_without_parent_and_children_has_nothing_to_tell_or_to_ask() {
    let mut node = Spec::new("370203").start(&[]).await;
    let app = App::of(&node);
    let batch = send(&app, "A", 1).await;
    let row = shows(&app, &batch, &[("STATE", "persisted"), ("COUNTY_STATE", "persisted")]).await;
    assert!(row.as_object().unwrap().keys().all(|name| !name.starts_with("CITY")), "{row}");
    assert_eq!(node.store().unsettled(10).await.unwrap(), 0);
    node.stop().await;
}
