//! The query of records (§6.1 数据查询) in the order in which this node applied their last changes.

use super::conditions::{Conditions, Parameter};
use super::explain::explain;
use super::pool::{Purpose, one_moment};
use super::streams::{Source, Streams, distinct};
use super::{Store, StoreError};
use crate::standard::code::BusinessCode;
use crate::standard::moment::Moment;
use crate::standard::region::Region;
use deadpool_postgres::Transaction;
use std::collections::BTreeSet;
use std::time::Duration;
use time::OffsetDateTime;

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
        let mut client = self.client().await?;
        let tx = one_moment(&mut client).await?;
        let places = places(&tx, filter).await?;
        let filter = bounded(&tx, filter, places.as_deref()).await?;
        let (sql, conditions) = page(&filter, places.as_deref());
        // Not kept prepared: a plan that is to be good for any value is good for none.
        let rows = tx.query(&sql, &conditions.parameters()).await?;
        tx.commit().await?;
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

    /// The statements of a query, each with the plan PostgreSQL made for it and what running it took.
    pub async fn explain_records(&self, filter: &RecordFilter) -> Result<String, StoreError> {
        let mut client = self.client().await?;
        let tx = one_moment(&mut client).await?;
        let places = places(&tx, filter).await?;
        let bounded = bounded(&tx, filter, places.as_deref()).await?;
        let mut told = String::new();
        for (sql, conditions) in times(filter, places.as_deref()).into_iter().chain([page(&bounded, places.as_deref())])
        {
            told.push_str(&explain(&tx, &sql, &conditions).await?);
        }
        Ok(told)
    }
}

/// Beyond so many regions what is asked for is everywhere, and met soon in the order applied.
const MOST_REGIONS: usize = 500;

/// The filter up to where the page surely has ended, where that is worth being found first.
async fn bounded(
    tx: &Transaction<'_>,
    filter: &RecordFilter,
    places: Option<&[i32]>,
) -> Result<RecordFilter, StoreError> {
    let Some((sql, conditions)) = times(filter, places) else { return Ok(filter.clone()) };
    let times = tx.query(&sql, &conditions.parameters()).await?;
    let end = times.get(filter.size as usize).map(|row| Moment::from(row.get::<_, OffsetDateTime>(0)).plus_micros(1));
    Ok(RecordFilter { until: end.or(filter.until), ..filter.clone() })
}

/// The statement that tells times of the page, where those should be known first.
fn times(filter: &RecordFilter, places: Option<&[i32]>) -> Option<(String, Conditions)> {
    let rows = rows(filter);
    let (sql, conditions) = statement(filter, places, |source, streams| {
        let streams = streams.filter(|streams| streams.is_bounded_first(rows))?;
        Some(source.times(streams, rows))
    });
    sql.map(|sql| (sql, conditions))
}

/// The statement of a page.
fn page(filter: &RecordFilter, places: Option<&[i32]>) -> (String, Conditions) {
    let rows = rows(filter);
    statement(filter, places, |source, streams| match streams {
        Some(streams) => source.merged(streams, rows),
        None => source.page(rows),
    })
}

/// One more than the page has tells whether there is more.
fn rows(filter: &RecordFilter) -> i64 {
    i64::from(filter.size) + 1
}

/// A statement of exactly the conditions given.
///
/// A query by key finds few rows. A query by region reads the regions one by one, merged in the order applied: first uploads come
/// region by region, so that in the order of all records the first of a region may come after millions of others.
fn statement<T>(
    filter: &RecordFilter,
    places: Option<&[i32]>,
    sql: impl FnOnce(&Source<'_>, Option<&Streams>) -> T,
) -> (T, Conditions) {
    let mut conditions = Conditions::default();
    keyed(filter, &mut conditions);
    if places.is_none() {
        conditions.add("busicode = ?", [Box::new(filter.busicode.number() as i16) as Parameter]);
    }
    if let (Some((first, last)), None) = (spans(filter), places) {
        conditions.add(
            "EXISTS (SELECT 1 FROM unnest(?::int[], ?::int[]) AS g(first, last) WHERE region BETWEEN first AND last)",
            [Box::new(first) as Parameter, Box::new(last)],
        );
    }
    conditions.add(if filter.deleted { "added IS NOT NULL" } else { "added IS NOT NULL AND NOT is_deleted" }, []);
    let streams = places.map(|places| {
        let places = places.to_vec();
        let count = places.len();
        let from = conditions.bind("unnest(?::int[]) AS s_place(value)", [Box::new(places) as Parameter]);
        Streams { from, keys: vec![("s_place", PLACE)], count, is_sifted: false }
    });
    let mut bound = |at: Moment| conditions.bind("?", [Box::new(OffsetDateTime::from(at)) as Parameter]);
    let (from, until) = (filter.since.map(&mut bound), filter.until.map(&mut bound));
    let after = filter.after.map(|(at, id)| (bound(at), id));
    let after = after.map(|(at, id)| (at, conditions.bind("?", [Box::new(id) as Parameter])));
    let source = Source {
        columns: "r.applied_at, r.id, r.is_deleted, r.fields",
        table: "records",
        time: "applied_at",
        place: "applied_at",
        partial: "added IS NOT NULL AND ",
        conditions: conditions.sql().to_owned(),
        from,
        until,
        after,
    };
    let sql = sql(&source, streams.as_ref());
    (sql, conditions)
}

/// Adds the conditions on the key; whether an index begins with them.
fn keyed(filter: &RecordFilter, conditions: &mut Conditions) -> bool {
    if filter.key.iter().all(Option::is_some) && !filter.key.is_empty() {
        let key = filter.key.iter().flatten().map(String::as_str).collect::<Vec<_>>().join("\u{1f}");
        conditions.add("key = ?", [Box::new(key) as Parameter]);
        return true;
    }
    let mut is_keyed = false;
    for (at, part) in filter.key.iter().enumerate() {
        let Some(part) = part else { continue };
        match at {
            // In the order of "C", U+0020 follows U+001F.
            0 => conditions.add(
                "key >= ? AND key < ?",
                [Box::new(format!("{part}\u{1f}")) as Parameter, Box::new(format!("{part}\u{20}"))],
            ),
            1 => conditions.add(
                "strpos(key, E'\\x1f') > 0 AND split_part(key, E'\\x1f', 2) = ?",
                [Box::new(part.clone()) as Parameter],
            ),
            _ => conditions
                .add(&format!("split_part(key, E'\\x1f', {}) = ?", at + 1), [Box::new(part.clone()) as Parameter]),
        }
        is_keyed |= at < 2;
    }
    is_keyed
}

/// The first and the last regions of what is asked for and granted; `None` where that is everything.
fn spans(filter: &RecordFilter) -> Option<(Vec<i32>, Vec<i32>)> {
    let covered = filter.granted.iter().any(|granted| granted.covers(filter.region));
    if covered && filter.region == Region::NATION {
        return None;
    }
    let within = |granted: &&Region| filter.region.covers(**granted);
    let regions: Vec<Region> =
        if covered { vec![filter.region] } else { filter.granted.iter().filter(within).copied().collect() };
    Some(regions.iter().map(|region| region.span()).map(|(first, last)| (first as i32, last as i32)).unzip())
}

/// Dataset and region in one number, as an index has them.
const PLACE: &str = "(busicode * 1000000 + region)";

/// The places that have records of what is asked for by region; `None` where it is asked for otherwise, or where there are too many
/// to go through.
async fn places(tx: &Transaction<'_>, filter: &RecordFilter) -> Result<Option<Vec<i32>>, StoreError> {
    if keyed(filter, &mut Conditions::default()) {
        return Ok(None);
    }
    let Some((first, last)) = spans(filter) else { return Ok(None) };
    let mut found = BTreeSet::new();
    for (first, last) in first.iter().zip(&last) {
        let of = i32::from(filter.busicode.number()) * 1_000_000;
        if first == last {
            found.insert(of + first);
            continue;
        }
        let mut conditions = Conditions::default();
        let span = [Box::new(of + first) as Parameter, Box::new(of + last)];
        conditions.add(&format!("added IS NOT NULL AND {PLACE} BETWEEN ? AND ?"), span);
        let sql = distinct(PLACE, "records", conditions.sql(), MOST_REGIONS + 1);
        let statement = tx.prepare_cached(&sql).await?;
        for row in tx.query(&statement, &conditions.parameters()).await? {
            // What is not a number cannot come out of a column of numbers.
            found.extend(row.get::<_, String>(0).parse::<i32>());
        }
        if found.len() > MOST_REGIONS {
            return Ok(None);
        }
    }
    Ok(Some(found.into_iter().collect()))
}
