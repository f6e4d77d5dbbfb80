//! Batches on their way to a parent that knows no batches: one exchange at a time, and which parts of each it has taken.

use super::{Store, StoreError};
use deadpool_postgres::Transaction;
use std::collections::HashSet;
use std::future::Future;
use std::time::Duration;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

/// Between two signs of life: PostgreSQL ends what is idle amid a transaction for longer than [`super::pool::SILENT`].
const SIGN_OF_LIFE: Duration = Duration::from_secs(10);

/// Any number that no other user of the database takes a lock on.
const SERIALLY: i64 = 0x5e5a_3e01;

impl Store {
    /// Does the work while no other process of the node does any by this function. It holds a connection meanwhile, and gives the work
    /// up when that does not answer: somebody else may have its lock by then.
    ///
    /// # Errors
    /// When the store is away before or meanwhile: then some of the work may have been done.
    pub async fn serially<T>(&self, work: impl Future<Output = T>) -> Result<T, StoreError> {
        let mut client = self.client().await?;
        // The lock ends with its transaction, however that ends. Between statements it holds back no vacuum.
        let tx = client.transaction().await?;
        tx.execute("SELECT pg_advisory_xact_lock($1)", &[&SERIALLY]).await?;
        let done = tokio::select! {
            done = work => done,
            error = lost(&tx) => return Err(error),
        };
        if let Err(error) = tx.commit().await {
            tracing::debug!(%error, "what was done alone is done");
        }
        Ok(done)
    }

    /// The randoms of those parts of a batch that the parent has taken.
    pub async fn parts_taken(&self, batch: Uuid) -> Result<HashSet<Uuid>, StoreError> {
        let client = self.client().await?;
        let rows = client.query("SELECT random FROM uplink_parts WHERE batch = $1", &[&batch]).await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// Notes that the parent has taken a part of a batch.
    pub async fn note_part(&self, batch: Uuid, random: Uuid) -> Result<(), StoreError> {
        let insert = "INSERT INTO uplink_parts (batch, random) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        self.client().await?.execute(insert, &[&batch, &random]).await?;
        Ok(())
    }

    /// Forgets the parts of a batch of which the parent has taken all.
    pub async fn forget_parts(&self, batch: Uuid) -> Result<(), StoreError> {
        self.client().await?.execute("DELETE FROM uplink_parts WHERE batch = $1", &[&batch]).await?;
        Ok(())
    }
}

/// Ends when the transaction does, with the reason.
async fn lost(tx: &Transaction<'_>) -> StoreError {
    loop {
        sleep(SIGN_OF_LIFE).await;
        match timeout(SIGN_OF_LIFE, tx.batch_execute("")).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return error.into(),
            Err(_) => return StoreError::Outage(format!("no answer within {} s", SIGN_OF_LIFE.as_secs())),
        }
    }
}
