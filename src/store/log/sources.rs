//! The sources of the log, and the statement that reads one by the index that fits the conditions.
//!
//! Where several conditions are given PostgreSQL chooses among the indices by what it knows of the values; where the one that fits
//! does not begin with a given value (which datasets? which counties of the city?) the statement goes through them as
//! [`streams`].

use super::{BatchState, LogFilter};
use crate::standard::code::Action;
use crate::standard::moment::Moment;
use crate::standard::region::Region;
use crate::store::batches::action_number;
use crate::store::conditions::{Conditions, Parameter};
use crate::store::streams::{self, Streams};
use time::OffsetDateTime;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

/// A source of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// Batches whose ids are known.
    Known,
    /// Batches committed after they had failed.
    Resolved,
    /// Batches.
    Batches,
    /// Whatever made no batch, in one stream.
    Entries,
    /// Queries and validations that were answered.
    Answered,
    /// Exchanges that were refused.
    Refused,
    /// Open failures.
    Failures,
}

/// Values that a source has to be read one by one for.
pub(super) struct Wanted {
    /// Gives them, as text.
    pub(super) sql: String,
    pub(super) conditions: Conditions,
}

/// More values than a city has counties, a province too; beyond them what is asked for is everywhere.
const MOST_VALUES: usize = 500;

/// The sources that can have rows of this kind.
pub(super) fn of(filter: &LogFilter) -> Vec<Source> {
    let mut sources = Vec::new();
    if filter.busicodes.windows(2).any(|pair| pair[0] != pair[1]) {
        return sources;
    }
    let state = filter.state;
    let is_write = filter.action != Some(Action::Query);
    if filter.success != Some(false) {
        if is_write && matches!(state, None | Some(BatchState::Persisted | BatchState::Resolved)) {
            sources.push(match state {
                _ if filter.batch.is_some() || filter.random.is_some() => Source::Known,
                Some(BatchState::Resolved) => Source::Resolved,
                _ => Source::Batches,
            });
        }
        if is_write && matches!(state, None | Some(BatchState::Failed | BatchState::Parked | BatchState::Abandoned)) {
            sources.push(Source::Failures);
        }
    }
    if state.is_none() && filter.batch.is_none() && filter.region.is_none() {
        let by_time = filter.appid.is_none() && filter.busicodes.is_empty() && filter.action.is_none();
        match filter.success {
            None if by_time || filter.random.is_some() => sources.push(Source::Entries),
            None => sources.extend([Source::Answered, Source::Refused]),
            Some(true) => sources.push(Source::Answered),
            Some(false) => sources.push(Source::Refused),
        }
    }
    sources
}

const BATCH: &str = "r.id, r.accepted_at, r.appid, lpad(r.busicode::text, 3, '0'), lpad(r.action::text, 2, '0'), r.region, \
    r.random, r.id, r.records, r.bytes::bigint, '0001', CASE WHEN r.stale > 0 THEN 'STALE' ELSE '' END, \
    CASE WHEN r.stale > 0 THEN r.stale || '条早于已有数据' ELSE '' END, coalesce((r.evidence->>'millis')::int, 0), \
    CASE WHEN r.resolved THEN 'resolved' ELSE 'persisted' END, r.trace, r.persisted_at";

const ENTRY: &str = "r.id, r.at, r.appid, r.busicode, r.action, NULL::int, r.random, NULL::uuid, r.records, r.bytes, \
    CASE WHEN r.code = '' THEN '0001' ELSE '0000' END, r.code, r.message, r.millis, '', NULL::json, NULL::timestamptz";

const FAILURE: &str = "r.id, r.at, coalesce(r.appid, ''), coalesce(lpad(r.busicode::text, 3, '0'), ''), \
    coalesce(lpad(r.action::text, 2, '0'), ''), r.region, coalesce(r.random, ''), r.batch, coalesce(r.records, 0), 0::bigint, \
    '0001', r.reason, r.detail, 0, CASE r.state WHEN 'retrying' THEN 'failed' WHEN 'parked' THEN 'parked' ELSE 'abandoned' END, NULL::json, NULL::timestamptz";

impl Source {
    /// What has to be known of the table before the statement can be written.
    pub(super) fn wanted(self, filter: &LogFilter) -> Option<Wanted> {
        let mut conditions = Conditions::default();
        let (column, table) = match self {
            Source::Batches if filter.by_region() => {
                let (first, last) = filter.region.unwrap_or(Region::NATION).span();
                conditions.add("region BETWEEN ? AND ?", [number(first as i32), number(last as i32)]);
                ("region", "batches")
            }
            Source::Batches if filter.busicodes.is_empty() => ("busicode", "batches"),
            Source::Known => {
                // Few of those meant are there; PostgreSQL, given all of them, would rather read all batches.
                conditions.add("id = ANY(?)", [Box::new(filter.ids()) as Parameter]);
                let sql = format!("SELECT id::text FROM once WHERE {}", conditions.sql());
                return Some(Wanted { sql, conditions });
            }
            Source::Answered if filter.busicodes.is_empty() && filter.random.is_none() => {
                conditions.add("code = ''", []);
                ("busicode", "log")
            }
            _ => return None,
        };
        if let Some(appid) = &filter.appid {
            conditions.add("appid = ?", [text(appid)]);
        }
        let sql = streams::distinct(column, table, conditions.sql(), MOST_VALUES);
        Some(Wanted { sql, conditions })
    }

    /// The statement of a page; `values` are those wanted.
    pub(super) fn statement(self, filter: &LogFilter, values: &[String], rows: i64) -> (String, Conditions) {
        let mut conditions = Conditions::default();
        let (columns, table, time) = match self {
            Source::Known | Source::Resolved | Source::Batches => {
                self.batches(filter, values, &mut conditions);
                (BATCH, if self == Source::Known { KNOWN } else { "batches" }, "accepted_at")
            }
            Source::Entries | Source::Answered | Source::Refused => {
                self.entries(filter, &mut conditions);
                (ENTRY, "log", "at")
            }
            Source::Failures => {
                failures(filter, &mut conditions);
                (FAILURE, "failures", "at")
            }
        };
        let prefix = self.prefix(filter, &mut conditions);
        let streams = self.streams(filter, values, &mut conditions);
        let mut bound = |at: Moment| conditions.bind("?", [moment(at)]);
        let (from, until) = (filter.from.map(&mut bound), filter.until.map(&mut bound));
        let after = filter.after.map(|(at, id)| (bound(at), id));
        let after = after.map(|(at, id)| (at, conditions.bind("?", [Box::new(id) as Parameter])));
        let source = streams::Source {
            columns,
            table,
            time,
            conditions: conditions.sql().to_owned(),
            prefix,
            from,
            until,
            after,
        };
        let sql = match &streams {
            Some(streams) => source.merged(streams, rows),
            None => source.page(rows),
        };
        (sql, conditions)
    }

    fn batches(self, filter: &LogFilter, values: &[String], conditions: &mut Conditions) {
        match self {
            Source::Known => {
                let ids: Vec<Uuid> = values.iter().filter_map(|value| value.parse().ok()).collect();
                conditions.add("id = ANY(?)", [Box::new(ids) as Parameter]);
            }
            Source::Resolved => conditions.add("resolved", []),
            _ => {}
        }
        if let Some(random) = &filter.random {
            conditions.add("random = ?", [text(random)]);
        }
        if filter.state == Some(BatchState::Persisted) {
            conditions.add("NOT resolved", []);
        }
        if filter.state == Some(BatchState::Resolved) && self == Source::Known {
            conditions.add("resolved", []);
        }
        written(filter, conditions);
        if let Some(origin) = filter.entered_at {
            conditions.add("origin = ?", [number(origin.number() as i32)]);
        }
    }

    fn entries(self, filter: &LogFilter, conditions: &mut Conditions) {
        match self {
            Source::Answered => conditions.add("code = ''", []),
            Source::Refused => conditions.add("code <> ''", []),
            _ => {}
        }
        if let Some(random) = &filter.random {
            conditions.add("random = ?", [text(random)]);
        }
        let fixed = self.fixed(filter);
        let mut add = |column: &str, value: Option<&str>| {
            if let Some(value) = value.filter(|_| !fixed.contains(&column)) {
                conditions.add(&format!("{column} = ?"), [text(value)]);
            }
        };
        add("appid", filter.appid.as_deref());
        add("busicode", filter.busicodes.first().map(String::as_str));
        add("action", filter.action.map(Action::code));
    }

    /// The columns that the index to be read begins with, where one by time alone would be the wrong one.
    fn fixed(self, filter: &LogFilter) -> &'static [&'static str] {
        let (app, busicode) = (filter.appid.is_some(), !filter.busicodes.is_empty());
        match self {
            _ if filter.random.is_some() => &[],
            Source::Answered if app => &["appid", "busicode", "action"],
            Source::Answered => &["busicode", "action"],
            Source::Refused if app => &["appid"],
            Source::Refused if busicode => &["busicode"],
            Source::Refused if filter.action.is_some() => &["action"],
            _ => &[],
        }
    }

    fn prefix(self, filter: &LogFilter, conditions: &mut Conditions) -> Vec<(&'static str, String)> {
        let mut value = |column: &str| match column {
            "appid" => filter.appid.as_deref().map(|appid| conditions.bind("?", [text(appid)])),
            "busicode" => filter.busicodes.first().map(|busicode| conditions.bind("?", [text(busicode)])),
            _ => filter.action.map(|action| conditions.bind("?", [text(action.code())])),
        };
        // What is not given comes out of the streams.
        self.fixed(filter)
            .iter()
            .map(|column| (*column, value(column).unwrap_or_else(|| format!("s_{column}.value"))))
            .collect()
    }

    /// The streams the page has to be merged from.
    fn streams(self, filter: &LogFilter, values: &[String], conditions: &mut Conditions) -> Option<Streams> {
        let numbers = || values.iter().filter_map(|value| value.parse().ok()).collect::<Vec<i32>>();
        let equal = |column: &str| format!("{column} = s_{column}.value");
        match self {
            Source::Batches if filter.by_region() => {
                let regions = numbers();
                let count = regions.len();
                let from = conditions.bind("unnest(?::int[]) AS s_region(value)", [Box::new(regions) as Parameter]);
                Some(Streams { from, condition: equal("region"), count })
            }
            Source::Batches => {
                let busicodes: Vec<i16> = numbers().into_iter().filter_map(|code| i16::try_from(code).ok()).collect();
                let actions = Action::ALL.into_iter().filter(|action| action.is_write()).map(action_number).collect();
                let streams = codes(filter, busicodes, actions, "smallint", conditions)?;
                let missing = [("busicode", filter.busicodes.is_empty()), ("action", filter.action.is_none())];
                let parts = missing.iter().filter(|(_, is_missing)| *is_missing).map(|(column, _)| equal(column));
                Some(Streams { condition: parts.collect::<Vec<_>>().join(" AND "), ..streams })
            }
            Source::Answered if filter.random.is_none() => {
                let actions: Vec<&'static str> = Action::ALL.iter().map(|action| action.code()).collect();
                codes(filter, values.to_vec(), actions, "text", conditions)
            }
            _ => None,
        }
    }
}

/// Looked up by the month that `once` knows, one by one: joined, PostgreSQL looks for the ids in all months.
const KNOWN: &str = "(SELECT b.* FROM once o CROSS JOIN LATERAL (SELECT * FROM batches \
    WHERE persisted_at = o.at AND batches.id = o.id OFFSET 0) b)";

/// One stream for each dataset and action that are not given.
fn codes<B, A>(
    filter: &LogFilter,
    busicodes: Vec<B>,
    actions: Vec<A>,
    of_type: &str,
    conditions: &mut Conditions,
) -> Option<Streams>
where
    Vec<B>: ToSql + Sync + Send + 'static,
    Vec<A>: ToSql + Sync + Send + 'static,
{
    let (mut tables, mut count) = (Vec::new(), 1);
    if filter.busicodes.is_empty() {
        count *= busicodes.len();
        let values = [Box::new(busicodes) as Parameter];
        tables.push(conditions.bind(&format!("unnest(?::{of_type}[]) AS s_busicode(value)"), values));
    }
    if filter.action.is_none() {
        count *= actions.len();
        let values = [Box::new(actions) as Parameter];
        tables.push(conditions.bind(&format!("unnest(?::{of_type}[]) AS s_action(value)"), values));
    }
    (!tables.is_empty()).then(|| Streams { from: tables.join(" CROSS JOIN "), condition: "true".to_owned(), count })
}

fn failures(filter: &LogFilter, conditions: &mut Conditions) {
    match filter.state {
        Some(BatchState::Failed) => conditions.add("state <> 'resolved' AND state = 'retrying'", []),
        Some(BatchState::Parked) => conditions.add("state <> 'resolved' AND state = 'parked'", []),
        Some(BatchState::Abandoned) => {
            conditions.add("state <> 'resolved' AND state IN ('abandoned', 'discarded')", [])
        }
        _ => conditions.add("state <> 'resolved'", []),
    }
    if let Some(random) = &filter.random {
        conditions.add("random = ?", [text(random)]);
    }
    if let Some(batch) = filter.batch {
        conditions.add("batch = ?", [Box::new(batch) as Parameter]);
    }
    if filter.region == Some(Region::NATION) {
        conditions.add("region IS NOT NULL", []);
    }
    written(filter, conditions);
    if let Some(origin) = filter.entered_at {
        conditions.add(
            "CASE WHEN headers->>'sesame-origin' ~ '^[0-9]{6}$' THEN (headers->>'sesame-origin')::int = ? ELSE true END",
            [number(origin.number() as i32)],
        );
    }
}

/// Conditions on what was written, of batches and failures alike.
fn written(filter: &LogFilter, conditions: &mut Conditions) {
    if let Some(appid) = &filter.appid {
        conditions.add("appid = ?", [text(appid)]);
    }
    if let Some(busicode) = filter.busicodes.first() {
        // A code that is no number is none of a batch.
        conditions.add("busicode = ?", [Box::new(busicode.parse::<i16>().unwrap_or(-1)) as Parameter]);
    }
    if let Some(action) = filter.action {
        conditions.add("action = ?", [Box::new(action_number(action)) as Parameter]);
    }
    match filter.region.map(Region::span) {
        Some((first, last)) if first == last => conditions.add("region = ?", [number(first as i32)]),
        Some((first, last)) if filter.region != Some(Region::NATION) => {
            conditions.add("region BETWEEN ? AND ?", [number(first as i32), number(last as i32)]);
        }
        _ => {}
    }
}

impl LogFilter {
    /// Whether batches are to be read region by region: there is nothing else to begin with.
    fn by_region(&self) -> bool {
        let narrow = self.region.is_some_and(|region| region != Region::NATION);
        narrow && self.appid.is_none() && self.busicodes.is_empty()
    }

    /// The batches that can be meant, where a batch or a random is asked for.
    fn ids(&self) -> Vec<Uuid> {
        match (self.batch, &self.random) {
            (Some(batch), None) => vec![batch],
            (batch, _) => self.of_random.iter().copied().filter(|id| batch.is_none_or(|batch| batch == *id)).collect(),
        }
    }
}

fn number(number: i32) -> Parameter {
    Box::new(number)
}

fn text(text: &str) -> Parameter {
    Box::new(text.to_owned())
}

fn moment(at: Moment) -> Parameter {
    Box::new(OffsetDateTime::from(at))
}
