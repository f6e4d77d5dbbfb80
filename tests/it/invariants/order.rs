//! Invariant 3: the same set of changes gives the same records whatever the order, repetition and grouping.

use crate::harness::{self, database};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use sesame::record::{Change, Effect, Fields, RecordId, State, Version};
use sesame::standard::code::{Action, BusinessCode};
use sesame::standard::moment::Moment;
use sesame::standard::region::Region;
use sesame::store::{NewBatch, Purpose, RecordFilter, Store, StoreError, Upward, Verdict};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_secs(60);
const KEYS: [&str; 4] = ["a", "b", "c", "d"];

/// A change without its batch: which key, at which source time, and what it does.
type Draft = (usize, i64, Effect);

fn effect() -> impl Strategy<Value = Effect> {
    let name = || prop_oneof![Just("X"), Just("Y"), Just("Z")];
    let value = || prop_oneof![Just("1"), Just("2"), Just("")];
    prop_oneof![
        // Most often, since batches of adds alone take a way of their own.
        3 => proptest::collection::btree_map(name(), value(), 0..3).prop_map(|m| Effect::Add(Fields::from_members(m))),
        1 => proptest::collection::btree_map(name(), proptest::option::of(value()), 1..3)
            .prop_map(|m| Effect::Modify(m.into_iter().map(|(n, v)| (n.into(), v.map(Into::into))).collect())),
        1 => Just(Effect::Delete),
    ]
}

fn batches() -> impl Strategy<Value = Vec<Vec<Draft>>> {
    // Few keys and few source times, so that changes meet and tie.
    let change = (0..KEYS.len(), 0_i64..4, effect());
    proptest::collection::vec(proptest::collection::vec(change, 1..5), 1..7)
}

fn batch(region: Region, number: u128, drafts: &[Draft]) -> NewBatch {
    let busicode = BusinessCode::parse("007").unwrap();
    let id = Uuid::from_u128((u128::from(region.number()) << 64) | number);
    let accepted = Moment::from_micros(1_700_000_000_000_000 + number as i64);
    let mut latest = [0_i64; KEYS.len()];
    let changes = drafts.iter().enumerate().map(|(ordinal, (key, source, effect))| {
        // As `read_changes` does: a later change of the same record in a batch is never the older.
        latest[*key] = latest[*key].max(*source);
        Change {
            id: RecordId { busicode, region, key: KEYS[*key].into() },
            version: Version {
                source: Moment::from_micros(latest[*key]),
                accepted,
                batch: id,
                ordinal: ordinal as u32,
            },
            effect: effect.clone(),
        }
    });
    NewBatch { digest: [number as u8; 32], ..harness::batch(id, region, accepted, changes.collect()) }
}

fn expected(batches: &[NewBatch]) -> BTreeMap<String, State> {
    let mut states = BTreeMap::new();
    for change in batches.iter().flat_map(|batch| &batch.changes) {
        states.entry(change.id.key.to_string()).or_insert_with(State::default).merge(change.version, &change.effect);
    }
    states.retain(|_, state| state.is_complete());
    states
}

/// Commits groups, running them again when they meet another transaction, as persist does.
async fn commit(store: &Store, groups: &[Vec<NewBatch>]) {
    for group in groups {
        loop {
            match store.persist(group, Upward::Not, PATIENCE).await {
                Ok(_) => break,
                Err(StoreError::Conflict(_)) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }
}

async fn stored(store: &Store, region: Region) -> Vec<(bool, String)> {
    let filter = RecordFilter {
        busicode: BusinessCode::parse("007").unwrap(),
        key: vec![None],
        region,
        granted: vec![Region::NATION],
        since: None,
        until: None,
        deleted: true,
        size: 100,
        after: None,
    };
    let mut rows: Vec<_> =
        store.query_records(&filter).await.unwrap().rows.into_iter().map(|row| (row.is_deleted, row.fields)).collect();
    rows.sort();
    rows
}

/// Every change in the history of a region's batches, with the number of its rows.
async fn history(client: &tokio_postgres::Client, batches: &[NewBatch]) -> Vec<(Uuid, i32, i64)> {
    let ids: Vec<Uuid> = batches.iter().map(|batch| batch.id).collect();
    let counted = "SELECT batch, ordinal, count(*) FROM history WHERE batch = ANY($1) GROUP BY batch, ordinal";
    let mut rows: Vec<_> =
        client.query(counted, &[&ids]).await.unwrap().iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect();
    rows.sort_unstable();
    rows
}

#[test]
fn invariants_2_3_any_order_repetition_and_grouping_ends_in_the_same_records() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let uri = runtime.block_on(database());
    let (one, two) = (Store::new(&uri, 2, Purpose::Persist).unwrap(), Store::new(&uri, 2, Purpose::Persist).unwrap());
    runtime.block_on(one.migrate()).unwrap();
    let (client, connection) = runtime.block_on(tokio_postgres::connect(&uri, tokio_postgres::NoTls)).unwrap();
    runtime.spawn(async move { drop(connection.await) });
    let cases_run = AtomicU32::new(0);
    let cases = batches().prop_flat_map(|batches| {
        // Every batch once, some twice, in any order, cut into groups, dealt to two consumers.
        let deliveries: Vec<usize> = (0..batches.len()).chain(0..batches.len() / 2).collect();
        (Just(batches), Just(deliveries).prop_shuffle(), 1_usize..4)
    });
    let mut runner = TestRunner::new(Config { cases: 48, failure_persistence: None, ..Config::default() });
    runner
        .run(&cases, |(drafts, deliveries, group)| {
            let case = cases_run.fetch_add(1, Ordering::Relaxed);
            // A region of its own makes each case's records its own.
            let region = Region::from_number(370_000 + (case / 90 + 1) * 100 + case % 90 + 1).unwrap();
            let batches: Vec<NewBatch> =
                drafts.iter().enumerate().map(|(n, drafts)| batch(region, n as u128 + 1, drafts)).collect();
            let dealt: Vec<NewBatch> = deliveries.iter().map(|at| batches[*at].clone()).collect();
            let groups: Vec<Vec<NewBatch>> = dealt.chunks(group).map(<[_]>::to_vec).collect();
            let (left, right): (Vec<_>, Vec<_>) = groups.into_iter().enumerate().partition(|(at, _)| at % 2 == 0);
            let groups = |half: Vec<(usize, Vec<NewBatch>)>| half.into_iter().map(|(_, g)| g).collect::<Vec<_>>();
            let (left, right) = (groups(left), groups(right));
            runtime.block_on(async { tokio::join!(commit(&one, &left), commit(&two, &right)) });
            let mut wanted: Vec<(bool, String)> = expected(&batches)
                .values()
                .map(|state| (state.is_deleted(), state.fields.as_json().to_owned()))
                .collect();
            wanted.sort();
            prop_assert_eq!(runtime.block_on(stored(&one, region)), wanted);
            let mut once: Vec<(Uuid, i32, i64)> = batches
                .iter()
                .flat_map(|batch| (0..batch.changes.len() as i32).map(|ordinal| (batch.id, ordinal, 1)))
                .collect();
            once.sort_unstable();
            prop_assert_eq!(runtime.block_on(history(&client, &batches)), once, "every change once in the history");
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
}

/// Found by `make chaos`: the failure of a batch whose message came twice in one group was marked as resolved, by the copy.
#[tokio::test(flavor = "multi_thread")]
async fn invariant_1_a_copy_of_a_batch_that_fails_is_no_repetition_of_it() {
    let store = Store::new(&database().await, 2, Purpose::Persist).unwrap();
    store.migrate().await.unwrap();
    let region = Region::parse("370203").unwrap();
    let modify = Effect::Modify(vec![("X".into(), Some("1".into()))]);
    let orphan = NewBatch { must_exist: true, action: Action::Modify, ..batch(region, 1, &[(0, 1, modify)]) };
    let other = NewBatch { digest: [9; 32], ..orphan.clone() };
    let missing = Verdict::MissingKeys(vec![0]);
    let verdicts = store.persist(&[orphan.clone(), orphan.clone(), other], Upward::Not, PATIENCE).await.unwrap();
    assert_eq!(verdicts, [missing.clone(), missing.clone(), Verdict::RandomReused]);
    assert_eq!(store.persist(std::slice::from_ref(&orphan), Upward::Not, PATIENCE).await.unwrap(), [missing]);
    // Once the record is there, the first commits and the copy is a repetition.
    let add = batch(region, 2, &[(0, 0, Effect::Add(Fields::from_members([("X", "0")])))]);
    let verdicts = store.persist(&[add, orphan.clone(), orphan], Upward::Not, PATIENCE).await.unwrap();
    let committed = Verdict::Committed { stale: 0 };
    assert_eq!(verdicts, [committed.clone(), committed, Verdict::Repeated]);
}
