//! One page of the log.
//!
//! The log has four sources: batches, answered queries, refusals, and failures that are open. Each gives a page of its own by an
//! index of its own, and the pages are merged here: one statement over all of them has no plan that is good for each.

use super::sources::{self, Source};
use super::{LogFilter, LogRow};
use crate::standard::moment::Moment;
use crate::store::conditions::Conditions;
use crate::store::{Store, StoreError, explain::explain};
use deadpool_postgres::{Object, Transaction};
use time::OffsetDateTime;
use tokio_postgres::{IsolationLevel, Row};
use uuid::Uuid;

impl Store {
    /// One page of the log in the order of time, and whether there is more.
    pub async fn read_log(&self, filter: &LogFilter) -> Result<(Vec<LogRow>, bool), StoreError> {
        let mut client = self.client().await?;
        let tx = one_moment(&mut client).await?;
        let (mut found, mut bounded) = (Vec::new(), filter.clone());
        for source in sources::of(filter) {
            found.extend(page(&tx, source, &bounded).await?);
            bound(&mut bounded, &mut found);
        }
        tx.commit().await?;
        found.sort_unstable_by_key(place);
        let more = found.len() > filter.size as usize;
        found.truncate(filter.size as usize);
        Ok((found, more))
    }

    /// The statements of a log query, each with the plan PostgreSQL made for it and what running it took.
    pub async fn explain_log(&self, filter: &LogFilter) -> Result<String, StoreError> {
        let mut client = self.client().await?;
        let tx = one_moment(&mut client).await?;
        let (mut told, mut found, mut bounded) = (String::new(), Vec::new(), filter.clone());
        for source in sources::of(filter) {
            let (sql, conditions) = statement(&tx, source, &bounded).await?;
            told.push_str(&explain(&tx, &sql, &conditions).await?);
            found.extend(page(&tx, source, &bounded).await?);
            bound(&mut bounded, &mut found);
        }
        Ok(told)
    }
}

async fn page(tx: &Transaction<'_>, source: Source, filter: &LogFilter) -> Result<Vec<LogRow>, StoreError> {
    let (sql, conditions) = statement(tx, source, filter).await?;
    let rows = if source.is_steady(filter) {
        let statement = tx.prepare_cached(&sql).await?;
        tx.query(&statement, &conditions.parameters()).await?
    } else {
        tx.query(&sql, &conditions.parameters()).await?
    };
    rows.iter().map(row).collect()
}

/// In the order in which rows are shown.
fn place(row: &LogRow) -> (Moment, Uuid) {
    (row.at, row.id)
}

/// Once a large page is full, later rows of the sources to come cannot be on it: each would be fetched in vain.
fn bound(filter: &mut LogFilter, found: &mut [LogRow]) {
    let size = filter.size as usize;
    if filter.size > sources::USUAL_SIZE && found.len() > size {
        found.sort_unstable_by_key(place);
        filter.until = Some(found[size].at.plus_micros(1));
    }
}

/// One moment for all sources: a failure resolved between two looks would show twice, or not at all.
async fn one_moment(client: &mut Object) -> Result<Transaction<'_>, StoreError> {
    let transaction = client.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true);
    Ok(transaction.start().await?)
}

/// The statement of one source, once the values it goes through are known.
async fn statement(
    tx: &Transaction<'_>,
    source: Source,
    filter: &LogFilter,
) -> Result<(String, Conditions), StoreError> {
    let values: Vec<String> = match source.wanted(filter) {
        Some(wanted) => {
            let statement = tx.prepare_cached(&wanted.sql).await?;
            let rows = tx.query(&statement, &wanted.conditions.parameters()).await?;
            rows.iter().map(|row| row.get(0)).collect()
        }
        None => Vec::new(),
    };
    Ok(source.statement(filter, &values, i64::from(filter.size) + 1))
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
