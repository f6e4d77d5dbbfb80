//! A batch that was committed without some of its records: what it lacks is merged once, by whichever copy brings it first.

use crate::harness::{self, database};
use sesame::record::{Change, Effect, Fields, RecordId, Version};
use sesame::standard::code::BusinessCode;
use sesame::standard::moment::Moment;
use sesame::standard::region::Region;
use sesame::store::{NewBatch, Purpose, Store, StoreError, Upward, Verdict};
use std::time::Duration;
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_secs(60);
const RECORDS: u32 = 4;

/// A batch of four adds, of which some are refused at the door and some by this tier's rules.
fn batch(unapplied: &[u32], refused: &[u32]) -> NewBatch {
    let (home, busicode) = (Region::parse("370203").unwrap(), BusinessCode::parse("007").unwrap());
    let (id, accepted) = (Uuid::from_u128(7), Moment::from_micros(1_700_000_000_000_000));
    let good = (0..RECORDS).filter(|place| !unapplied.contains(place) && !refused.contains(place));
    let changes = good.map(|place| Change {
        id: RecordId { busicode, region: home, key: format!("R-{place}").into() },
        version: Version { source: accepted, accepted, batch: id, ordinal: place },
        effect: Effect::Add(Fields::from_members([("A", "1")])),
    });
    NewBatch {
        dataset_version: if unapplied.is_empty() { "2" } else { "1" }.to_owned(),
        records: RECORDS - refused.len() as u32,
        unapplied: unapplied.to_vec(),
        refused: refused.to_vec(),
        ..harness::batch(id, home, accepted, changes.collect())
    }
}

async fn fresh() -> (Store, String) {
    let uri = database().await;
    let store = Store::new(&uri, 8, Purpose::Persist).unwrap();
    store.migrate().await.unwrap();
    (store, uri)
}

async fn persist(store: &Store, group: &[NewBatch]) -> Vec<Verdict> {
    loop {
        match store.persist(group, Upward::Shared, PATIENCE).await {
            Err(StoreError::Conflict(_)) => {}
            result => return result.unwrap(),
        }
    }
}

/// How many records there are, and how many rows of history.
async fn counts(uri: &str) -> (i64, i64) {
    let (client, connection) = tokio_postgres::connect(uri, tokio_postgres::NoTls).await.unwrap();
    let driver = tokio::spawn(connection);
    let row = client.query_one("SELECT (SELECT count(*) FROM records), (SELECT count(*) FROM history)", &[]).await;
    driver.abort();
    let row = row.unwrap();
    (row.get(0), row.get(1))
}

#[tokio::test(flavor = "multi_thread")]
async fn invariants_1_2_what_was_left_out_is_merged_once_and_stays() {
    let (store, uri) = fresh().await;
    assert_eq!(persist(&store, &[batch(&[1, 3], &[])]).await, [Verdict::Committed { stale: 0 }]);
    assert_eq!(counts(&uri).await, (2, 2));
    // The same rules: nothing to do, and nothing to be resolved.
    assert_eq!(persist(&store, &[batch(&[1, 3], &[])]).await, [Verdict::Resumed { left: 2 }]);
    // Rules that let one through, and refuse one that has been applied: that stays.
    assert_eq!(persist(&store, &[batch(&[0, 3], &[])]).await, [Verdict::Resumed { left: 1 }]);
    assert_eq!(counts(&uri).await, (3, 3));
    let copies = [batch(&[], &[]), batch(&[], &[]), batch(&[0], &[])];
    assert_eq!(persist(&store, &copies).await[0], Verdict::Resumed { left: 0 });
    assert_eq!(counts(&uri).await, (4, 4));
    // Whole is whole, whatever a later dictionary says.
    assert_eq!(persist(&store, &[batch(&[2], &[])]).await, [Verdict::Repeated]);
    assert_eq!(counts(&uri).await, (4, 4));
    let stored = store.batches(&[Uuid::from_u128(7)]).await.unwrap().remove(0);
    let late: Vec<_> = stored.late.iter().map(|late| (late.place, late.dataset_version.as_str())).collect();
    assert_eq!(late, [(1, "1"), (3, "2")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_1_records_that_the_door_took_the_second_time_are_merged_and_sent_on() {
    let (store, uri) = fresh().await;
    // Both copies in one group: what the second has more comes after the first.
    let verdicts = persist(&store, &[batch(&[], &[1, 2]), batch(&[], &[2])]).await;
    assert_eq!(verdicts, [Verdict::Committed { stale: 0 }, Verdict::Resumed { left: 0 }]);
    assert_eq!(counts(&uri).await, (3, 3));
    let id = Uuid::from_u128(7);
    assert_eq!(store.batches(&[id]).await.unwrap()[0].refused, [2]);
    store.published(&[id]).await.unwrap();
    // An older copy takes nothing back; a newer one goes up again.
    assert_eq!(persist(&store, &[batch(&[], &[1, 2])]).await, [Verdict::Repeated]);
    assert_eq!(store.outbox_depth().await.unwrap(), 0);
    assert_eq!(persist(&store, &[batch(&[], &[])]).await, [Verdict::Resumed { left: 0 }]);
    assert_eq!((counts(&uri).await, store.outbox_depth().await.unwrap()), ((4, 4), 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_2_copies_that_come_at_once_resume_a_batch_once() {
    for _ in 0..5 {
        let (store, uri) = fresh().await;
        persist(&store, &[batch(&[0, 1, 2], &[])]).await;
        let copies = (0..6).map(|n| {
            let store = store.clone();
            let unapplied: &[u32] = if n % 2 == 0 { &[] } else { &[2] };
            async move { persist(&store, &[batch(unapplied, &[])]).await }
        });
        futures_util::future::join_all(copies).await;
        assert_eq!(counts(&uri).await, (4, 4));
    }
}
