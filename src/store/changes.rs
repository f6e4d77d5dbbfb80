//! The history: which batch changed which record. The change that made a record stands in its row; here are the later ones.

use super::StoreError;
use deadpool_postgres::Transaction;
use uuid::Uuid;

/// Changes merged by the transaction at hand, column by column.
#[derive(Default)]
pub(super) struct Changes {
    records: Vec<i64>,
    batches: Vec<Uuid>,
    ordinals: Vec<i32>,
}

impl Changes {
    pub(super) fn push(&mut self, record: i64, batch: Uuid, ordinal: u32) {
        self.records.push(record);
        self.batches.push(batch);
        self.ordinals.push(ordinal as i32);
    }

    pub(super) async fn insert(&self, tx: &Transaction<'_>) -> Result<(), StoreError> {
        if self.records.is_empty() {
            return Ok(());
        }
        let statement = tx
            .prepare_cached(
                "INSERT INTO changes (record, batch, ordinal) SELECT * FROM unnest($1::bigint[], $2::uuid[], $3::int[])",
            )
            .await?;
        tx.execute(&statement, &[&self.records, &self.batches, &self.ordinals]).await?;
        Ok(())
    }
}
