//! One failure with its message and all that has happened to it.

use super::FailureRow;
use super::list::{columns, row_of};
use crate::store::{Store, StoreError};
use std::collections::BTreeMap;
use tokio_postgres::types::Json;
use uuid::Uuid;

/// A failure with its message.
#[derive(Debug, Clone)]
pub struct FailureDetail {
    /// What lists show of it.
    pub row: FailureRow,
    /// Each failed attempt and each act of an operator, oldest first, as JSON objects.
    pub past: serde_json::Value,
    /// Routing key of the message.
    pub routing_key: String,
    /// Headers of the message.
    pub headers: BTreeMap<String, String>,
    /// Body of the message, zstd.
    pub body: Vec<u8>,
}

impl Store {
    /// Adds an entry to a failure's past.
    pub async fn note_in_failure(&self, id: Uuid, entry: &serde_json::Value) -> Result<(), StoreError> {
        let update = "UPDATE failures SET past = past || jsonb_build_array($2::jsonb) WHERE id = $1";
        self.client().await?.execute(update, &[&id, &Json(entry)]).await?;
        Ok(())
    }

    /// The failure of this id.
    pub async fn failure(&self, id: Uuid) -> Result<Option<FailureDetail>, StoreError> {
        let sql =
            format!("SELECT {}, f.past, f.routing_key, f.headers, f.body FROM failures f WHERE f.id = $1", columns());
        let row = self.client().await?.query_opt(&sql, &[&id]).await?;
        Ok(row.map(|row| FailureDetail {
            row: row_of(&row),
            past: row.get::<_, Json<serde_json::Value>>("past").0,
            routing_key: row.get("routing_key"),
            headers: row.get::<_, Json<BTreeMap<String, String>>>("headers").0,
            body: row.get("body"),
        }))
    }
}
