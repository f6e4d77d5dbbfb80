//! One page of the log.
//!
//! The log has four sources: batches, answered queries, refusals, and failures that are open. Each gives a page of its own by an
//! index of its own, and the pages are merged here: one statement over all of them has no plan that is good for each.

use super::sources::{self, Source};
use super::{LogFilter, LogRow};
use crate::standard::moment::Moment;
use crate::store::conditions::Conditions;
use crate::store::pool::one_moment;
use crate::store::{Store, StoreError, explain::explain};
use deadpool_postgres::Transaction;
use time::OffsetDateTime;
use tokio_postgres::Row;

impl Store {
    /// One page of the log in the order of time, and whether there is more.
    pub async fn read_log(&self, filter: &LogFilter) -> Result<(Vec<LogRow>, bool), StoreError> {
        let mut client = self.client().await?;
        let tx = one_moment(&mut client).await?;
        let sources = with_values(&tx, filter).await?;
        let bounded = bounded(&tx, &sources, filter).await?;
        let mut found = Vec::new();
        for (source, values) in &sources {
            let rows = run(&tx, *source, &bounded, &source.page(&bounded, values)).await?;
            found.extend(rows.iter().map(row).collect::<Result<Vec<_>, _>>()?);
        }
        tx.commit().await?;
        // In the order in which rows are shown.
        found.sort_unstable_by_key(|row| (row.at, row.id));
        let more = found.len() > filter.size as usize;
        found.truncate(filter.size as usize);
        Ok((found, more))
    }

    /// The statements of a log query, each with the plan PostgreSQL made for it and what running it took.
    pub async fn explain_log(&self, filter: &LogFilter) -> Result<String, StoreError> {
        let mut client = self.client().await?;
        let tx = one_moment(&mut client).await?;
        let sources = with_values(&tx, filter).await?;
        let bounded = bounded(&tx, &sources, filter).await?;
        let times = sources.iter().filter_map(|(source, values)| source.times(filter, values));
        let pages = sources.iter().map(|(source, values)| source.page(&bounded, values));
        let mut told = String::new();
        for (sql, conditions) in times.chain(pages) {
            told.push_str(&explain(&tx, &sql, &conditions).await?);
        }
        Ok(told)
    }
}

/// The sources, each with the values it goes through.
async fn with_values(tx: &Transaction<'_>, filter: &LogFilter) -> Result<Vec<(Source, Vec<String>)>, StoreError> {
    let mut sources = Vec::new();
    for source in sources::of(filter) {
        let values = match source.wanted(filter) {
            Some(wanted) => {
                let statement = tx.prepare_cached(&wanted.sql).await?;
                let rows = tx.query(&statement, &wanted.conditions.parameters()).await?;
                rows.iter().map(|row| row.get(0)).collect()
            }
            None => Vec::new(),
        };
        sources.push((source, values));
    }
    Ok(sources)
}

/// The filter up to where the page surely has ended, where that is worth being found first: what lies beyond would be fetched of
/// one source to be pushed off the page by another.
async fn bounded(
    tx: &Transaction<'_>,
    sources: &[(Source, Vec<String>)],
    filter: &LogFilter,
) -> Result<LogFilter, StoreError> {
    let mut times = Vec::new();
    for (source, values) in sources {
        if let Some(statement) = source.times(filter, values) {
            let rows = run(tx, *source, filter, &statement).await?;
            times.extend(rows.iter().map(|row| Moment::from(row.get::<_, OffsetDateTime>(0))));
        }
    }
    times.sort_unstable();
    let end = times.get(filter.size as usize).map(|last| last.plus_micros(1));
    Ok(LogFilter { until: end.or(filter.until), ..filter.clone() })
}

async fn run(
    tx: &Transaction<'_>,
    source: Source,
    filter: &LogFilter,
    (sql, conditions): &(String, Conditions),
) -> Result<Vec<Row>, StoreError> {
    if source.is_steady(filter) {
        let statement = tx.prepare_cached(sql).await?;
        Ok(tx.query(&statement, &conditions.parameters()).await?)
    } else {
        Ok(tx.query(sql, &conditions.parameters()).await?)
    }
}

fn row(row: &Row) -> Result<LogRow, StoreError> {
    let region: Option<i32> = row.get(5);
    Ok(LogRow {
        id: row.get(0),
        at: row.get::<_, OffsetDateTime>(1).into(),
        appid: row.get(2),
        busicode: row.get(3),
        action: row.get(4),
        region: region.map(crate::store::batches::region).transpose()?,
        random: row.get(6),
        batch: row.get(7),
        records: row.get::<_, i32>(8) as u32,
        bytes: row.get::<_, i64>(9) as u64,
        result: row.get(10),
        code: row.get(11),
        message: row.get(12),
        millis: row.get::<_, i32>(13) as u32,
        state: row.get(14),
        trace: row.get(15),
        persisted: row.get::<_, Option<OffsetDateTime>>(16).map(Moment::from),
    })
}
