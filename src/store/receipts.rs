//! What the tiers above say of batches, merged by [`Verdict::order`], and what this node itself can say of one.

use super::batches::{Late, corrupt, region};
use super::{Store, StoreError};
use crate::failure;
use crate::receipt::{BadRecord, State, Step, Verdict, is_settled, merge};
use crate::standard::moment::Moment;
use crate::standard::region::Region;
use deadpool_postgres::Transaction;
use std::collections::{BTreeMap, HashMap, HashSet};
use time::OffsetDateTime;
use tokio_postgres::Row;
use tokio_postgres::types::Json;
use uuid::Uuid;

/// The way a batch came to this node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Way {
    /// The entering node.
    pub origin: Region,
    /// The last node it passed before this one, as its trace tells.
    pub last: Option<Region>,
}

/// What became of verdicts that were told.
#[derive(Debug, Default)]
pub struct Merged {
    /// Those that say something new, each with the way of its batch.
    pub news: Vec<(Verdict, Way)>,
    /// Batches that were never committed here, or have been let go: nobody above can have them from this node.
    pub unknown: Vec<Uuid>,
}

/// What this node knows of a batch, to answer for it.
#[derive(Debug, Clone)]
pub struct Standing {
    /// The batch.
    pub batch: Uuid,
    /// What was committed of it, and the way it came.
    pub committed: Option<(Committed, Way)>,
    /// Its newest open failure at persist, if the child asked for sent the message that failed.
    pub failure: Option<OpenFailure>,
    /// Its failure on the way up, also one that is resolved.
    pub onward: Option<OpenFailure>,
    /// What the nodes above have said of it, and this one of its bad records.
    pub told: Vec<Verdict>,
}

/// A committed batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Committed {
    /// When, or when the last record was applied that was not at first.
    pub at: Moment,
    /// Its records, but for those refused at its door.
    pub records: u32,
    /// Those of them not applied.
    pub unapplied: u32,
    /// Whether it had failed before.
    pub resolved: bool,
}

/// A failure, as those below are told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenFailure {
    /// Where it stands.
    pub state: failure::State,
    /// A stable code.
    pub reason: String,
    /// For people.
    pub detail: String,
    /// When it failed last.
    pub at: Moment,
}

/// Each batch by the month that `once` knows: joined, PostgreSQL would look for it in all months.
const WAYS: &str = "SELECT o.id, o.at, b.origin, b.trace->-1->>'region' FROM once o CROSS JOIN LATERAL \
    (SELECT origin, trace FROM batches WHERE persisted_at = o.at AND batches.id = o.id OFFSET 0) b WHERE o.id = ANY($1)";

const UPSERT: &str = "INSERT INTO receipts AS r (at, batch, node, above, state, told_at, records, unapplied, code, message, bad, \
    version) SELECT * FROM unnest($1::timestamptz[], $2::uuid[], $3::int[], $4::int[], $5::text[], $6::timestamptz[], \
    $7::int[], $8::int[], $9::text[], $10::text[], $11::json[], $12::bytea[]) \
    ON CONFLICT (at, batch, node) DO UPDATE SET above = excluded.above, state = excluded.state, told_at = excluded.told_at, \
    records = excluded.records, unapplied = excluded.unapplied, code = excluded.code, message = excluded.message, \
    bad = excluded.bad, version = excluded.version WHERE r.version < excluded.version RETURNING r.batch, r.node";

const COLUMNS: &str = "r.batch, r.node, r.above, r.state, r.told_at, r.records, r.unapplied, r.code, r.message, r.bad";

const STANDINGS: &str = "SELECT o.id, o.at, b.origin, b.trace->-1->>'region', b.records, b.unapplied, b.resolved, b.late \
    FROM once o CROSS JOIN LATERAL (SELECT origin, trace, records, unapplied, resolved, late FROM batches \
    WHERE persisted_at = o.at AND batches.id = o.id OFFSET 0) b WHERE o.id = ANY($1)";

const FAILURES: &str = "SELECT DISTINCT ON (batch) batch, state, reason, detail, last_at FROM failures \
    WHERE batch = ANY($1) AND step = 'persist' AND state <> 'resolved' AND headers->>'sesame-child' = $2 \
    ORDER BY batch, last_at DESC";

const ONWARD: &str = "SELECT DISTINCT ON (batch) batch, state, reason, detail, last_at FROM failures \
    WHERE batch = ANY($1) AND step = 'uplink' ORDER BY batch, last_at DESC";

impl Store {
    /// Merges verdicts into what is known of batches committed here, and takes those off the unsettled that every node from
    /// `parent` to the top now has whole.
    pub async fn merge_receipts(&self, told: Vec<Verdict>, parent: Option<Region>) -> Result<Merged, StoreError> {
        let mut client = self.client().await?;
        let tx = client.transaction().await?;
        let merged = merge_in(&tx, told, parent).await?;
        tx.commit().await?;
        Ok(merged)
    }

    /// What the nodes above say of these batches.
    pub async fn receipts(&self, batches: &[Uuid]) -> Result<HashMap<Uuid, Vec<Verdict>>, StoreError> {
        if batches.is_empty() {
            return Ok(HashMap::new());
        }
        let select = format!(
            "SELECT {COLUMNS} FROM once o CROSS JOIN LATERAL \
             (SELECT * FROM receipts WHERE receipts.at = o.at AND receipts.batch = o.id OFFSET 0) r WHERE o.id = ANY($1)"
        );
        let client = self.client().await?;
        let statement = client.prepare_cached(&select).await?;
        let mut receipts: HashMap<Uuid, Vec<Verdict>> = HashMap::new();
        for row in client.query(&statement, &[&batches]).await? {
            let verdict = verdict(&row)?;
            receipts.entry(verdict.batch).or_default().push(verdict);
        }
        Ok(receipts)
    }

    /// What this node can say of batches to the child whose broker user is `user`.
    pub async fn standings(&self, batches: &[Uuid], user: &str) -> Result<Vec<Standing>, StoreError> {
        let mut told = self.receipts(batches).await?;
        let client = self.client().await?;
        let statement = client.prepare_cached(FAILURES).await?;
        let mut failures = by_batch(&client.query(&statement, &[&batches, &user]).await?)?;
        let statement = client.prepare_cached(ONWARD).await?;
        let mut onward = by_batch(&client.query(&statement, &[&batches]).await?)?;
        let statement = client.prepare_cached(STANDINGS).await?;
        let committed = client.query(&statement, &[&batches]).await?;
        let committed = committed.iter().map(|row| Ok((row.get(0), committed_of(row)?)));
        let committed = committed.collect::<Result<HashMap<Uuid, _>, StoreError>>()?;
        let standing = |batch: &Uuid| Standing {
            batch: *batch,
            committed: committed.get(batch).copied(),
            failure: failures.remove(batch),
            onward: onward.remove(batch),
            told: told.remove(batch).unwrap_or_default(),
        };
        Ok(batches.iter().map(standing).collect())
    }

    /// Resolves the failures, of these reasons, of messages of this child that said they were of a batch which has been committed
    /// since: the child has signed it anew, and the message that nobody could verify will never be.
    pub async fn supersede_failures(&self, batch: Uuid, user: &str, reasons: &[&str]) -> Result<(), StoreError> {
        let mut client = self.client().await?;
        let tx = client.transaction().await?;
        let select = "SELECT id FROM failures WHERE batch = $1 AND step = 'persist' AND state <> 'resolved' \
                      AND reason = ANY($3) AND headers->>'sesame-child' = $2";
        let rows = tx.query(select, &[&batch, &user, &reasons]).await?;
        let ids: Vec<Uuid> = rows.iter().map(|row| row.get(0)).collect();
        if !ids.is_empty() {
            super::failures::resolve(&tx, &ids).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

fn by_batch(rows: &[Row]) -> Result<HashMap<Uuid, OpenFailure>, StoreError> {
    rows.iter().map(|row| Ok((row.get(0), open_failure(row)?))).collect()
}

async fn merge_in(tx: &Transaction<'_>, told: Vec<Verdict>, parent: Option<Region>) -> Result<Merged, StoreError> {
    // By batch and node: in one order everywhere, so that two transactions do not wait for each other crosswise; and no two
    // of one key, which one statement could not write.
    let mut greatest: BTreeMap<(Uuid, Region), Verdict> = BTreeMap::new();
    for verdict in told {
        let key = (verdict.batch, verdict.node);
        let known = greatest.remove(&key);
        greatest.insert(key, known.map_or(verdict.clone(), |known| merge(known, verdict)));
    }
    let ids: Vec<Uuid> = greatest.keys().map(|(batch, _)| *batch).collect::<HashSet<_>>().into_iter().collect();
    let ways = ways(tx, &ids).await?;
    let unknown = ids.into_iter().filter(|id| !ways.contains_key(id)).collect();
    greatest.retain(|(batch, _), _| ways.contains_key(batch));
    let new = upsert(tx, &greatest, &ways).await?;
    if let Some(parent) = parent {
        let finished: HashSet<Uuid> =
            greatest.values().filter(|verdict| verdict.is_final()).map(|verdict| verdict.batch).collect();
        settle(tx, &finished.into_iter().collect::<Vec<_>>(), parent, &ways).await?;
        let above = new.iter().filter(|(_, node)| node.covers(parent));
        let unfinished = above.filter(|key| greatest.get(key).is_some_and(|verdict| !verdict.is_final()));
        unsettle(tx, unfinished.map(|(batch, _)| *batch).collect()).await?;
    }
    let news = new.into_iter().filter_map(|key| {
        let verdict = greatest.remove(&key)?;
        let (_, way) = *ways.get(&key.0)?;
        Some((verdict, way))
    });
    Ok(Merged { news: news.collect(), unknown })
}

async fn ways(tx: &Transaction<'_>, ids: &[Uuid]) -> Result<HashMap<Uuid, (OffsetDateTime, Way)>, StoreError> {
    let statement = tx.prepare_cached(WAYS).await?;
    let rows = tx.query(&statement, &[&ids]).await?;
    rows.iter().map(|row| Ok((row.get(0), (row.get(1), way(row.get(2), row.get(3))?)))).collect()
}

/// Writes the verdicts that count more than what is there; returns their keys.
async fn upsert(
    tx: &Transaction<'_>,
    verdicts: &BTreeMap<(Uuid, Region), Verdict>,
    ways: &HashMap<Uuid, (OffsetDateTime, Way)>,
) -> Result<Vec<(Uuid, Region)>, StoreError> {
    if verdicts.is_empty() {
        return Ok(Vec::new());
    }
    let all = || verdicts.values();
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let at: Vec<OffsetDateTime> = all().filter_map(|v| ways.get(&v.batch).map(|(at, _)| *at)).collect();
    let batches: Vec<Uuid> = all().map(|v| v.batch).collect();
    let nodes: Vec<i32> = all().map(|v| v.node.number() as i32).collect();
    let above: Vec<Option<i32>> = all().map(|v| v.above.map(|above| above.number() as i32)).collect();
    let states: Vec<&str> = all().map(|v| v.state.as_str()).collect();
    let told_at: Vec<OffsetDateTime> = all().map(|v| v.at.into()).collect();
    let records: Vec<i32> = all().map(|v| v.records as i32).collect();
    let unapplied: Vec<i32> = all().map(|v| v.unapplied as i32).collect();
    let codes: Vec<Option<String>> = all().map(|v| text(&v.code)).collect();
    let messages: Vec<Option<String>> = all().map(|v| text(&v.message)).collect();
    let bad: Vec<Option<Json<&[BadRecord]>>> = all().map(|v| (!v.bad.is_empty()).then_some(Json(&v.bad[..]))).collect();
    let versions: Vec<Vec<u8>> = all().map(|v| v.order().to_vec()).collect();
    let statement = tx.prepare_cached(UPSERT).await?;
    let rows = tx
        .query(
            &statement,
            &[
                &at, &batches, &nodes, &above, &states, &told_at, &records, &unapplied, &codes, &messages, &bad,
                &versions,
            ],
        )
        .await?;
    rows.iter().map(|row| Ok((row.get(0), region(row.get(1))?))).collect()
}

/// Takes those of the batches off the unsettled that the whole way up is settled for.
async fn settle(
    tx: &Transaction<'_>,
    batches: &[Uuid],
    parent: Region,
    ways: &HashMap<Uuid, (OffsetDateTime, Way)>,
) -> Result<(), StoreError> {
    if batches.is_empty() {
        return Ok(());
    }
    let at: Vec<OffsetDateTime> = batches.iter().filter_map(|batch| ways.get(batch).map(|(at, _)| *at)).collect();
    let select = "SELECT r.batch, r.node, r.above, r.state IN ('persisted', 'resolved') AND r.unapplied = 0 \
                  FROM unnest($1::timestamptz[], $2::uuid[]) AS given(at, batch) CROSS JOIN LATERAL \
                  (SELECT * FROM receipts WHERE receipts.at = given.at AND receipts.batch = given.batch OFFSET 0) r";
    let statement = tx.prepare_cached(select).await?;
    let mut steps: HashMap<Uuid, HashMap<Region, Step>> = HashMap::new();
    for row in tx.query(&statement, &[&at, &batches]).await? {
        let above: Option<i32> = row.get(2);
        let step = Step { is_final: row.get(3), above: above.map(region).transpose()? };
        steps.entry(row.get(0)).or_default().insert(region(row.get(1))?, step);
    }
    let settled: Vec<Uuid> =
        steps.iter().filter(|(_, steps)| is_settled(parent, steps)).map(|(batch, _)| *batch).collect();
    if settled.is_empty() {
        return Ok(());
    }
    let statement = tx.prepare_cached("DELETE FROM unsettled WHERE batch = ANY($1)").await?;
    tx.execute(&statement, &[&settled]).await?;
    Ok(())
}

/// Has these batches asked for again: the word that ends what is not final can get lost, also where the way up seemed settled before
/// a node could not hand them on.
async fn unsettle(tx: &Transaction<'_>, batches: Vec<Uuid>) -> Result<(), StoreError> {
    if batches.is_empty() {
        return Ok(());
    }
    let insert = "INSERT INTO unsettled (batch) SELECT DISTINCT * FROM unnest($1::uuid[]) ON CONFLICT DO NOTHING";
    let statement = tx.prepare_cached(insert).await?;
    tx.execute(&statement, &[&batches]).await?;
    Ok(())
}

fn way(origin: i32, last: Option<&str>) -> Result<Way, StoreError> {
    Ok(Way { origin: region(origin)?, last: last.and_then(|text| Region::parse(text).ok()) })
}

fn verdict(row: &Row) -> Result<Verdict, StoreError> {
    let above: Option<i32> = row.get(2);
    let text = |column| row.get::<_, Option<String>>(column).unwrap_or_default();
    let bad: Option<Json<Vec<BadRecord>>> = row.get(9);
    Ok(Verdict {
        batch: row.get(0),
        node: region(row.get(1))?,
        above: above.map(region).transpose()?,
        state: State::parse(row.get(3)).ok_or_else(|| corrupt("state"))?,
        at: row.get::<_, OffsetDateTime>(4).into(),
        records: row.get::<_, i32>(5) as u32,
        unapplied: row.get::<_, i32>(6) as u32,
        code: text(7),
        message: text(8),
        bad: bad.map(|Json(bad)| bad).unwrap_or_default(),
    })
}

fn open_failure(row: &Row) -> Result<OpenFailure, StoreError> {
    let state = row.get::<_, &str>(1).parse().map_err(|_| corrupt("state"))?;
    Ok(OpenFailure { state, reason: row.get(2), detail: row.get(3), at: row.get::<_, OffsetDateTime>(4).into() })
}

fn committed_of(row: &Row) -> Result<(Committed, Way), StoreError> {
    let unapplied: Option<Json<Vec<u32>>> = row.get(5);
    let late: Option<Json<Vec<Late>>> = row.get(7);
    let persisted: Moment = row.get::<_, OffsetDateTime>(1).into();
    let last_late = late.and_then(|Json(late)| late.iter().map(|late| late.at_micros).max());
    let committed = Committed {
        at: last_late.map_or(persisted, Moment::from_micros),
        records: row.get::<_, i32>(4) as u32,
        unapplied: unapplied.map_or(0, |Json(places)| places.len() as u32),
        resolved: row.get(6),
    };
    Ok((committed, way(row.get(2), row.get(3))?))
}
