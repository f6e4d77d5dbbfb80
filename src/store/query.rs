//! The query of records (§6.1 数据查询) in the order in which this node applied their last changes.

use super::pool::Purpose;
use super::{Store, StoreError};
use crate::standard::code::BusinessCode;
use crate::standard::moment::Moment;
use crate::standard::region::Region;
use std::time::Duration;
use time::OffsetDateTime;
use tokio_postgres::types::ToSql;

/// Conditions of a query, all of which must hold (contract 6.1, action 04).
#[derive(Debug, Clone)]
pub struct RecordFilter {
    /// The dataset.
    pub busicode: BusinessCode,
    /// The parts of the primary key in comparable form; `None` for a part not asked for.
    pub key: Vec<Option<String>>,
    /// REGION: covers all below.
    pub region: Region,
    /// Regions the caller may see; each covers all below.
    pub granted: Vec<Region>,
    /// SINCE, inclusive.
    pub since: Option<Moment>,
    /// UNTIL, exclusive.
    pub until: Option<Moment>,
    /// DELETED: deleted records too.
    pub deleted: bool,
    /// SIZE.
    pub size: u32,
    /// AFTER: the place of the last row of the page before.
    pub after: Option<(Moment, i64)>,
}

/// One record as a query answers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordRow {
    /// When this node applied the last change.
    pub applied: Moment,
    /// Breaks ties of time in the cursor.
    pub id: i64,
    /// Whether the deleted mark is set.
    pub is_deleted: bool,
    /// The fields, a flat JSON object of strings.
    pub fields: String,
}

/// One page of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// At most SIZE rows.
    pub rows: Vec<RecordRow>,
    /// The cursor to go on from, if there is more.
    pub after: Option<(Moment, i64)>,
}

/// Between reading the clock and showing in `pg_stat_activity` a transaction is invisible; far longer than that takes.
const MARGIN: Duration = Duration::from_millis(100);

/// How long to wait for running transactions when a whole page is newer than them.
const PATIENCE: Duration = Duration::from_secs(2);

impl Store {
    /// One page of records.
    ///
    /// Rows are ordered by the start of the transaction that applied them. A transaction still running may yet show
    /// rows that belong before those already visible, so a page that is to be continued ends before the oldest running
    /// one: no cursor ever skips a record or meets it twice.
    pub async fn query_records(&self, filter: &RecordFilter) -> Result<Page, StoreError> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let horizon = self.horizon().await?;
            let mut rows = self.select(filter).await?;
            if rows.len() <= filter.size as usize {
                return Ok(Page { rows, after: None });
            }
            rows.truncate(filter.size as usize);
            rows.retain(|row| row.applied < horizon);
            if let Some(last) = rows.last() {
                let after = Some((last.applied, last.id));
                return Ok(Page { rows, after });
            }
            if tokio::time::Instant::now() > deadline {
                return Err(StoreError::Outage("a transaction has been running for too long".to_owned()));
            }
            tokio::time::sleep(MARGIN).await;
        }
    }

    /// No transaction that started before this moment can still show rows.
    async fn horizon(&self) -> Result<Moment, StoreError> {
        let client = self.client().await?;
        let statement = client
            .prepare_cached(
                "SELECT least(min(xact_start), clock_timestamp() - make_interval(secs => $2)) FROM pg_stat_activity \
                 WHERE datname = current_database() AND application_name = $1 AND xact_start IS NOT NULL",
            )
            .await?;
        let row = client.query_one(&statement, &[&Purpose::Persist.application_name(), &MARGIN.as_secs_f64()]).await?;
        Ok(row.get::<_, OffsetDateTime>(0).into())
    }

    async fn select(&self, filter: &RecordFilter) -> Result<Vec<RecordRow>, StoreError> {
        let (sql, parameters) = statement(filter);
        let parameters: Vec<&(dyn ToSql + Sync)> =
            parameters.iter().map(|p| p.as_ref() as &(dyn ToSql + Sync)).collect();
        let client = self.client().await?;
        let statement = client.prepare_cached(&sql).await?;
        let rows = client.query(&statement, &parameters).await?;
        Ok(rows
            .iter()
            .map(|row| RecordRow {
                applied: row.get::<_, OffsetDateTime>(0).into(),
                id: row.get(1),
                is_deleted: row.get(2),
                fields: row.get(3),
            })
            .collect())
    }
}

type Parameter = Box<dyn ToSql + Sync + Send>;

/// The statement of exactly the conditions given: a plan for `($1 IS NULL OR ...)` would use no index.
fn statement(filter: &RecordFilter) -> (String, Vec<Parameter>) {
    let mut conditions = Conditions::default();
    conditions.add("busicode = ?", [Box::new(filter.busicode.number() as i16) as Parameter]);
    if filter.key.iter().all(Option::is_some) && !filter.key.is_empty() {
        let key = filter.key.iter().flatten().map(String::as_str).collect::<Vec<_>>().join("\u{1f}");
        conditions.add("key = ?", [Box::new(key) as Parameter]);
    } else {
        for (at, part) in filter.key.iter().enumerate() {
            if let Some(part) = part {
                let text = format!("split_part(key, E'\\x1f', {}) = ?", at + 1);
                conditions.add(&text, [Box::new(part.clone()) as Parameter]);
            }
        }
    }
    if filter.region != Region::NATION {
        let (first, last) = filter.region.span();
        conditions.add("region BETWEEN ? AND ?", [Box::new(first as i32) as Parameter, Box::new(last as i32)]);
    }
    if !filter.granted.iter().any(|granted| granted.covers(filter.region)) {
        let spans = filter.granted.iter().map(|granted| granted.span());
        let (first, last): (Vec<i32>, Vec<i32>) = spans.map(|(first, last)| (first as i32, last as i32)).unzip();
        conditions.add(
            "EXISTS (SELECT 1 FROM unnest(?::int[], ?::int[]) AS g(first, last) WHERE region BETWEEN first AND last)",
            [Box::new(first) as Parameter, Box::new(last)],
        );
    }
    if let Some(since) = filter.since {
        conditions.add("applied_at >= ?", [Box::new(OffsetDateTime::from(since)) as Parameter]);
    }
    if let Some(until) = filter.until {
        conditions.add("applied_at < ?", [Box::new(OffsetDateTime::from(until)) as Parameter]);
    }
    if let Some((at, id)) = filter.after {
        conditions.add("(applied_at, id) > (?, ?)", [Box::new(OffsetDateTime::from(at)) as Parameter, Box::new(id)]);
    }
    if !filter.deleted {
        conditions.add("NOT is_deleted", []);
    }
    let limit = i64::from(filter.size) + 1;
    let sql = format!(
        "SELECT applied_at, id, is_deleted, fields FROM records WHERE added IS NOT NULL{} \
         ORDER BY applied_at, id LIMIT {limit}",
        conditions.sql
    );
    (sql, conditions.parameters)
}

/// Conditions joined by AND, with their parameters numbered as they come.
#[derive(Default)]
struct Conditions {
    sql: String,
    parameters: Vec<Parameter>,
}

impl Conditions {
    /// Adds a condition; each `?` stands for the next of the parameters.
    fn add<const N: usize>(&mut self, text: &str, parameters: [Parameter; N]) {
        self.sql.push_str(" AND ");
        for (at, piece) in text.split('?').enumerate() {
            if at > 0 {
                self.sql.push_str(&format!("${}", self.parameters.len() + at));
            }
            self.sql.push_str(piece);
        }
        self.parameters.extend(parameters);
    }
}
