//! A million unsettled batches: what is due is found by its index, some hundred at a time, ever less often.

use crate::harness::database;
use sesame::standard::moment::Moment;
use sesame::store::{Due, Purpose, Store};
use std::collections::HashSet;

#[tokio::test(flavor = "multi_thread")]
async fn invariant_8_many_unsettled_batches_are_asked_for_in_bounded_steps_with_growing_pauses() {
    let uri = database().await;
    let store = Store::new(&uri, 2, Purpose::Serve).unwrap();
    store.migrate().await.unwrap();
    let (client, connection) = tokio_postgres::connect(&uri, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
        .batch_execute("INSERT INTO unsettled (batch, next_at) SELECT gen_random_uuid(), now() + n * INTERVAL '1 ms' FROM generate_series(1, 100000) n; ANALYZE unsettled")
        .await
        .unwrap();
    let now: Moment = time::OffsetDateTime::now_utc().into();
    let minutes = |minutes: i64| now.plus_micros(minutes * 60_000_000);
    assert!(!store.is_any_due(Due::Again, minutes(60)).await.unwrap());
    let mut taken = HashSet::new();
    for _ in 0..3 {
        let batches = store.take_unsettled(Due::Ask, minutes(5), 500).await.unwrap();
        assert_eq!(batches.len(), 500);
        taken.extend(batches);
    }
    assert_eq!(taken.len(), 1_500, "none twice");
    let plan: Vec<String> = client
        .query("EXPLAIN SELECT batch FROM unsettled WHERE again = false AND next_at <= now() + INTERVAL '1 hour' ORDER BY next_at LIMIT 500", &[])
        .await
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    assert!(plan.iter().any(|line| line.contains("unsettled_due")), "{plan:?}");

    // One alone: its pauses double, up to a day.
    client
        .batch_execute("DELETE FROM unsettled WHERE batch NOT IN (SELECT batch FROM unsettled WHERE asked = 0 LIMIT 1)")
        .await
        .unwrap();
    let (mut at, mut pauses) = (minutes(60), Vec::new());
    for _ in 0..10 {
        assert_eq!(store.take_unsettled(Due::Ask, at, 500).await.unwrap().len(), 1);
        let next: time::OffsetDateTime = client.query_one("SELECT next_at FROM unsettled", &[]).await.unwrap().get(0);
        let next = Moment::from(next);
        pauses.push((next.micros() - at.micros()) / 60_000_000);
        assert!(store.take_unsettled(Due::Ask, next.plus_micros(-1), 500).await.unwrap().is_empty());
        at = next;
    }
    assert_eq!(pauses, [20, 40, 80, 160, 320, 640, 1280, 1440, 1440, 1440]);
}
