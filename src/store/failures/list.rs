//! Failures as lists and groups.

use super::FailureFilter;
use crate::failure::{Attempt, Standing, State};
use crate::standard::code::{Action, BusinessCode};
use crate::standard::moment::Moment;
use crate::standard::region::Region;
use crate::store::conditions::Parameter;
use crate::store::{Store, StoreError, batches};
use time::OffsetDateTime;
use tokio_postgres::Row;
use uuid::Uuid;

/// A failure, but for its message.
#[derive(Debug, Clone)]
pub struct FailureRow {
    /// Its id.
    pub id: Uuid,
    /// The batch, where its message tells.
    pub batch: Option<Uuid>,
    /// The step at which it failed.
    pub step: String,
    /// From whom it came, or to whom it was on its way.
    pub link: String,
    /// Code of the last attempt's reason.
    pub reason: String,
    /// The last attempt's reason for people.
    pub detail: String,
    /// Where it stands.
    pub standing: Standing,
    /// When it was accepted or, where that is not known, failed first.
    pub at: Moment,
    /// When it failed last.
    pub last_at: Moment,
    /// When it is tried next, by itself.
    pub next_at: Option<Moment>,
    /// The sender.
    pub appid: Option<String>,
    /// The sender's random.
    pub random: Option<String>,
    /// The dataset.
    pub busicode: Option<BusinessCode>,
    /// What the batch does.
    pub action: Option<Action>,
    /// The smallest region that covers its records.
    pub region: Option<Region>,
    /// How many records it has.
    pub records: Option<u32>,
}

/// What failures are grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupBy {
    /// Why.
    Reason,
    /// Sender.
    App,
    /// Dataset.
    Dataset,
    /// Region of the records.
    Region,
    /// Step and neighbour.
    Link,
    /// Where they stand.
    State,
}

/// Failures that are alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureGroup {
    /// What they have in common, in the order asked for; `None` where their messages do not tell.
    pub values: Vec<Option<String>>,
    /// How many.
    pub count: i64,
    /// The first of them.
    pub first_at: Moment,
    /// The last failed attempt of any.
    pub last_at: Moment,
}

const COLUMNS: &str = "f.id, f.batch, f.step, f.link, f.reason, f.detail, f.state, f.round, f.attempts, f.at, f.last_at, \
     f.next_at, f.appid, f.random, f.busicode, f.action, f.region, f.records";

/// Groups that are counted at most, the largest: more of them nobody reads.
pub const MOST_GROUPS: usize = 200;

impl GroupBy {
    fn column(self) -> &'static str {
        match self {
            GroupBy::Reason => "f.reason",
            GroupBy::App => "f.appid",
            GroupBy::Dataset => "lpad(f.busicode::text, 3, '0')",
            GroupBy::Region => "lpad(f.region::text, 6, '0')",
            GroupBy::Link => "f.step || CASE f.link WHEN '' THEN '' ELSE ' ' || f.link END",
            GroupBy::State => "f.state",
        }
    }
}

impl Store {
    /// Failures, newest first, at most `size`; `after` is the last of the page before.
    pub async fn failures(
        &self,
        filter: &FailureFilter,
        size: u32,
        after: Option<(Moment, Uuid)>,
    ) -> Result<Vec<FailureRow>, StoreError> {
        let mut conditions = filter.conditions();
        if let Some((at, id)) = after {
            conditions.add("(f.at, f.id) < (?, ?)", [Box::new(OffsetDateTime::from(at)) as Parameter, Box::new(id)]);
        }
        let sql = format!(
            "SELECT {COLUMNS} FROM failures f WHERE {} ORDER BY f.at DESC, f.id DESC LIMIT {size}",
            conditions.sql()
        );
        let rows = self.client().await?.query(&sql, &conditions.parameters()).await?;
        Ok(rows.iter().map(row_of).collect())
    }

    /// Failures by what they have in common, the most frequent first.
    pub async fn failure_groups(
        &self,
        filter: &FailureFilter,
        by: &[GroupBy],
    ) -> Result<Vec<FailureGroup>, StoreError> {
        let conditions = filter.conditions();
        let columns: String = by.iter().map(|by| format!("{}, ", by.column())).collect();
        let places: Vec<String> = (1..=by.len()).map(|at| at.to_string()).collect();
        let group = if by.is_empty() { String::new() } else { format!("GROUP BY {}", places.join(", ")) };
        let sql = format!(
            "SELECT {columns}count(*) AS many, min(f.at), max(f.last_at) FROM failures f WHERE {} {group} \
             HAVING count(*) > 0 ORDER BY many DESC LIMIT {MOST_GROUPS}",
            conditions.sql()
        );
        let rows = self.client().await?.query(&sql, &conditions.parameters()).await?;
        Ok(rows
            .iter()
            .map(|row| FailureGroup {
                values: (0..by.len()).map(|at| row.get(at)).collect(),
                count: row.get(by.len()),
                first_at: row.get::<_, OffsetDateTime>(by.len() + 1).into(),
                last_at: row.get::<_, OffsetDateTime>(by.len() + 2).into(),
            })
            .collect())
    }
}

pub(super) fn columns() -> &'static str {
    COLUMNS
}

pub(super) fn row_of(row: &Row) -> FailureRow {
    // A state that is none can only be of a newer program's.
    let state = row.get::<_, &str>(6).parse().unwrap_or(State::Discarded);
    let last = Attempt { round: row.get::<_, i32>(7) as u32, attempt: row.get::<_, i32>(8) as u32 };
    FailureRow {
        id: row.get(0),
        batch: row.get(1),
        step: row.get(2),
        link: row.get(3),
        reason: row.get(4),
        detail: row.get(5),
        standing: Standing { state, last },
        at: row.get::<_, OffsetDateTime>(9).into(),
        last_at: row.get::<_, OffsetDateTime>(10).into(),
        next_at: row.get::<_, Option<OffsetDateTime>>(11).map(Moment::from),
        appid: row.get(12),
        random: row.get(13),
        busicode: row.get::<_, Option<i16>>(14).and_then(|number| batches::busicode(number).ok()),
        action: row.get::<_, Option<i16>>(15).and_then(|number| batches::action(number).ok()),
        region: row.get::<_, Option<i32>>(16).and_then(|number| batches::region(number).ok()),
        records: row.get::<_, Option<i32>>(17).map(|records| records as u32),
    }
}
