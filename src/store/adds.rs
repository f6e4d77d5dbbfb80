//! Adds of whole records, which is what most batches are: one statement, and nothing is read first.
//!
//! It applies an add where the record is not there yet, or has never been modified and is older: what
//! [`crate::record::State::merge`] does with such a state is to replace it. Every other case is left to that function.

use super::StoreError;
use crate::record::{Change, Effect, Fields, RecordId};
use deadpool_postgres::Transaction;
use uuid::Uuid;

const UPSERT: &str = "INSERT INTO records AS r \
    (busicode, region, key, id, batch, is_deleted, added, fields, applied_at, first_batch, first_ordinal) \
    SELECT u.busicode, u.region, u.key, nextval('record_ids'), u.batch, false, u.added, u.fields, now(), u.batch, u.ordinal \
    FROM unnest($1::smallint[], $2::int[], $3::text[], $4::uuid[], $5::int[], $6::bytea[], $7::text[]) \
    AS u(busicode, region, key, batch, ordinal, added, fields) \
    ON CONFLICT (busicode, region, key) DO UPDATE SET batch = excluded.batch, \
    is_deleted = COALESCE(r.deleted > excluded.added, false), added = excluded.added, fields = excluded.fields, \
    applied_at = excluded.applied_at \
    WHERE (r.added IS NULL OR r.added < excluded.added) AND r.modified IS NULL \
    RETURNING r.busicode, r.region, r.key, r.id, r.first_batch = r.batch";

/// An add of a slice, with the place of its batch in the group.
pub(super) struct Add<'a> {
    pub(super) at: usize,
    pub(super) change: &'a Change,
    fields: &'a Fields,
}

/// The changes as adds, each of another record; `None` where one is something else or a record comes twice. They are sorted by
/// record.
///
/// Other slices are not tried in part: locking some records here and the others later would have transactions wait for each
/// other crosswise. Such a wait is still possible between this statement and a slice of the other way that holds records this
/// one wants; PostgreSQL ends it, and the transaction is run again.
pub(super) fn plain<'a>(changes: &[(usize, &'a Change)]) -> Option<Vec<Add<'a>>> {
    if changes.windows(2).any(|pair| pair[0].1.id == pair[1].1.id) {
        return None;
    }
    let adds = changes.iter().map(|(at, change)| match &change.effect {
        Effect::Add(fields) => Some(Add { at: *at, change, fields }),
        Effect::Modify(_) | Effect::Delete => None,
    });
    adds.collect()
}

/// What became of an add.
pub(super) enum Added {
    /// The record is new.
    New,
    /// It replaced what the row of this id held.
    Over(i64),
    /// It was not applied; the record's row is locked.
    Not,
}

/// Applies the adds that can be, and says of each in their order what became of it.
pub(super) async fn apply(tx: &Transaction<'_>, adds: &[Add<'_>]) -> Result<Vec<Added>, StoreError> {
    let ids = || adds.iter().map(|add| &add.change.id);
    let busicodes: Vec<i16> = ids().map(|id| id.busicode.number() as i16).collect();
    let regions: Vec<i32> = ids().map(|id| id.region.number() as i32).collect();
    let keys: Vec<&str> = ids().map(|id| id.key.as_ref()).collect();
    let batches: Vec<Uuid> = adds.iter().map(|add| add.change.version.batch).collect();
    let versions: Vec<_> = adds.iter().map(|add| add.change.version.encode()).collect();
    let added: Vec<&[u8]> = versions.iter().map(|version| version.as_slice()).collect();
    let ordinals: Vec<i32> = adds.iter().map(|add| add.change.version.ordinal as i32).collect();
    let fields: Vec<&str> = adds.iter().map(|add| add.fields.as_json()).collect();
    let statement = tx.prepare_cached(UPSERT).await?;
    let rows = tx.query(&statement, &[&busicodes, &regions, &keys, &batches, &ordinals, &added, &fields]).await?;
    // Rows come in the order of the adds, those that were not applied left out.
    let mut rows = rows.iter().peekable();
    let outcome = |id: &RecordId| {
        let row = rows.next_if(|row| {
            let (busicode, region, key): (i16, i32, &str) = (row.get(0), row.get(1), row.get(2));
            (busicode, region, key) == (id.busicode.number() as i16, id.region.number() as i32, id.key.as_ref())
        });
        // A batch comes once, and here has each record once: a row whose first change is of the batch applied last is new.
        match row {
            Some(row) if row.get(4) => Added::New,
            Some(row) => Added::Over(row.get(3)),
            None => Added::Not,
        }
    };
    let outcomes = ids().map(outcome).collect();
    // One out of order would enter the history a second time: nothing is committed then.
    if rows.next().is_some() {
        return Err(StoreError::Conflict("the rows of an insert came in another order".to_owned()));
    }
    Ok(outcomes)
}
