//! Letting failures go that are over, when they are old.

use crate::standard::moment::Moment;
use crate::store::{Store, StoreError};
use time::OffsetDateTime;
use uuid::Uuid;

/// Rows deleted in one transaction: short enough for nobody to wait.
const CHUNK: i64 = 5_000;

impl Store {
    /// Deletes failures that nothing has happened to since `before`, some thousands at a time: resolved ones, whose batches are
    /// kept as all others, and if wanted discarded ones, which are gone then. What an act is waiting for stays.
    pub async fn forget_failures(&self, before: Moment, with_discarded: bool) -> Result<u64, StoreError> {
        let client = self.client().await?;
        let before = OffsetDateTime::from(before);
        let over = if with_discarded { "IN ('resolved', 'discarded')" } else { "= 'resolved'" };
        let next = format!(
            "SELECT f.at, f.id FROM failures f WHERE f.state {over} AND f.at < $1 AND (f.at, f.id) > ($2, $3) \
             AND f.last_at < $1 AND coalesce((f.past -> -1 ->> 'at')::timestamptz < $1, true) \
             AND NOT EXISTS (SELECT FROM desk_items i WHERE i.failure = f.id AND i.state = 'sent') \
             ORDER BY f.at, f.id LIMIT {CHUNK}"
        );
        // One that an operator has taken up again meanwhile is not over any more.
        let delete = format!("DELETE FROM failures WHERE id = ANY($1) AND state {over}");
        let (mut forgotten, mut last) = (0, (OffsetDateTime::from(Moment::from_micros(0)), Uuid::nil()));
        loop {
            let rows = client.query(&next, &[&before, &last.0, &last.1]).await?;
            let Some(row) = rows.last() else { return Ok(forgotten) };
            last = (row.get(0), row.get(1));
            let ids: Vec<Uuid> = rows.iter().map(|row| row.get(1)).collect();
            forgotten += client.execute(&delete, &[&ids]).await?;
        }
    }

    /// Deletes which failures the acts were about that ended before `before`, some thousands at a time. The acts stay: who, what,
    /// why, and what became of how many.
    pub async fn forget_items(&self, before: Moment) -> Result<u64, StoreError> {
        let client = self.client().await?;
        let delete = format!(
            "DELETE FROM desk_items WHERE ctid = ANY(ARRAY(SELECT i.ctid FROM desk_acts a JOIN desk_items i ON i.act = a.id \
             WHERE a.ended_at < $1 LIMIT {CHUNK}))"
        );
        let (before, mut forgotten) = (OffsetDateTime::from(before), 0);
        loop {
            match client.execute(&delete, &[&before]).await? {
                0 => return Ok(forgotten),
                deleted => forgotten += deleted,
            }
        }
    }
}
