//! What a tier's database holds. Read by SQL, past the product: no interface shows the history row by row, and a checker that
//! asked the product would believe it.

use super::flow::connect;
use anyhow::Result;
use std::collections::{BTreeMap, HashMap};
use tokio_postgres::Client;
use uuid::Uuid;

/// All that the checker reads of one node.
pub struct Tier {
    pub batches: HashMap<Uuid, Batch>,
    /// Rows of the history, by batch: place in the batch, region and key of the record.
    pub history: HashMap<Uuid, Vec<(i32, String)>>,
    pub records: BTreeMap<String, Record>,
    pub failures: Vec<Failure>,
}

/// A row of `batches`.
pub struct Batch {
    pub appid: String,
    pub random: String,
    pub records: i32,
}

/// A row of `records`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Whether an add of it has come; else the row is a memory of changes without effect so far.
    pub is_added: bool,
    pub deleted: bool,
    pub fields: BTreeMap<String, String>,
    /// Everything the tiers must have alike besides, as text.
    pub versions: String,
}

/// A row of `failures` that is not resolved.
#[derive(Debug, Clone)]
pub struct Failure {
    pub batch: Option<Uuid>,
    pub step: String,
    pub reason: String,
    pub detail: String,
    pub state: String,
    pub body_bytes: i32,
}

impl Tier {
    /// Reads a node's database.
    pub async fn read(uri: &str) -> Result<Self> {
        let client = connect(uri).await?;
        Ok(Self {
            batches: batches(&client).await?,
            history: history(&client).await?,
            records: records(&client).await?,
            failures: failures(&client).await?,
        })
    }

    /// The open failures of a batch that keep its body.
    pub fn kept(&self, batch: Uuid) -> impl Iterator<Item = &Failure> {
        self.failures.iter().filter(move |failure| failure.batch == Some(batch) && failure.body_bytes > 0)
    }
}

/// How records are called here: region and key, as the tables have them.
pub fn record_name(region: &str, key: &str) -> String {
    format!("{region}/{key}")
}

async fn batches(client: &Client) -> Result<HashMap<Uuid, Batch>> {
    let rows = client.query("SELECT id, appid, random, records FROM batches", &[]).await?;
    Ok(rows
        .iter()
        .map(|row| (row.get(0), Batch { appid: row.get(1), random: row.get(2), records: row.get(3) }))
        .collect())
}

async fn history(client: &Client) -> Result<HashMap<Uuid, Vec<(i32, String)>>> {
    let rows = client
        .query(
            "SELECT c.batch, c.ordinal, coalesce(r.region::text || '/' || r.key, 'no record') \
             FROM history c LEFT JOIN records r ON r.id = c.record ORDER BY c.batch, c.ordinal",
            &[],
        )
        .await?;
    let mut history: HashMap<Uuid, Vec<(i32, String)>> = HashMap::new();
    for row in &rows {
        history.entry(row.get(0)).or_default().push((row.get(1), row.get(2)));
    }
    Ok(history)
}

async fn records(client: &Client) -> Result<BTreeMap<String, Record>> {
    let rows = client
        .query(
            "SELECT region, key, is_deleted, coalesce(fields, '{}'), \
             concat_ws(' ', encode(added, 'hex'), encode(deleted, 'hex'), modified::text), added IS NOT NULL FROM records",
            &[],
        )
        .await?;
    rows.iter()
        .map(|row| {
            let name = record_name(&row.get::<_, i32>(0).to_string(), row.get(1));
            let fields = serde_json::from_str(row.get(3))?;
            Ok((name, Record { deleted: row.get(2), fields, versions: row.get(4), is_added: row.get(5) }))
        })
        .collect()
}

/// What of a node's batches, since its beginning, could not be verified with the keys that it had.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unverified {
    /// Messages that failed for that.
    pub failed: i64,
    /// How many of them failed three times for it, and were parked.
    pub parked: i64,
}

impl Unverified {
    /// Both together.
    pub fn and(self, other: Self) -> Self {
        Self { failed: self.failed + other.failed, parked: self.parked + other.parked }
    }
}

/// Reads it.
pub async fn unverified(uri: &str) -> Result<Unverified> {
    let third = r#"[{"reason": "SIGN_MISMATCH", "attempt": "1.3"}]"#;
    let sql = format!(
        "SELECT count(*), count(*) FILTER (WHERE past @> '{third}') FROM failures WHERE past @> '[{{\"reason\": \"SIGN_MISMATCH\"}}]'"
    );
    let row = connect(uri).await?.query_one(&sql, &[]).await?;
    Ok(Unverified { failed: row.get(0), parked: row.get(1) })
}

/// The open ones.
pub async fn failures(client: &Client) -> Result<Vec<Failure>> {
    let rows = client
        .query(
            "SELECT batch, step, reason, detail, state, octet_length(body) FROM failures \
             WHERE state <> 'resolved' ORDER BY id",
            &[],
        )
        .await?;
    Ok(rows
        .iter()
        .map(|row| Failure {
            batch: row.get(0),
            step: row.get(1),
            reason: row.get(2),
            detail: row.get(3),
            state: row.get(4),
            body_bytes: row.get(5),
        })
        .collect())
}
