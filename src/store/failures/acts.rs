//! Operators' acts on failures: asked for with a set that is frozen at that moment, looked at, paused, cancelled.

use super::FailureFilter;
use crate::standard::moment::Moment;
use crate::store::conditions::Parameter;
use crate::store::{Store, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use tokio_postgres::Row;
use tokio_postgres::types::Json;
use uuid::Uuid;

/// What an operator does to failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActKind {
    /// Has them tried now.
    Replay,
    /// Gives them up.
    Discard,
}

/// Where an act stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActState {
    /// The first few are tried, and the rest waits for what becomes of them.
    Canary,
    /// Under way.
    Running,
    /// Nothing more is done until an operator goes on.
    Paused,
    /// Ended by an operator; what had been begun goes its way.
    Cancelled,
    /// All of it is done.
    Done,
}

/// An act, as it is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct NewAct {
    /// Made by who asks, so that asking twice is asking once.
    pub id: Uuid,
    /// What is to be done.
    pub kind: ActKind,
    /// Who asks.
    pub by: String,
    /// Why.
    pub why: String,
    /// When.
    pub at: Moment,
    /// The conditions as they were asked for.
    pub selection: Value,
    /// The most a second.
    pub per_second: u32,
    /// So many are tried and waited for before the rest.
    pub canary: u32,
}

/// An act and how far it is.
#[derive(Debug, Clone, PartialEq)]
pub struct ActRow {
    /// As it was asked for.
    pub asked: NewAct,
    /// Where it stands.
    pub state: ActState,
    /// What has happened to it since, oldest first.
    pub past: Vec<ActEvent>,
    /// How far it is.
    pub progress: Progress,
    /// When it ended.
    pub ended: Option<Moment>,
}

/// Something that happened to an act after it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActEvent {
    /// When, RFC 3339.
    pub at: String,
    /// Who did it: an operator, or `sesame` where a canary has failed.
    pub by: String,
    /// `pause`, `resume` or `cancel`.
    pub act: String,
    /// Why.
    pub why: String,
}

/// Failures of an act by what has become of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// All that were meant.
    pub total: u32,
    /// Published again; nothing is known of them yet.
    pub sent: u32,
    /// Gone through.
    pub resolved: u32,
    /// Failed again.
    pub failed: u32,
    /// Moved on before it was their turn.
    pub skipped: u32,
    /// Given up.
    pub discarded: u32,
}

impl ActKind {
    /// As the store has it.
    pub fn as_str(self) -> &'static str {
        match self {
            ActKind::Replay => "replay",
            ActKind::Discard => "discard",
        }
    }

    /// The states an act of this kind means something to; what was discarded is taken up again only where it is asked for.
    fn states(self, filter: &FailureFilter) -> &'static str {
        match (self, filter.id.is_some() || filter.state.is_some()) {
            (ActKind::Replay, true) => "f.state IN ('parked', 'abandoned', 'discarded')",
            (ActKind::Replay, false) => "f.state IN ('parked', 'abandoned')",
            (ActKind::Discard, _) => "f.state IN ('retrying', 'parked', 'abandoned')",
        }
    }
}

impl ActState {
    const ALL: [ActState; 5] =
        [ActState::Canary, ActState::Running, ActState::Paused, ActState::Cancelled, ActState::Done];

    /// As the store has it.
    pub fn as_str(self) -> &'static str {
        match self {
            ActState::Canary => "canary",
            ActState::Running => "running",
            ActState::Paused => "paused",
            ActState::Cancelled => "cancelled",
            ActState::Done => "done",
        }
    }

    /// Whether more of it is begun.
    pub fn goes_on(self) -> bool {
        matches!(self, ActState::Canary | ActState::Running)
    }

    /// Whether nothing more becomes of it.
    pub fn is_over(self) -> bool {
        matches!(self, ActState::Cancelled | ActState::Done)
    }
}

impl Progress {
    /// Those that were tried, or given up.
    pub fn begun(&self) -> u32 {
        self.sent + self.resolved + self.failed + self.discarded
    }

    /// Those whose turn has not come.
    pub fn waiting(&self) -> u32 {
        self.total.saturating_sub(self.sent + self.resolved + self.failed + self.skipped + self.discarded)
    }
}

pub(super) const COLUMNS: &str = "id, act, asked_by, why, asked_at, selection, per_second, canary, state, past, total, sent, \
     resolved, failed, skipped, discarded, ended_at";

impl Store {
    /// How many failures an act would be about now.
    pub async fn count_for_act(&self, kind: ActKind, filter: &FailureFilter) -> Result<i64, StoreError> {
        let mut conditions = filter.conditions();
        conditions.add(kind.states(filter), []);
        let sql = format!("SELECT count(*) FROM failures f WHERE {}", conditions.sql());
        Ok(self.client().await?.query_one(&sql, &conditions.parameters()).await?.get(0))
    }

    /// Asks for an act on all failures that the filter finds now. One that was asked for before under this id stays as it is; `None`
    /// where that was for something else.
    pub async fn ask_act(&self, act: &NewAct, filter: &FailureFilter) -> Result<Option<ActRow>, StoreError> {
        let mut client = self.client().await?;
        let tx = client.transaction().await?;
        let insert = "INSERT INTO desk_acts (id, act, asked_by, why, asked_at, selection, per_second, canary, state, total) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0) ON CONFLICT (id) DO NOTHING";
        let state = if act.kind == ActKind::Replay && act.canary > 0 { ActState::Canary } else { ActState::Running };
        let at = OffsetDateTime::from(act.at);
        let (per_second, canary) = (act.per_second as i32, act.canary as i32);
        let is_new = tx
            .execute(
                insert,
                &[
                    &act.id,
                    &act.kind.as_str(),
                    &act.by,
                    &act.why,
                    &at,
                    &Json(&act.selection),
                    &per_second,
                    &canary,
                    &state.as_str(),
                ],
            )
            .await?
            == 1;
        if is_new {
            let mut conditions = filter.conditions();
            conditions.add(act.kind.states(filter), []);
            let id = conditions.bind("?", [Box::new(act.id) as Parameter]);
            let freeze = format!(
                "INSERT INTO desk_items (act, ordinal, failure, round, attempts) SELECT {id}, row_number() OVER (ORDER BY f.at, f.id), \
                 f.id, f.round, f.attempts FROM failures f WHERE {}",
                conditions.sql()
            );
            let total = tx.execute(&freeze, &conditions.parameters()).await?;
            tx.execute("UPDATE desk_acts SET total = $2 WHERE id = $1", &[&act.id, &(total as i32)]).await?;
        }
        let row = tx.query_one(&format!("SELECT {COLUMNS} FROM desk_acts WHERE id = $1"), &[&act.id]).await?;
        tx.commit().await?;
        let asked = row_of(&row)?;
        let is_same = asked.asked.kind == act.kind && asked.asked.selection == act.selection;
        Ok(is_same.then_some(asked))
    }

    /// Acts, newest first.
    pub async fn acts(&self, most: u32) -> Result<Vec<ActRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM desk_acts ORDER BY asked_at DESC, id DESC LIMIT {most}");
        self.client().await?.query(&sql, &[]).await?.iter().map(row_of).collect()
    }

    /// The act of this id.
    pub async fn act(&self, id: Uuid) -> Result<Option<ActRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM desk_acts WHERE id = $1");
        self.client().await?.query_opt(&sql, &[&id]).await?.as_ref().map(row_of).transpose()
    }

    /// Lets an act that is not over pause, go on or end. `None` where there is none of this id that is not over.
    pub async fn control_act(
        &self,
        id: Uuid,
        to: ActState,
        event: &ActEvent,
        now: Moment,
    ) -> Result<Option<ActRow>, StoreError> {
        let ended = to.is_over().then(|| OffsetDateTime::from(now));
        let sql = format!(
            "UPDATE desk_acts SET state = $2, past = past || $3::jsonb, ended_at = $4 WHERE id = $1 AND state IN ('canary', 'running', 'paused') \
             RETURNING {COLUMNS}"
        );
        let row = self.client().await?.query_opt(&sql, &[&id, &to.as_str(), &Json(event), &ended]).await?;
        row.as_ref().map(row_of).transpose()
    }
}

pub(super) fn row_of(row: &Row) -> Result<ActRow, StoreError> {
    let unknown = |what: &str| StoreError::Refused {
        sqlstate: String::new(),
        message: format!("an act on failures has {what} that this program does not know: a newer one wrote it"),
    };
    let kind = match row.get::<_, &str>(1) {
        "replay" => ActKind::Replay,
        "discard" => ActKind::Discard,
        _ => return Err(unknown("a kind")),
    };
    let state: &str = row.get(8);
    let state = ActState::ALL.into_iter().find(|known| known.as_str() == state).ok_or_else(|| unknown("a state"))?;
    let number = |at: usize| row.get::<_, i32>(at) as u32;
    let asked = NewAct {
        id: row.get(0),
        kind,
        by: row.get(2),
        why: row.get(3),
        at: row.get::<_, OffsetDateTime>(4).into(),
        selection: row.get::<_, Json<Value>>(5).0,
        per_second: number(6),
        canary: number(7),
    };
    Ok(ActRow {
        asked,
        state,
        past: row.get::<_, Json<Vec<ActEvent>>>(9).0,
        progress: Progress {
            total: number(10),
            sent: number(11),
            resolved: number(12),
            failed: number(13),
            skipped: number(14),
            discarded: number(15),
        },
        ended: row.get::<_, Option<OffsetDateTime>>(16).map(Moment::from),
    })
}
