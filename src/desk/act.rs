//! What operators do to failures.

use super::{DeskError, FailureDesk, Selection};
use crate::store::{ActEvent, ActKind, ActRow, ActState, NewAct, Progress};
use serde::Serialize;
use uuid::Uuid;

/// An act as it is asked for.
#[derive(Debug, Clone)]
pub struct Ask {
    /// Made by who asks, so that asking twice is asking once.
    pub id: Uuid,
    /// What is to be done.
    pub kind: ActKind,
    /// To which failures.
    pub selection: Selection,
    /// Who asks.
    pub by: String,
    /// Why.
    pub why: String,
    /// The most a second, if not the node's.
    pub per_second: Option<u32>,
    /// So many are tried and waited for before the rest.
    pub canary: u32,
}

/// How many failures an act would be about; nothing was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// How many.
    pub would: i64,
}

/// How an act is to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// Nothing more is begun for now.
    Pause,
    /// It goes on.
    Resume,
    /// Nothing more is begun.
    Cancel,
}

/// An act and how far it is.
#[derive(Debug, Clone, Serialize)]
pub struct DeskAct {
    /// Its id.
    pub id: Uuid,
    /// `replay` or `discard`.
    pub act: &'static str,
    /// Who asked for it.
    pub by: String,
    /// Why.
    pub why: String,
    /// When.
    pub at: String,
    /// The conditions.
    pub selection: serde_json::Value,
    /// The most a second.
    pub per_second: u32,
    /// `canary`, `running`, `paused`, `cancelled` or `done`.
    pub state: &'static str,
    /// Whether nothing more becomes of it.
    pub is_over: bool,
    /// Who paused it, let it go on or cancelled it, when and why; oldest first.
    pub past: Vec<ActEvent>,
    /// All failures that were meant.
    pub total: u32,
    /// Those whose turn has not come.
    pub waiting: u32,
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
    /// When it ended.
    pub ended_at: Option<String>,
}

/// Reasons longer than this are no reasons.
const LONGEST_WHY: usize = 500;

impl FailureDesk {
    /// How many failures an act would be about.
    pub async fn count(&self, kind: ActKind, selection: &Selection) -> Result<Counted, DeskError> {
        Ok(Counted { would: self.store.count_for_act(kind, &selection.filter()?).await? })
    }

    /// Asks for an act. The set is frozen now; a process with the role persist carries it out.
    pub async fn ask(&self, ask: Ask) -> Result<DeskAct, DeskError> {
        let refuse = |text: &str| DeskError::Selection(super::BadSelection(text.to_owned()));
        check_reason(&ask.why)?;
        if ask.per_second == Some(0) {
            return Err(refuse("a pace of 0 would never end: give 1 or more"));
        }
        let selection = serde_json::to_value(&ask.selection).unwrap_or_default();
        let act = NewAct {
            id: ask.id,
            kind: ask.kind,
            by: ask.by,
            why: ask.why,
            at: self.clock.now(),
            selection,
            per_second: ask.per_second.unwrap_or(self.per_second).min(MOST_PER_SECOND),
            canary: ask.canary.min(MOST_CANARY),
        };
        match self.store.ask_act(&act, &ask.selection.filter()?).await? {
            Some(act) => Ok(act.into()),
            None => Err(refuse(&format!("act {} is another one, asked for before: give a new id, or none", act.id))),
        }
    }

    /// Acts, newest first.
    pub async fn acts(&self, most: u32) -> Result<Vec<DeskAct>, DeskError> {
        Ok(self.store.acts(most).await?.into_iter().map(DeskAct::from).collect())
    }

    /// An act and how far it is.
    pub async fn act(&self, id: Uuid) -> Result<DeskAct, DeskError> {
        let act = self.store.act(id).await?;
        act.map(DeskAct::from).ok_or_else(|| DeskError::NotFound(format!("there is no act {id} here")))
    }

    /// Lets an act pause, go on or end.
    pub async fn control(&self, id: Uuid, control: Control, by: &str, why: &str) -> Result<DeskAct, DeskError> {
        check_reason(why)?;
        let (to, word) = match control {
            Control::Pause => (ActState::Paused, "pause"),
            Control::Resume => (self.resumed(id).await?, "resume"),
            Control::Cancel => (ActState::Cancelled, "cancel"),
        };
        let now = self.clock.now();
        let event = ActEvent { at: now.to_rfc3339(), by: by.to_owned(), act: word.to_owned(), why: why.to_owned() };
        match self.store.control_act(id, to, &event, now).await? {
            Some(act) => Ok(act.into()),
            None => {
                let act = self.act(id).await?;
                Err(DeskError::NotFound(format!("act {id} is over: it is {}", act.state)))
            }
        }
    }
}

impl FailureDesk {
    /// How a paused act goes on: with its canary, unless that has had its verdict.
    async fn resumed(&self, id: Uuid) -> Result<ActState, DeskError> {
        let act = self.store.act(id).await?;
        let is_open = |act: ActRow| {
            let Progress { failed, sent, .. } = act.progress;
            let (begun, canary) = (act.progress.begun(), act.asked.canary);
            act.asked.kind == ActKind::Replay && failed == 0 && (begun < canary || (begun == canary && sent > 0))
        };
        Ok(if act.is_some_and(is_open) { ActState::Canary } else { ActState::Running })
    }
}

/// Every act says why.
fn check_reason(why: &str) -> Result<(), DeskError> {
    let refuse = |text: &str| Err(DeskError::Selection(super::BadSelection(text.to_owned())));
    match why.chars().count() {
        _ if why.trim().is_empty() => refuse("say why: it is kept with what is done"),
        length if length > LONGEST_WHY => refuse("the reason is too long: at most 500 characters"),
        _ => Ok(()),
    }
}

/// What the store keeps in 32 bits with a sign; nobody needs more.
const MOST_PER_SECOND: u32 = 100_000;
const MOST_CANARY: u32 = 1_000;

impl From<ActRow> for DeskAct {
    fn from(row: ActRow) -> Self {
        let (waiting, asked) = (row.progress.waiting(), row.asked);
        let Progress { total, sent, resolved, failed, skipped, discarded } = row.progress;
        Self {
            id: asked.id,
            act: asked.kind.as_str(),
            by: asked.by,
            why: asked.why,
            at: asked.at.to_rfc3339(),
            selection: asked.selection,
            per_second: asked.per_second,
            state: row.state.as_str(),
            is_over: row.state.is_over(),
            past: row.past,
            total,
            waiting,
            sent,
            resolved,
            failed,
            skipped,
            discarded,
            ended_at: row.ended.map(|at| at.to_rfc3339()),
        }
    }
}
