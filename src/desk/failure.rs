//! Failures as lists show them.

use crate::broker::Names;
use crate::failure::Reason;
use crate::standard::moment::Moment;
use crate::store::{FailureGroup, FailureRow, GroupBy};
use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

/// A failure, explained.
#[derive(Debug, Clone, Serialize)]
pub struct ShownFailure {
    /// Its id.
    pub id: Uuid,
    /// The batch, where its message tells.
    pub batch: Option<Uuid>,
    /// `retrying`, `parked`, `abandoned`, `discarded` or `resolved`.
    pub state: &'static str,
    /// The same for people.
    pub state_title: &'static str,
    /// Code of the last attempt's reason.
    pub reason: String,
    /// The last attempt's reason for people.
    pub detail: String,
    /// What an operator can do about it.
    pub remedy: &'static str,
    /// The step at which it failed.
    pub step: String,
    /// From whom it came, or to whom it was on its way.
    pub link: String,
    /// The round and the attempts failed in it.
    pub round: u32,
    /// Attempts of this round that have failed.
    pub attempts: u32,
    /// When it was accepted or, where that is not known, failed first.
    pub at: String,
    /// When it failed last.
    pub last_at: String,
    /// When it is tried next, by itself.
    pub next_at: Option<String>,
    /// The queue in which its token waits; none while an attempt is under way.
    pub queue: Option<String>,
    /// The sender.
    pub appid: Option<String>,
    /// The sender's random.
    pub random: Option<String>,
    /// The dataset.
    pub busicode: Option<String>,
    /// What the batch does.
    pub action: Option<String>,
    /// The smallest region that covers its records.
    pub region: Option<String>,
    /// How many records it has.
    pub records: Option<u32>,
}

/// Failures that are alike: what they have in common by the words of [`super::groups_by`], and how many there are.
#[derive(Debug, Clone, Serialize)]
pub struct ShownGroup {
    /// What they have in common.
    #[serde(flatten)]
    pub values: Map<String, Value>,
    /// How many.
    pub count: i64,
    /// The first of them.
    pub first_at: String,
    /// The last failed attempt of any.
    pub last_at: String,
}

impl ShownFailure {
    pub(super) fn of(row: FailureRow, names: Names, now: Moment) -> Self {
        let standing = row.standing;
        // Once its token has come back the attempt is under way, and the standing is that of before until its verdict.
        let waits = row.next_at.is_some_and(|at| at > now);
        Self {
            id: row.id,
            batch: row.batch,
            state: standing.state.as_str(),
            state_title: standing.state.title(),
            remedy: row.reason.parse().map(Reason::remedy).unwrap_or_default(),
            reason: row.reason,
            detail: row.detail,
            queue: standing.pause().filter(|_| waits).map(|pause| names.waiting(&row.step, pause)),
            step: row.step,
            link: row.link,
            round: standing.last.round,
            attempts: standing.last.attempt,
            at: row.at.to_rfc3339(),
            last_at: row.last_at.to_rfc3339(),
            next_at: row.next_at.map(|at| at.to_rfc3339()),
            appid: row.appid,
            random: row.random,
            busicode: row.busicode.map(|code| code.to_string()),
            action: row.action.map(|action| action.to_string()),
            region: row.region.map(|region| region.to_string()),
            records: row.records,
        }
    }
}

impl ShownGroup {
    pub(super) fn of(group: FailureGroup, by: &[GroupBy]) -> Self {
        let named = by.iter().zip(group.values).map(|(by, value)| (word(*by).to_owned(), value.into()));
        let mut values: Map<String, Value> = named.collect();
        let reason: Option<Reason> = values.get("reason").and_then(Value::as_str).and_then(|code| code.parse().ok());
        if let Some(reason) = reason {
            values.insert("title".to_owned(), reason.title().into());
        }
        Self { values, count: group.count, first_at: group.first_at.to_rfc3339(), last_at: group.last_at.to_rfc3339() }
    }
}

fn word(by: GroupBy) -> &'static str {
    match by {
        GroupBy::Reason => "reason",
        GroupBy::App => "app",
        GroupBy::Dataset => "dataset",
        GroupBy::Region => "region",
        GroupBy::Link => "link",
        GroupBy::State => "state",
    }
}
