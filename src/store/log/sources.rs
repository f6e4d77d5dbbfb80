//! The sources of the log, and the statement that reads one by the index that fits the conditions.
//!
//! Where several conditions are given PostgreSQL chooses among the indices by what it knows of the values; where the one that fits
//! does not begin with a given value (which datasets? which counties of the city?) the statement goes through them as
//! [`streams`].

use super::{BatchState, LogFilter};
use crate::standard::code::Action;
use crate::standard::moment::Moment;
use crate::standard::region::{Region, Tier};
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
    /// What made no batch, of a random.
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

/// Rows of the pages that are asked for most: where nobody says how many, and the most there are.
const USUAL_SIZES: [u32; 2] = [100, 2_000];

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
        match filter.success {
            _ if filter.random.is_some() => sources.push(Source::Entries),
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
            Source::Batches if filter.way() == Way::Regions => {
                let (first, last) = filter.region.unwrap_or(Region::NATION).span();
                conditions.add("region BETWEEN ? AND ?", [number(first as i32), number(last as i32)]);
                let sql = streams::distinct("region", "batches", conditions.sql(), MOST_VALUES);
                return Some(Wanted { sql, conditions });
            }
            Source::Batches if filter.busicodes.is_empty() => ("busicode", "batches"),
            Source::Known => {
                // Few of those meant are there; PostgreSQL, given all of them, would rather read all batches.
                conditions.add("id = ANY(?)", [Box::new(filter.ids()) as Parameter]);
                let sql = format!("SELECT id::text FROM once WHERE {}", conditions.sql());
                return Some(Wanted { sql, conditions });
            }
            Source::Answered if filter.busicodes.is_empty() => {
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
    pub(super) fn page(self, filter: &LogFilter, values: &[String]) -> (String, Conditions) {
        let rows = rows(filter);
        self.statement(filter, values, |source, streams| match streams {
            Some(streams) => source.merged(streams, rows),
            None if self == Source::Batches || self == Source::Refused => source.found(rows),
            None => source.page(rows),
        })
    }

    /// The statement that tells times of the page, where those should be known first.
    pub(super) fn times(self, filter: &LogFilter, values: &[String]) -> Option<(String, Conditions)> {
        let rows = rows(filter);
        self.streams(filter, values, &mut Conditions::default())?.is_bounded_first(rows).then(|| {
            self.statement(filter, values, |source, streams| {
                streams.map_or_else(String::new, |streams| source.times(streams, rows))
            })
        })
    }

    fn statement(
        self,
        filter: &LogFilter,
        values: &[String],
        sql: impl FnOnce(&streams::Source<'_>, Option<&Streams>) -> String,
    ) -> (String, Conditions) {
        let mut conditions = Conditions::default();
        let known = (self == Source::Known).then(|| known(values, &mut conditions));
        let (columns, table, time, place) = match self {
            Source::Known | Source::Resolved | Source::Batches => {
                self.batches(filter, &mut conditions);
                (BATCH, known.as_deref().unwrap_or("batches"), "accepted_at", "persisted_at")
            }
            Source::Entries | Source::Answered | Source::Refused => {
                self.entries(filter, &mut conditions);
                (ENTRY, "log", "at", "at")
            }
            Source::Failures => {
                failures(filter, &mut conditions);
                (FAILURE, "failures", "at", "at")
            }
        };
        let streams = self.streams(filter, values, &mut conditions);
        let mut bound = |at: Moment| conditions.bind("?", [moment(at)]);
        let (from, until) = (filter.from.map(&mut bound), filter.until.map(&mut bound));
        let after = filter.after.map(|(at, id)| (bound(at), id));
        let after = after.map(|(at, id)| (at, conditions.bind("?", [Box::new(id) as Parameter])));
        let source = streams::Source {
            columns,
            table,
            time,
            place,
            partial: "",
            conditions: conditions.sql().to_owned(),
            from,
            until,
            after,
        };
        let sql = sql(&source, streams.as_ref());
        (sql, conditions)
    }

    fn batches(self, filter: &LogFilter, conditions: &mut Conditions) {
        if filter.state == Some(BatchState::Resolved) {
            conditions.add("resolved", []);
        }
        if let Some(random) = &filter.random {
            conditions.add("random = ?", [text(random)]);
        }
        if filter.state == Some(BatchState::Persisted) {
            conditions.add("NOT resolved", []);
        }
        // Where it is decided what is gone through, PostgreSQL shall not go through the other.
        let (appid, region) = match filter.way() {
            Way::Regions if self == Source::Batches => ("appid || ''", "region"),
            Way::App if self == Source::Batches => ("appid", "region + 0"),
            _ => ("appid", "region"),
        };
        written(filter, appid, region, conditions);
        if let Some(origin) = filter.entered_at {
            conditions.add("origin = ?", [number(origin.number() as i32)]);
        }
    }

    fn entries(self, filter: &LogFilter, conditions: &mut Conditions) {
        match self {
            Source::Answered => conditions.add("code = ''", []),
            Source::Refused => conditions.add("code <> ''", []),
            _ => match filter.success {
                Some(true) => conditions.add("code = ''", []),
                Some(false) => conditions.add("code <> ''", []),
                None => {}
            },
        }
        if let Some(random) = &filter.random {
            conditions.add("random = ?", [text(random)]);
        }
        if let Some(appid) = &filter.appid {
            conditions.add("appid = ?", [text(appid)]);
        }
        if let Some(busicode) = filter.busicodes.first() {
            conditions.add("busicode = ?", [text(busicode)]);
        }
        match filter.action {
            Some(action) if self == Source::Refused => {
                conditions.add(&format!("{KIND} = ?"), [number(i32::from(action_number(action)))]);
            }
            Some(action) => conditions.add("action = ?", [text(action.code())]),
            None => {}
        }
    }

    /// Whether one plan is good for any values, since no other index than the one meant gives the order. Then it is made once for
    /// each connection and not for each query, which takes longer than the rest.
    pub(super) fn is_steady(self, filter: &LogFilter) -> bool {
        let given = [
            filter.appid.is_some(),
            !filter.busicodes.is_empty(),
            filter.region.is_some(),
            filter.random.is_some(),
            filter.batch.is_some(),
        ];
        // Sizes are part of the text, so that only the usual ones are kept.
        self != Source::Known && USUAL_SIZES.contains(&filter.size) && given.iter().filter(|given| **given).count() <= 1
    }

    /// The streams the page has to be merged from.
    fn streams(self, filter: &LogFilter, values: &[String], conditions: &mut Conditions) -> Option<Streams> {
        let numbers = || values.iter().filter_map(|value| value.parse().ok()).collect::<Vec<i32>>();
        match self {
            Source::Batches if filter.way() == Way::Regions => {
                let regions = numbers();
                let count = regions.len();
                let from = conditions.bind("unnest(?::int[]) AS s_region(value)", [Box::new(regions) as Parameter]);
                // Of the actions even the rarest is met soon; whatever else is asked for a stream may not have at all.
                let is_rare = filter.entered_at.is_some() || filter.appid.is_some() || !filter.busicodes.is_empty();
                let is_sifted = filter.action.is_some() && !is_rare;
                Some(Streams { from, keys: vec![("s_region", "region")], count, is_sifted })
            }
            Source::Batches => {
                let busicodes: Vec<i16> = numbers().into_iter().filter_map(|code| i16::try_from(code).ok()).collect();
                let actions = Action::ALL.into_iter().filter(|action| action.is_write()).map(action_number).collect();
                codes(filter, busicodes, actions, "smallint", conditions)
            }
            Source::Answered => {
                let actions: Vec<&'static str> = Action::ALL.iter().map(|action| action.code()).collect();
                codes(filter, values.to_vec(), actions, "text", conditions)
            }
            Source::Refused if filter.appid.is_none() && filter.action.is_none() => {
                let from = "generate_series(0, 4) AS s_kind(value)".to_owned();
                Some(Streams { from, keys: vec![("s_kind", KIND)], count: 5, is_sifted: false })
            }
            _ => None,
        }
    }
}

/// The action of a refused request as a number, 0 where it is none: strangers send what they like. As the index has it.
const KIND: &str = "(CASE action WHEN '01' THEN 1 WHEN '02' THEN 2 WHEN '03' THEN 3 WHEN '04' THEN 4 ELSE 0 END)";

/// Batches of these ids, looked up by the month that `once` knows, one by one: joined, PostgreSQL looks for the ids in all months.
fn known(ids: &[String], conditions: &mut Conditions) -> String {
    let ids: Vec<Uuid> = ids.iter().filter_map(|id| id.parse().ok()).collect();
    conditions.bind(
        "(SELECT b.* FROM once o CROSS JOIN LATERAL \
         (SELECT * FROM batches WHERE persisted_at = o.at AND batches.id = o.id OFFSET 0) b WHERE o.id = ANY(?))",
        [Box::new(ids) as Parameter],
    )
}

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
    let (mut tables, mut keys, mut count) = (Vec::new(), Vec::new(), 1);
    if filter.busicodes.is_empty() {
        count *= busicodes.len();
        let values = [Box::new(busicodes) as Parameter];
        tables.push(conditions.bind(&format!("unnest(?::{of_type}[]) AS s_busicode(value)"), values));
        keys.push(("s_busicode", "busicode"));
    }
    if filter.action.is_none() {
        count *= actions.len();
        let values = [Box::new(actions) as Parameter];
        tables.push(conditions.bind(&format!("unnest(?::{of_type}[]) AS s_action(value)"), values));
        keys.push(("s_action", "action"));
    }
    (!tables.is_empty()).then(|| Streams { from: tables.join(" CROSS JOIN "), keys, count, is_sifted: false })
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
    written(filter, "appid", "region", conditions);
    if let Some(origin) = filter.entered_at {
        conditions.add(
            "CASE WHEN headers->>'sesame-origin' ~ '^[0-9]{6}$' THEN (headers->>'sesame-origin')::int = ? ELSE true END",
            [number(origin.number() as i32)],
        );
    }
}

/// Conditions on what was written, of batches and failures alike; app and region are the columns as they are to be compared.
fn written(filter: &LogFilter, app: &str, region: &str, conditions: &mut Conditions) {
    if let Some(appid) = &filter.appid {
        conditions.add(&format!("{app} = ?"), [text(appid)]);
    }
    if let Some(busicode) = filter.busicodes.first() {
        // A code that is no number is none of a batch.
        conditions.add("busicode = ?", [Box::new(busicode.parse::<i16>().unwrap_or(-1)) as Parameter]);
    }
    if let Some(action) = filter.action {
        conditions.add("action = ?", [Box::new(action_number(action)) as Parameter]);
    }
    match filter.region.map(Region::span) {
        Some((first, last)) if first == last => {
            conditions.add(&format!("{region} = ?"), [number(first as i32)]);
        }
        Some((first, last)) if filter.region != Some(Region::NATION) => {
            conditions.add(&format!("{region} BETWEEN ? AND ?"), [number(first as i32), number(last as i32)]);
        }
        _ => {}
    }
}

/// What the streams of batches differ in, or what the index of the only one begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// The app, then dataset and action.
    App,
    /// The region.
    Regions,
    /// Dataset and action.
    Codes,
}

impl LogFilter {
    /// What has the fewest rows, as a rule, among what is asked for: an app has more than a city, and a province more than an app
    /// and than most datasets.
    fn way(&self) -> Way {
        let is_code = !self.busicodes.is_empty();
        match self.region.filter(|region| *region != Region::NATION) {
            Some(region) if region.tier() != Tier::Province => Way::Regions,
            _ if self.appid.is_some() => Way::App,
            Some(_) if !is_code => Way::Regions,
            _ => Way::Codes,
        }
    }

    /// The batches that can be meant, where a batch or a random is asked for.
    fn ids(&self) -> Vec<Uuid> {
        match (self.batch, &self.random) {
            (Some(batch), None) => vec![batch],
            (batch, _) => self.of_random.iter().copied().filter(|id| batch.is_none_or(|batch| batch == *id)).collect(),
        }
    }
}

/// One more than the page has tells whether there is more.
fn rows(filter: &LogFilter) -> i64 {
    i64::from(filter.size) + 1
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
