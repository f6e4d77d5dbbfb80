//! One question to the store.

use super::draw::Draw;
use anyhow::Result;
use sesame::batch::batch_id;
use sesame::store::{LogFilter, RecordFilter, Store};
use std::time::{Duration, Instant};
use time::OffsetDateTime;

/// A query with its values.
pub enum Ask {
    /// Of the log.
    Log(Box<LogFilter>),
    /// Of records.
    Records(Box<RecordFilter>),
}

impl Ask {
    /// Asks; gives the number of rows.
    pub async fn run(&self, store: &Store) -> Result<usize> {
        Ok(match self {
            Ask::Log(filter) => store.read_log(&complete(filter, store).await?).await?.0.len(),
            Ask::Records(filter) => store.query_records(filter).await?.rows.len(),
        })
    }

    /// The plans.
    pub async fn explain(&self, store: &Store) -> Result<String> {
        Ok(match self {
            Ask::Log(filter) => store.explain_log(&complete(filter, store).await?).await?,
            Ask::Records(filter) => store.explain_records(filter).await?,
        })
    }
}

/// With the batches that a random can mean, as the door finds them out.
async fn complete(filter: &LogFilter, store: &Store) -> Result<LogFilter> {
    let mut filter = filter.clone();
    if let Some(random) = &filter.random {
        let senders = store.senders(filter.appid.as_deref()).await?;
        filter.of_random = senders.iter().map(|(origin, appid)| batch_id(*origin, appid, random)).collect();
    }
    Ok(filter)
}

/// The least that any page needs: as many rows, one after another as they lie in their table, from a place that is looked up.
pub async fn floor(
    client: &tokio_postgres::Client,
    table: &str,
    draw: &Draw,
    times: usize,
) -> Result<(Vec<Duration>, f64)> {
    let sql = match table {
        "log" => {
            "SELECT id, accepted_at, appid, busicode, action, region, random, records, bytes, stale, trace, evidence \
             FROM batches WHERE persisted_at >= $1 ORDER BY persisted_at, id LIMIT 101"
        }
        _ => {
            "SELECT applied_at, id, is_deleted, fields FROM records WHERE busicode = 4 AND applied_at >= $1 \
             ORDER BY applied_at, id LIMIT 101"
        }
    };
    let (mut taken, mut rows) = (Vec::with_capacity(times), 0);
    for _ in 0..times {
        let at = OffsetDateTime::from(draw.moment());
        let begun = Instant::now();
        rows += client.query(sql, &[&at]).await?.len();
        taken.push(begun.elapsed());
    }
    taken.sort_unstable();
    Ok((taken, rows as f64 / times as f64))
}
