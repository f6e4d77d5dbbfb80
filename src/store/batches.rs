//! Batches: the guard of 'once', the bodies and their evidence. The guard knows the month a batch lies in.

use super::{Store, StoreError};
use crate::record::Change;
use crate::standard::code::{Action, BusinessCode};
use crate::standard::moment::Moment;
use crate::standard::region::Region;
use deadpool_postgres::{GenericClient, Transaction};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use time::OffsetDateTime;
use tokio_postgres::Row;
use tokio_postgres::types::Json;
use uuid::Uuid;

/// A verified batch, ready to be committed.
#[derive(Debug, Clone)]
pub struct NewBatch {
    /// The batch id.
    pub id: Uuid,
    /// Region of the entering node.
    pub origin: Region,
    /// The sender's appid at the entering node.
    pub appid: String,
    /// The sender's random (§6.2.2).
    pub random: String,
    /// The dataset.
    pub busicode: BusinessCode,
    /// What the batch does; never a query.
    pub action: Action,
    /// The smallest region that covers every record.
    pub region: Region,
    /// SM3 of the content.
    pub digest: [u8; 32],
    /// When the entering node accepted it.
    pub accepted: Moment,
    /// The sender's own region.
    pub home: Region,
    /// The nodes passed, as JSON.
    pub trace: serde_json::Value,
    /// The sender's own signature and how to check it, as JSON.
    pub evidence: serde_json::Value,
    /// Length of the busilist, uncompressed.
    pub bytes: usize,
    /// The busilist, zstd.
    pub body: Vec<u8>,
    /// The version of the dataset it was held against here.
    pub dataset_version: String,
    /// How many records it has, bad ones included.
    pub records: u32,
    /// Places of records that the entering node refused, from 0.
    pub refused: Vec<u32>,
    /// What it does to which record.
    pub changes: Vec<Change>,
    /// Places of records that this tier's rules refuse, from 0: the batch is committed without them.
    pub unapplied: Vec<u32>,
    /// The id of its failure, if it may have failed before: a commit resolves it.
    pub failure: Option<Uuid>,
    /// Whether a modify or delete of a record never added fails the batch: at the entering node alone.
    pub must_exist: bool,
}

/// A committed batch, as it is published again from the store.
#[derive(Debug, Clone)]
pub struct StoredBatch {
    /// The batch id.
    pub id: Uuid,
    /// Region of the entering node.
    pub origin: Region,
    /// The dataset.
    pub busicode: BusinessCode,
    /// What the batch does.
    pub action: Action,
    /// The smallest region that covers every record.
    pub region: Region,
    /// How many records it has.
    pub records: u32,
    /// SM3 of the content.
    pub digest: [u8; 32],
    /// When the entering node accepted it.
    pub accepted: Moment,
    /// When this node committed it.
    pub persisted: Moment,
    /// The sender's own region.
    pub home: Region,
    /// The nodes passed, as JSON.
    pub trace: serde_json::Value,
    /// The sender's evidence, as JSON.
    pub evidence: serde_json::Value,
    /// The busilist, zstd.
    pub body: Vec<u8>,
    /// The version of the dataset it was held against here.
    pub dataset_version: String,
    /// Places of records that the entering node refused, from 0.
    pub refused: Vec<u32>,
    /// Records that were applied later.
    pub late: Vec<Late>,
}

/// Inserts the batches that are not there yet; returns the ids inserted.
///
/// A concurrent insert of the same id is waited for, so that two consumers never commit one batch twice.
pub(super) async fn insert(tx: &Transaction<'_>, batches: &[&NewBatch]) -> Result<HashSet<Uuid>, StoreError> {
    let statement = tx
        .prepare_cached(
            "WITH given AS MATERIALIZED (SELECT * FROM unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::smallint[], \
             $6::smallint[], $7::int[], $8::int[], $9::int[], $10::bytea[], $11::timestamptz[], $12::int[], $13::json[], \
             $14::json[], $15::bytea[], $16::text[], $17::json[], $18::json[]) AS given(id, origin, appid, random, busicode, \
             action, region, records, bytes, digest, accepted_at, home, trace, evidence, body, dataset_version, unapplied, refused)), \
             fresh AS (INSERT INTO once (id, digest) SELECT id, digest FROM given ON CONFLICT (id) DO NOTHING RETURNING id) \
             INSERT INTO batches (id, origin, appid, random, busicode, action, region, records, bytes, digest, accepted_at, \
             home, trace, evidence, body, dataset_version, unapplied, refused) \
             SELECT given.* FROM given JOIN fresh USING (id) RETURNING id",
        )
        .await?;
    let ids: Vec<Uuid> = batches.iter().map(|b| b.id).collect();
    let origins: Vec<i32> = batches.iter().map(|b| b.origin.number() as i32).collect();
    let appids: Vec<&str> = batches.iter().map(|b| b.appid.as_str()).collect();
    let randoms: Vec<&str> = batches.iter().map(|b| b.random.as_str()).collect();
    let busicodes: Vec<i16> = batches.iter().map(|b| b.busicode.number() as i16).collect();
    let actions: Vec<i16> = batches.iter().map(|b| action_number(b.action)).collect();
    let regions: Vec<i32> = batches.iter().map(|b| b.region.number() as i32).collect();
    let records: Vec<i32> = batches.iter().map(|b| b.records as i32).collect();
    let bytes: Vec<i32> = batches.iter().map(|b| i32::try_from(b.bytes).unwrap_or(i32::MAX)).collect();
    let digests: Vec<&[u8]> = batches.iter().map(|b| b.digest.as_slice()).collect();
    let accepted: Vec<OffsetDateTime> = batches.iter().map(|b| b.accepted.into()).collect();
    let homes: Vec<i32> = batches.iter().map(|b| b.home.number() as i32).collect();
    let traces: Vec<Json<&serde_json::Value>> = batches.iter().map(|b| Json(&b.trace)).collect();
    let evidence: Vec<Json<&serde_json::Value>> = batches.iter().map(|b| Json(&b.evidence)).collect();
    let bodies: Vec<&[u8]> = batches.iter().map(|b| b.body.as_slice()).collect();
    let versions: Vec<&str> = batches.iter().map(|b| b.dataset_version.as_str()).collect();
    let unapplied: Vec<Option<Json<&[u32]>>> = batches.iter().map(|b| places(&b.unapplied)).collect();
    let refused: Vec<Option<Json<&[u32]>>> = batches.iter().map(|b| places(&b.refused)).collect();
    let rows = tx
        .query(
            &statement,
            &[
                &ids, &origins, &appids, &randoms, &busicodes, &actions, &regions, &records, &bytes, &digests,
                &accepted, &homes, &traces, &evidence, &bodies, &versions, &unapplied, &refused,
            ],
        )
        .await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// A batch committed before.
pub(super) struct Earlier {
    pub digest: Vec<u8>,
    /// Places of its records that this tier's rules refused.
    unapplied: Vec<u32>,
    /// Places of its records that the entering node refused.
    refused: Vec<u32>,
    late: Vec<Late>,
    /// The transaction's time.
    now: Moment,
}

/// A record applied later than its batch was committed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Late {
    /// Its place in the batch, from 0.
    pub place: u32,
    /// When it was applied, in microseconds since 1970.
    pub at_micros: i64,
    /// The version of the dataset that let it through.
    pub dataset_version: String,
}

/// What is still to be done of a batch committed before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Resumption {
    /// Places that were not applied, in order.
    pub left: Vec<u32>,
    /// Those of them that are refused still.
    pub unapplied: Vec<u32>,
    /// The places that the entering node refuses still, where they are fewer now: the tiers above are to know.
    pub refused: Option<Vec<u32>>,
    late: Vec<Late>,
}

impl Earlier {
    /// What this copy of the batch makes of what was not applied; `None` where all was. What has been applied stays applied,
    /// whatever the rules say now.
    ///
    /// The door may have refused fewer records this time: the same exchange, sent again, is held against the rules of that moment.
    pub(super) fn resumed_by(&self, copy: &NewBatch) -> Option<Resumption> {
        let among = |places: &[u32], place: &u32| places.binary_search(place).is_ok();
        let freed = self.refused.iter().filter(|place| !among(&copy.refused, place));
        let mut left: Vec<u32> = self.unapplied.iter().chain(freed).copied().collect();
        left.sort_unstable();
        left.dedup();
        if left.is_empty() {
            return None;
        }
        let unapplied: Vec<u32> = left.iter().filter(|place| among(&copy.unapplied, place)).copied().collect();
        let refused: Vec<u32> = self.refused.iter().filter(|place| among(&copy.refused, place)).copied().collect();
        let applied = left.iter().filter(|place| !among(&unapplied, place) && !among(&refused, place));
        let late = applied.map(|place| Late {
            place: *place,
            at_micros: self.now.micros(),
            dataset_version: copy.dataset_version.clone(),
        });
        let late = self.late.iter().cloned().chain(late).collect();
        let refused = (refused != self.refused).then_some(refused);
        Some(Resumption { left, unapplied, refused, late })
    }
}

/// The batches committed before, locked: two copies must not resume one batch at once. Of one whose month has been dropped the
/// digest is left.
pub(super) async fn earlier(tx: &Transaction<'_>, ids: &[Uuid]) -> Result<HashMap<Uuid, Earlier>, StoreError> {
    let select = "SELECT o.id, o.digest, b.unapplied, b.refused, b.late, now() FROM once o \
                  LEFT JOIN batches b ON b.id = o.id AND b.persisted_at = o.at WHERE o.id = ANY($1) \
                  ORDER BY o.id FOR UPDATE OF o";
    let rows = tx.query(select, &[&ids]).await?;
    let earlier = |row: &Row| {
        let earlier = Earlier {
            digest: row.get(1),
            unapplied: read_places(row.get(2)),
            refused: read_places(row.get(3)),
            late: read_late(row.get(4)),
            now: row.get::<_, OffsetDateTime>(5).into(),
        };
        (row.get(0), earlier)
    };
    Ok(rows.iter().map(earlier).collect())
}

/// Notes what has been resumed, with so many changes that were stale.
pub(super) async fn note_resumed(
    tx: &Transaction<'_>,
    id: Uuid,
    resumption: &Resumption,
    stale: u32,
) -> Result<(), StoreError> {
    let update = "UPDATE batches b SET unapplied = $2, refused = CASE WHEN $3 THEN $4 ELSE b.refused END, late = $5, \
                  stale = b.stale + $6 FROM once o WHERE o.id = $1 AND b.id = o.id AND b.persisted_at = o.at";
    let refused = resumption.refused.as_deref().and_then(places);
    let late = (!resumption.late.is_empty()).then_some(Json(&resumption.late));
    tx.execute(
        update,
        &[&id, &places(&resumption.unapplied), &resumption.refused.is_some(), &refused, &late, &(stale as i32)],
    )
    .await?;
    Ok(())
}

/// Places as the store keeps them; null where there are none, as in almost every batch.
fn places(places: &[u32]) -> Option<Json<&[u32]>> {
    (!places.is_empty()).then_some(Json(places))
}

/// Notes that failures of these batches are resolved; those not committed here are passed over.
pub(super) async fn note_resolved(client: &impl GenericClient, ids: &[Uuid]) -> Result<(), StoreError> {
    // Not joined plainly: PostgreSQL would look for the ids in all months.
    let update = "UPDATE batches b SET resolved = true FROM (SELECT id, at FROM once WHERE id = ANY($1) OFFSET 0) o \
                  WHERE b.id = o.id AND b.persisted_at = o.at AND NOT b.resolved";
    client.execute(update, &[&ids]).await?;
    Ok(())
}

/// Takes back batches of the same transaction that turned out not to be applicable.
pub(super) async fn withdraw(tx: &Transaction<'_>, ids: &[Uuid]) -> Result<(), StoreError> {
    tx.execute("DELETE FROM batches WHERE persisted_at = now() AND id = ANY($1)", &[&ids]).await?;
    tx.execute("DELETE FROM once WHERE id = ANY($1)", &[&ids]).await?;
    Ok(())
}

/// Notes how many changes of each batch of the same transaction were stale.
pub(super) async fn note_stale(tx: &Transaction<'_>, ids: &[Uuid], stale: &[i32]) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE batches b SET stale = u.stale FROM unnest($1::uuid[], $2::int[]) AS u(id, stale) \
         WHERE b.persisted_at = now() AND b.id = u.id",
        &[&ids, &stale],
    )
    .await?;
    Ok(())
}

fn read_places(places: Option<Json<Vec<u32>>>) -> Vec<u32> {
    places.map(|Json(places)| places).unwrap_or_default()
}

fn read_late(late: Option<Json<Vec<Late>>>) -> Vec<Late> {
    late.map(|Json(late)| late).unwrap_or_default()
}

impl Store {
    /// The committed batches of these ids; those whose month has been archived and dropped are not among them.
    pub async fn batches(&self, ids: &[Uuid]) -> Result<Vec<StoredBatch>, StoreError> {
        let client = self.client().await?;
        let rows = client
            .query(
                "SELECT b.id, b.origin, b.busicode, b.action, b.region, b.records, b.digest, b.accepted_at, b.home, b.trace, \
                 b.evidence, b.body, b.persisted_at, b.dataset_version, b.refused, b.late \
                 FROM once o CROSS JOIN LATERAL (SELECT * FROM batches WHERE persisted_at = o.at AND batches.id = o.id OFFSET 0) b \
                 WHERE o.id = ANY($1)",
                &[&ids],
            )
            .await?;
        rows.iter()
            .map(|row| {
                Ok(StoredBatch {
                    id: row.get(0),
                    origin: region(row.get(1))?,
                    busicode: busicode(row.get(2))?,
                    action: action(row.get(3))?,
                    region: region(row.get(4))?,
                    records: row.get::<_, i32>(5) as u32,
                    digest: row.get::<_, &[u8]>(6).try_into().map_err(|_| corrupt("digest"))?,
                    accepted: row.get::<_, OffsetDateTime>(7).into(),
                    home: region(row.get(8))?,
                    trace: row.get(9),
                    evidence: row.get(10),
                    body: row.get(11),
                    persisted: row.get::<_, OffsetDateTime>(12).into(),
                    dataset_version: row.get(13),
                    refused: read_places(row.get(14)),
                    late: read_late(row.get(15)),
                })
            })
            .collect()
    }
}

pub(super) fn action_number(action: Action) -> i16 {
    match action {
        Action::Add => 1,
        Action::Modify => 2,
        Action::Delete => 3,
        Action::Query => 4,
    }
}

pub(super) fn action(number: i16) -> Result<Action, StoreError> {
    Action::ALL.into_iter().find(|action| action_number(*action) == number).ok_or_else(|| corrupt("action"))
}

pub(super) fn busicode(number: i16) -> Result<BusinessCode, StoreError> {
    u16::try_from(number).ok().and_then(BusinessCode::from_number).ok_or_else(|| corrupt("busicode"))
}

pub(super) fn region(number: i32) -> Result<Region, StoreError> {
    u32::try_from(number).ok().and_then(Region::from_number).ok_or_else(|| corrupt("region"))
}

/// A column that holds what sesame never writes: someone has edited the table.
pub(super) fn corrupt(column: &str) -> StoreError {
    StoreError::Refused { sqlstate: String::new(), message: format!("column {column} holds an impossible value") }
}
