//! A cursor skips and doubles no record while data is being written (contract 6.1).

use crate::harness::{self, database};
use sesame::record::{Change, Effect, Fields, RecordId, Version};
use sesame::standard::code::BusinessCode;
use sesame::standard::moment::Moment;
use sesame::standard::region::Region;
use sesame::store::{NewBatch, Purpose, RecordFilter, Store, StoreError, Upward};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio_postgres::NoTls;
use uuid::Uuid;

/// Commits take from nothing to a fifth of a second between the first row and the end, so that they overtake each other.
const SLOW: &str = "
    CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN PERFORM pg_sleep(random() * random() * 0.2); RETURN NULL; END $$;
    CREATE TRIGGER dawdle AFTER INSERT ON records FOR EACH STATEMENT EXECUTE FUNCTION dawdle()";

const PATIENCE: Duration = Duration::from_secs(60);
const REGIONS: [&str; 3] = ["370202", "370203", "370211"];
const WRITERS: usize = 4;
const BATCHES: usize = 40;
const RECORDS: usize = 7;

fn seven() -> BusinessCode {
    BusinessCode::parse("007").unwrap()
}

fn region(code: &str) -> Region {
    Region::parse(code).unwrap()
}

/// A batch of new records, or one that changes the records of an earlier one.
fn batch(writer: usize, number: usize, of: usize) -> NewBatch {
    let id = Uuid::new_v4();
    let home = region(REGIONS[(writer + of) % REGIONS.len()]);
    let accepted = Moment::from_micros(1_700_000_000_000_000 + (number * WRITERS + writer) as i64);
    let changes = (0..RECORDS).map(|at| Change {
        id: RecordId { busicode: seven(), region: home, key: format!("w{writer}-{of}-{at}").into() },
        version: Version { source: accepted, accepted, batch: id, ordinal: at as u32 },
        effect: Effect::Add(Fields::from_members(BTreeMap::from([(
            "JCJLBH",
            format!("w{writer}-{of}-{at}").as_str(),
        )]))),
    });
    NewBatch { appid: format!("app-{writer}"), ..harness::batch(id, home, accepted, changes.collect()) }
}

async fn commit(store: &Store, batch: NewBatch) {
    let group = [batch];
    while let Err(error) = store.persist(&group, Upward::Not, PATIENCE).await {
        assert!(matches!(error, StoreError::Conflict(_)), "{error}");
    }
}

/// A row as a walk met it: the record, and the place it had.
type Met = (String, (Moment, i64));

/// Walks through all pages; gives the rows, and the last place a page was continued from.
async fn walk(store: &Store, filter: &RecordFilter) -> (Vec<Met>, Option<(Moment, i64)>) {
    let (mut filter, mut met) = (filter.clone(), Vec::new());
    loop {
        // A page that finds nothing older than a running transaction for two seconds says that it is busy.
        let page = loop {
            match store.query_records(&filter).await {
                Ok(page) => break page,
                Err(error) => assert!(error.is_outage(), "{error}"),
            }
        };
        met.extend(page.rows.into_iter().map(|row| (row.fields, (row.applied, row.id))));
        match page.after {
            Some(after) => filter.after = Some(after),
            None => return (met, filter.after),
        }
    }
}

fn everything(region: Region, size: u32) -> RecordFilter {
    let granted = vec![Region::NATION];
    let (key, since, until, after) = (vec![None], None, None, None);
    RecordFilter { busicode: seven(), key, region, granted, since, until, deleted: true, size, after }
}

/// No place met twice, places in their order; and of the records that lie now before where the walk was last continued, none was
/// missed. What lies there now has lain there during the walk: a record that changes moves to the end.
fn assert_whole(met: &[Met], continued: Option<(Moment, i64)>, now: &[Met], what: &str) {
    assert!(met.windows(2).all(|pair| pair[0].1 < pair[1].1), "{what}: places out of order, or met twice");
    let seen: BTreeSet<&Met> = met.iter().collect();
    let skipped: Vec<&Met> = now.iter().filter(|row| Some(row.1) <= continued && !seen.contains(row)).collect();
    assert!(skipped.is_empty(), "{what}: {} records skipped, first {:?}", skipped.len(), skipped[0]);
}

async fn race(changes: bool) {
    let uri = database().await;
    let (writing, reading) =
        (Store::new(&uri, WRITERS, Purpose::Persist).unwrap(), Store::new(&uri, 4, Purpose::Serve).unwrap());
    writing.migrate().await.unwrap();
    let (client, connection) = tokio_postgres::connect(&uri, NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(SLOW).await.unwrap();

    let done = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let store = writing.clone();
            tokio::spawn(async move {
                for number in 0..BATCHES {
                    let of = if changes && number % 2 == 1 { number / 2 } else { number };
                    commit(&store, batch(writer, number, of)).await;
                }
            })
        })
        .collect();
    // The nation is read in one stream, the city region by region, the county by its own index; of a page of 450 the end is found
    // first.
    let walkers: Vec<_> = [("000000", 3), ("370200", 5), ("370203", 2), ("370200", 50), ("370200", 450)]
        .into_iter()
        .map(|(code, size)| {
            let (store, done, filter) = (reading.clone(), done.clone(), everything(region(code), size));
            tokio::spawn(async move {
                let mut walks = Vec::new();
                while !done.load(Ordering::Relaxed) {
                    walks.push(walk(&store, &filter).await);
                }
                (code, size, walks)
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    done.store(true, Ordering::Relaxed);
    let mut continued_pages = 0;
    for walker in walkers {
        let (code, size, walks) = walker.await.unwrap();
        let (now, _) = walk(&reading, &everything(region(code), 2_000)).await;
        for (at, (met, continued)) in walks.iter().enumerate() {
            continued_pages += met.len() / size as usize;
            assert_whole(met, *continued, &now, &format!("walk {at} of {code} by {size}"));
        }
    }
    assert!(continued_pages > 100, "hardly anything was read while data was written: {continued_pages} pages");
    let (all, _) = walk(&reading, &everything(Region::NATION, 100)).await;
    // Merged from the regions, on pages whose end is found first, they are the same.
    let (merged, _) = walk(&reading, &everything(region("370200"), 450)).await;
    assert!(merged == all, "{} records of the city, {} of the nation", merged.len(), all.len());
    let keys: BTreeSet<&String> = all.iter().map(|(fields, _)| fields).collect();
    let batches = if changes { BATCHES / 2 + BATCHES / 4 } else { BATCHES };
    assert!(all.len() == keys.len() && keys.len() >= WRITERS * RECORDS * batches.min(BATCHES / 2), "{}", keys.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn contract_6_1_a_cursor_skips_and_doubles_no_record_while_records_are_added() {
    race(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn contract_6_1_a_cursor_skips_and_doubles_no_record_while_records_change_their_place() {
    race(true).await;
}
