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

/// A batch is never committed earlier than it was accepted, but for the difference of two clocks: persist refuses one that is
/// more than ten minutes ahead.
const CLOCKS_MICROS: i64 = 3_600_000_000;

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
        if is_write && matches!(state, None | Some(BatchState::Failed | BatchState::Parked)) {
            sources.push(Source::Failures);
        }
    }
    if state.is_none() && filter.batch.is_none() && filter.region.is_none() {
        sources.extend((filter.success != Some(false)).then_some(Source::Answered));
        sources.extend((filter.success != Some(true)).then_some(Source::Refused));
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
    '0001', r.reason, r.detail, 0, CASE r.state WHEN 'retrying' THEN 'failed' ELSE 'parked' END, NULL::json, NULL::timestamptz";

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
                self.batches(filter, &mut conditions);
                (BATCH, if self == Source::Known { KNOWN } else { "batches" }, "accepted_at")
            }
            Source::Answered | Source::Refused => {
                self.entries(filter, &mut conditions);
                (ENTRY, "log", "at")
            }
            Source::Failures => {
                failures(filter, &mut conditions);
                (FAILURE, "failures", "at")
            }
        };
        period(filter, time, &mut conditions);
        let streams = self.streams(filter, values, &mut conditions);
        let source = streams::Source { columns, table, time, conditions: conditions.sql() };
        let sql = match &streams {
            Some((from, condition, count)) => source.merged(&Streams { from, condition, count: *count }, rows),
            None => source.page(rows),
        };
        (sql, conditions)
    }

    fn batches(self, filter: &LogFilter, conditions: &mut Conditions) {
        match self {
            Source::Known => conditions.add("id = ANY(?)", [Box::new(filter.ids()) as Parameter]),
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
        // Months that ended before the page begins are not looked at.
        if let Some(from) = filter.earliest() {
            conditions.add("persisted_at >= ?", [moment(from.plus_micros(-CLOCKS_MICROS))]);
        }
    }

    fn entries(self, filter: &LogFilter, conditions: &mut Conditions) {
        conditions.add(if self == Source::Answered { "code = ''" } else { "code <> ''" }, []);
        if let Some(random) = &filter.random {
            conditions.add("random = ?", [text(random)]);
        }
        if let Some(appid) = &filter.appid {
            conditions.add("appid = ?", [text(appid)]);
        }
        if let Some(busicode) = filter.busicodes.first() {
            conditions.add("busicode = ?", [text(busicode)]);
        }
        if let Some(action) = filter.action {
            conditions.add("action = ?", [text(action.code())]);
        }
    }

    /// The streams the page has to be merged from: a table function, the condition of one, and how many there are.
    fn streams(
        self,
        filter: &LogFilter,
        values: &[String],
        conditions: &mut Conditions,
    ) -> Option<(String, String, usize)> {
        let numbers = || values.iter().filter_map(|value| value.parse().ok()).collect::<Vec<i32>>();
        match self {
            Source::Batches if filter.by_region() => {
                let regions = numbers();
                let count = regions.len();
                let from = conditions.bind("unnest(?::int[]) AS s(region)", [Box::new(regions) as Parameter]);
                Some((from, "region = s.region".to_owned(), count))
            }
            Source::Batches => {
                let busicodes: Vec<i16> = numbers().into_iter().filter_map(|code| i16::try_from(code).ok()).collect();
                let actions = Action::ALL.into_iter().filter(|action| action.is_write()).map(action_number).collect();
                codes(filter, busicodes, actions, "smallint", conditions)
            }
            Source::Answered if filter.random.is_none() => {
                let actions: Vec<&'static str> = Action::ALL.iter().map(|action| action.code()).collect();
                codes(filter, values.to_vec(), actions, "text", conditions)
            }
            _ => None,
        }
    }
}

/// Looked up by the month that `once` knows.
const KNOWN: &str = "(SELECT b.* FROM once o JOIN batches b ON b.id = o.id AND b.persisted_at = o.at)";

/// One stream for each dataset and action that are not given.
fn codes<B, A>(
    filter: &LogFilter,
    busicodes: Vec<B>,
    actions: Vec<A>,
    of_type: &str,
    conditions: &mut Conditions,
) -> Option<(String, String, usize)>
where
    Vec<B>: tokio_postgres::types::ToSql + Sync + Send + 'static,
    Vec<A>: tokio_postgres::types::ToSql + Sync + Send + 'static,
{
    let (mut tables, mut parts, mut count) = (Vec::new(), Vec::new(), 1);
    if filter.busicodes.is_empty() {
        count *= busicodes.len();
        let values = [Box::new(busicodes) as Parameter];
        tables.push(conditions.bind(&format!("unnest(?::{of_type}[]) AS s(busicode)"), values));
        parts.push("busicode = s.busicode");
    }
    if filter.action.is_none() {
        count *= actions.len();
        let values = [Box::new(actions) as Parameter];
        tables.push(conditions.bind(&format!("unnest(?::{of_type}[]) AS t(action)"), values));
        parts.push("action = t.action");
    }
    (!tables.is_empty()).then(|| (tables.join(" CROSS JOIN "), parts.join(" AND "), count))
}

fn failures(filter: &LogFilter, conditions: &mut Conditions) {
    match filter.state {
        Some(BatchState::Failed) => conditions.add("state <> 'resolved' AND state = 'retrying'", []),
        Some(BatchState::Parked) => conditions.add("state <> 'resolved' AND state = 'failed'", []),
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

fn period(filter: &LogFilter, time: &str, conditions: &mut Conditions) {
    if let Some(from) = filter.from {
        conditions.add(&format!("{time} >= ?"), [moment(from)]);
    }
    if let Some(until) = filter.until {
        conditions.add(&format!("{time} < ?"), [moment(until)]);
    }
    if let Some((at, id)) = filter.after {
        conditions.add(&format!("({time}, id) > (?, ?)"), [moment(at), Box::new(id)]);
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

    /// No row of the page is earlier.
    fn earliest(&self) -> Option<Moment> {
        self.from.max(self.after.map(|(at, _)| at))
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
