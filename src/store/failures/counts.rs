//! Failures by number.

use crate::store::{Store, StoreError};

impl Store {
    /// Failures by step, reason and state, for the metrics.
    pub async fn failure_counts(&self) -> Result<Vec<(String, String, String, i64)>, StoreError> {
        let client = self.client().await?;
        let rows = client
            .query("SELECT step, reason, state, count(*) FROM failures GROUP BY step, reason, state", &[])
            .await?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3))).collect())
    }
}
