//! Batches committed here and not yet published to the accepted exchange.

use super::{Store, StoreError};
use deadpool_postgres::Transaction;
use std::time::Duration;
use uuid::Uuid;

/// Whether a committed batch goes up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upward {
    /// The node has no parent.
    Not,
    /// To be published to the accepted exchange.
    Shared,
    /// That, and to be heard of from the tiers above: the parent is one that can send receipts.
    Awaited,
}

/// Notes batches as to be published, and as to be heard of, as `upward` says.
pub(super) async fn insert(tx: &Transaction<'_>, batches: &[Uuid], upward: Upward) -> Result<(), StoreError> {
    let insert = match upward {
        _ if batches.is_empty() => return Ok(()),
        Upward::Not => return Ok(()),
        Upward::Shared => "INSERT INTO outbox (batch) SELECT * FROM unnest($1::uuid[]) ON CONFLICT DO NOTHING",
        Upward::Awaited => {
            "WITH given AS MATERIALIZED (SELECT * FROM unnest($1::uuid[]) AS given(batch)), \
             awaited AS (INSERT INTO unsettled (batch) SELECT batch FROM given ON CONFLICT DO NOTHING) \
             INSERT INTO outbox (batch) SELECT batch FROM given ON CONFLICT DO NOTHING"
        }
    };
    let statement = tx.prepare_cached(insert).await?;
    tx.execute(&statement, &[&batches]).await?;
    Ok(())
}

impl Store {
    /// Takes published batches off the outbox.
    pub async fn published(&self, batches: &[Uuid]) -> Result<(), StoreError> {
        let client = self.client().await?;
        let statement = client.prepare_cached("DELETE FROM outbox WHERE batch = ANY($1)").await?;
        client.execute(&statement, &[&batches]).await?;
        Ok(())
    }

    /// The oldest batches left in the outbox for longer than `age`: their publisher has died or was cut off. At most `limit`
    /// of them and, but for the first, `bytes` of bodies.
    pub async fn left_in_outbox(&self, age: Duration, limit: i64, bytes: i64) -> Result<Vec<Uuid>, StoreError> {
        let client = self.client().await?;
        let rows = client
            .query(
                "SELECT batch FROM (SELECT o.batch, o.since, sum(b.bytes) OVER (ORDER BY o.since, o.batch) - b.bytes AS before \
                 FROM (SELECT batch, since FROM outbox WHERE since < now() - make_interval(secs => $1) \
                 ORDER BY since, batch LIMIT $2) o JOIN once ON once.id = o.batch CROSS JOIN LATERAL \
                 (SELECT bytes FROM batches WHERE persisted_at = once.at AND batches.id = once.id OFFSET 0) b) sized \
                 WHERE before < $3 ORDER BY since, batch",
                &[&age.as_secs_f64(), &limit, &bytes],
            )
            .await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// Puts batches off that cannot be published as they are, so that they do not stand before the others.
    pub async fn put_off_in_outbox(&self, batches: &[Uuid], by: Duration) -> Result<(), StoreError> {
        if batches.is_empty() {
            return Ok(());
        }
        let client = self.client().await?;
        let later = "UPDATE outbox SET since = now() + make_interval(secs => $2) WHERE batch = ANY($1)";
        client.execute(later, &[&batches, &by.as_secs_f64()]).await?;
        Ok(())
    }

    /// How many batches wait in the outbox.
    pub async fn outbox_depth(&self) -> Result<i64, StoreError> {
        Ok(self.client().await?.query_one("SELECT count(*) FROM outbox", &[]).await?.get(0))
    }
}
