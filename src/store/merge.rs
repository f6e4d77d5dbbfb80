//! The states of records, read under lock and written back merged.
//!
//! Reading, merging in one pure function and writing back beats a merge spelled out in SQL: the rule stands once, in
//! [`crate::record::State::merge`], and an add needs to read no more than versions.

use super::StoreError;
use crate::record::{Change, Effect, Fields, Outcome, RecordId, State, Version};
use deadpool_postgres::Transaction;
use std::collections::{BTreeMap, HashMap};
use tokio_postgres::types::{Json, ToSql};
use uuid::Uuid;

/// A record touched by the transaction at hand.
struct Touched {
    /// Id of the row; assigned here for a record that is new.
    id: i64,
    state: State,
    row: Row,
    /// The batch of the last change applied.
    batch: Uuid,
}

/// A record's row in the table.
enum Row {
    /// It is there, and has to be written back if dirty.
    Stored { dirty: bool },
    /// It is to be inserted, with the change that made the record, once there is one.
    New { first: Option<First> },
}

/// The change that made a record.
#[derive(Clone, Copy)]
struct First {
    batch: Uuid,
    ordinal: u32,
}

/// The records that a transaction touches, held under lock.
pub(super) struct Records(BTreeMap<RecordId, Touched>);

impl Records {
    /// Locks and reads the records of these changes, in the order of their keys so that two transactions do not wait
    /// for each other crosswise.
    pub(super) async fn lock<'a>(
        tx: &Transaction<'_>,
        changes: impl Iterator<Item = &'a Change>,
    ) -> Result<Self, StoreError> {
        let mut wanted: BTreeMap<&RecordId, bool> = BTreeMap::new();
        for change in changes {
            *wanted.entry(&change.id).or_default() |= !matches!(change.effect, Effect::Add(_));
        }
        let mut known = read(tx, &wanted).await?;
        let unknown = wanted.keys().filter(|id| !known.contains_key(**id)).count();
        let mut ids = new_ids(tx, unknown).await?.into_iter();
        let mut records = BTreeMap::new();
        for (id, _) in wanted {
            let touched = match known.remove(id) {
                Some((id, state)) => Touched { id, state, row: Row::Stored { dirty: false }, batch: Uuid::nil() },
                None => Touched {
                    id: ids.next().ok_or_else(|| super::batches::corrupt("record_ids"))?,
                    state: State::default(),
                    row: Row::New { first: None },
                    batch: Uuid::nil(),
                },
            };
            records.insert(id.clone(), touched);
        }
        Ok(Self(records))
    }

    /// Merges one change; returns what the merge did and, unless the change made the record, the id of the row it is a later
    /// change of.
    pub(super) fn merge(&mut self, change: &Change) -> Option<(Option<i64>, Outcome)> {
        let touched = self.0.get_mut(&change.id)?;
        let outcome = touched.state.merge(change.version, &change.effect);
        if outcome == Outcome::Applied {
            touched.batch = change.version.batch;
        }
        let is_later = match &mut touched.row {
            Row::Stored { dirty } => {
                *dirty |= outcome == Outcome::Applied;
                true
            }
            Row::New { first: Some(_) } => true,
            Row::New { first } => {
                touched.batch = change.version.batch;
                *first = Some(First { batch: change.version.batch, ordinal: change.version.ordinal });
                false
            }
        };
        Some((is_later.then_some(touched.id), outcome))
    }

    /// Writes back what has changed.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when another transaction has inserted one of the new keys meanwhile.
    pub(super) async fn write(&self, tx: &Transaction<'_>) -> Result<(), StoreError> {
        let (mut stored, mut new, mut firsts) = (Vec::new(), Vec::new(), Vec::new());
        for (id, touched) in &self.0 {
            match touched.row {
                Row::Stored { dirty: true } => stored.push((id, touched)),
                Row::New { first: Some(first) } => {
                    new.push((id, touched));
                    firsts.push(first);
                }
                Row::Stored { dirty: false } | Row::New { first: None } => {}
            }
        }
        if !new.is_empty() {
            let statement = tx.prepare_cached(INSERT).await?;
            let batches: Vec<Uuid> = firsts.iter().map(|first| first.batch).collect();
            let ordinals: Vec<i32> = firsts.iter().map(|first| first.ordinal as i32).collect();
            let columns = Columns::of(&new);
            let mut parameters = columns.parameters().to_vec();
            parameters.extend([&batches as &(dyn ToSql + Sync), &ordinals]);
            let inserted = tx.execute(&statement, &parameters).await?;
            if inserted != new.len() as u64 {
                return Err(StoreError::Conflict("another transaction inserted the same record".to_owned()));
            }
        }
        if !stored.is_empty() {
            let statement = tx.prepare_cached(UPDATE).await?;
            tx.execute(&statement, &Columns::of(&stored).parameters()).await?;
        }
        Ok(())
    }
}

const INSERT: &str = "INSERT INTO records \
    (busicode, region, key, id, batch, is_deleted, added, deleted, modified, fields, first_batch, first_ordinal, applied_at) \
    SELECT u.*, now() FROM unnest($1::smallint[], $2::int[], $3::text[], $4::bigint[], $5::uuid[], $6::bool[], \
    $7::bytea[], $8::bytea[], $9::json[], $10::text[], $11::uuid[], $12::int[]) AS u \
    ON CONFLICT DO NOTHING";

const UPDATE: &str = "UPDATE records r SET batch = u.batch, is_deleted = u.is_deleted, added = u.added, \
    deleted = u.deleted, modified = u.modified, fields = u.fields, applied_at = now() \
    FROM unnest($1::smallint[], $2::int[], $3::text[], $4::bigint[], $5::uuid[], $6::bool[], $7::bytea[], $8::bytea[], \
    $9::json[], $10::text[]) AS u(busicode, region, key, id, batch, is_deleted, added, deleted, modified, fields) \
    WHERE r.busicode = u.busicode AND r.region = u.region AND r.key = u.key";

// Fields are read wherever they may have to be written back: a modify sets some of them, a delete keeps all, an add keeps
// the modified ones. An add of a record never modified replaces them unread.
const READ: &str = "SELECT r.busicode, r.region, r.key, r.id, r.added, r.deleted, r.modified, \
    CASE WHEN w.fields OR r.modified IS NOT NULL THEN r.fields END \
    FROM unnest($1::smallint[], $2::int[], $3::text[], $4::bool[]) AS w(busicode, region, key, fields) \
    JOIN records r ON r.busicode = w.busicode AND r.region = w.region AND r.key = w.key \
    ORDER BY r.busicode, r.region, r.key FOR UPDATE OF r";

async fn read(
    tx: &Transaction<'_>,
    wanted: &BTreeMap<&RecordId, bool>,
) -> Result<HashMap<RecordId, (i64, State)>, StoreError> {
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    let busicodes: Vec<i16> = wanted.keys().map(|id| id.busicode.number() as i16).collect();
    let regions: Vec<i32> = wanted.keys().map(|id| id.region.number() as i32).collect();
    let keys: Vec<&str> = wanted.keys().map(|id| id.key.as_ref()).collect();
    let fields: Vec<bool> = wanted.values().copied().collect();
    let statement = tx.prepare_cached(READ).await?;
    let rows = tx.query(&statement, &[&busicodes, &regions, &keys, &fields]).await?;
    rows.iter()
        .map(|row| {
            let id = RecordId {
                busicode: super::batches::busicode(row.get(0))?,
                region: super::batches::region(row.get(1))?,
                key: row.get::<_, &str>(2).into(),
            };
            Ok((id, (row.get(3), state(row)?)))
        })
        .collect()
}

pub(super) fn state(row: &tokio_postgres::Row) -> Result<State, StoreError> {
    let modified: Option<Json<BTreeMap<String, String>>> = row.get(6);
    let modified = modified.map(|json| json.0).unwrap_or_default();
    let fields: Option<String> = row.get(7);
    Ok(State {
        added: version(row.get(4))?,
        deleted: version(row.get(5))?,
        modified: modified
            .into_iter()
            .map(|(name, hex)| Ok((name, decode(&hex::decode(hex).unwrap_or_default())?)))
            .collect::<Result<_, StoreError>>()?,
        fields: match fields {
            Some(text) => Fields::from_stored(text).map_err(|_| super::batches::corrupt("fields"))?,
            None => Fields::empty(),
        },
    })
}

fn version(bytes: Option<&[u8]>) -> Result<Option<Version>, StoreError> {
    bytes.map(decode).transpose()
}

fn decode(bytes: &[u8]) -> Result<Version, StoreError> {
    Version::decode(bytes).ok_or_else(|| super::batches::corrupt("version"))
}

async fn new_ids(tx: &Transaction<'_>, count: usize) -> Result<Vec<i64>, StoreError> {
    if count == 0 {
        return Ok(Vec::new());
    }
    let statement =
        tx.prepare_cached("SELECT array_agg(nextval('record_ids')) FROM generate_series(1, $1::int)").await?;
    Ok(tx.query_one(&statement, &[&(count as i32)]).await?.get(0))
}

// A record once added is never otherwise, so nothing needs to be locked to know it.
const NEVER_ADDED: &str = "SELECT w.place FROM unnest($1::smallint[], $2::int[], $3::text[]) \
    WITH ORDINALITY AS w(busicode, region, key, place) \
    LEFT JOIN records r ON r.busicode = w.busicode AND r.region = w.region AND r.key = w.key \
    WHERE r.added IS NULL ORDER BY w.place";

/// The places, from 0, of those records whose add has not come.
pub(super) async fn never_added(tx: &Transaction<'_>, ids: &[&RecordId]) -> Result<Vec<usize>, StoreError> {
    let busicodes: Vec<i16> = ids.iter().map(|id| id.busicode.number() as i16).collect();
    let regions: Vec<i32> = ids.iter().map(|id| id.region.number() as i32).collect();
    let keys: Vec<&str> = ids.iter().map(|id| id.key.as_ref()).collect();
    let statement = tx.prepare_cached(NEVER_ADDED).await?;
    let rows = tx.query(&statement, &[&busicodes, &regions, &keys]).await?;
    Ok(rows.iter().map(|row| row.get::<_, i64>(0) as usize - 1).collect())
}

/// The columns of many rows, as PostgreSQL takes them in one statement.
struct Columns<'a> {
    busicodes: Vec<i16>,
    regions: Vec<i32>,
    keys: Vec<&'a str>,
    ids: Vec<i64>,
    batches: Vec<Uuid>,
    is_deleted: Vec<bool>,
    added: Vec<Option<Vec<u8>>>,
    deleted: Vec<Option<Vec<u8>>>,
    modified: Vec<Option<Json<BTreeMap<&'a str, String>>>>,
    fields: Vec<&'a str>,
}

impl<'a> Columns<'a> {
    fn of(rows: &[(&'a RecordId, &'a Touched)]) -> Self {
        let encoded = |version: Option<Version>| version.map(|version| version.encode().to_vec());
        Self {
            busicodes: rows.iter().map(|(id, _)| id.busicode.number() as i16).collect(),
            regions: rows.iter().map(|(id, _)| id.region.number() as i32).collect(),
            keys: rows.iter().map(|(id, _)| id.key.as_ref()).collect(),
            ids: rows.iter().map(|(_, touched)| touched.id).collect(),
            batches: rows.iter().map(|(_, touched)| touched.batch).collect(),
            is_deleted: rows.iter().map(|(_, touched)| touched.state.is_deleted()).collect(),
            added: rows.iter().map(|(_, touched)| encoded(touched.state.added)).collect(),
            deleted: rows.iter().map(|(_, touched)| encoded(touched.state.deleted)).collect(),
            modified: rows.iter().map(|(_, touched)| modified(&touched.state)).collect(),
            fields: rows.iter().map(|(_, touched)| touched.state.fields.as_json()).collect(),
        }
    }

    fn parameters(&self) -> [&(dyn ToSql + Sync); 10] {
        [
            &self.busicodes,
            &self.regions,
            &self.keys,
            &self.ids,
            &self.batches,
            &self.is_deleted,
            &self.added,
            &self.deleted,
            &self.modified,
            &self.fields,
        ]
    }
}

fn modified(state: &State) -> Option<Json<BTreeMap<&str, String>>> {
    (!state.modified.is_empty()).then(|| {
        Json(state.modified.iter().map(|(name, version)| (name.as_str(), hex::encode(version.encode()))).collect())
    })
}
