//! The failure desk: what failed, grouped and explained, and what operators do about it. The command line and the console show the
//! same; neither of them knows more than this room says.

mod act;
mod failure;
mod message;
mod selection;

pub use act::{Ask, Control, Counted, DeskAct};
pub use failure::{ShownFailure, ShownGroup};
pub use message::{ShownMessage, Sight};
pub use selection::{BadSelection, Selection, groups_by};

use crate::broker::Names;
use crate::clock::Clock;
use crate::dataset::InUse;
use crate::standard::moment::Moment;
use crate::store::{GroupBy, Store, StoreError};
use uuid::Uuid;

/// The failure desk of one node.
#[derive(Clone)]
pub struct FailureDesk {
    store: Store,
    dictionary: InUse,
    names: Names,
    clock: Clock,
    /// Batches a second of a replay whose operator asks for no pace.
    per_second: u32,
}

/// A page of failures, newest first.
#[derive(Debug, serde::Serialize)]
pub struct Page {
    /// The failures.
    pub failures: Vec<ShownFailure>,
    /// What to ask the next page with, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// The most failures of a page.
pub const MOST_ROWS: u32 = 1_000;

/// Why the desk cannot do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// It was asked for in a way that means nothing.
    #[error(transparent)]
    Selection(#[from] BadSelection),
    /// There is none of this id.
    #[error("{0}")]
    NotFound(String),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl FailureDesk {
    /// A desk that reads messages by `dictionary`.
    pub fn new(store: Store, dictionary: InUse, names: Names, clock: Clock, per_second: u32) -> Self {
        Self { store, dictionary, names, clock, per_second }
    }

    /// A page of failures; `after` is what the page before said.
    pub async fn list(&self, selection: &Selection, size: u32, after: Option<&str>) -> Result<Page, DeskError> {
        let (filter, size) = (selection.filter()?, size.clamp(1, MOST_ROWS));
        let after = after.map(read_cursor).transpose()?;
        let mut rows = self.store.failures(&filter, size + 1, after).await?;
        let has_more = rows.len() > size as usize;
        rows.truncate(size as usize);
        let after = rows.last().filter(|_| has_more).map(|last| format!("{}.{}", last.at.micros(), last.id));
        let now = self.clock.now();
        Ok(Page { failures: rows.into_iter().map(|row| ShownFailure::of(row, self.names, now)).collect(), after })
    }

    /// Failures by what they have in common.
    pub async fn groups(&self, selection: &Selection, by: &[GroupBy]) -> Result<Vec<ShownGroup>, DeskError> {
        let groups = self.store.failure_groups(&selection.filter()?, by).await?;
        Ok(groups.into_iter().map(|group| ShownGroup::of(group, by)).collect())
    }

    /// A failure with its message and all that has happened to it.
    pub async fn show(&self, id: Uuid, sight: Sight) -> Result<ShownMessage, DeskError> {
        let missing = || {
            DeskError::NotFound(format!("there is no failure {id} here: `sesame failures list` shows what there is"))
        };
        let detail = self.store.failure(id).await?.ok_or_else(missing)?;
        let (dictionary, names, now) = (self.dictionary.now(), self.names, self.clock.now());
        // A large body takes long to read.
        let reading = tokio::task::spawn_blocking(move || ShownMessage::of(detail, &dictionary, names, sight, now));
        match reading.await {
            Ok(shown) => Ok(shown),
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}

impl FailureDesk {
    /// Notes in a failure's past that someone has read its message in full.
    pub async fn note_unmasked(&self, id: Uuid, by: &str) -> Result<(), DeskError> {
        let entry = serde_json::json!({"at": self.clock.now().to_rfc3339(), "act": "read", "by": by, "why": "in full"});
        Ok(self.store.note_in_failure(id, &entry).await?)
    }
}

fn read_cursor(text: &str) -> Result<(Moment, Uuid), BadSelection> {
    let read = || {
        let (at, id) = text.split_once('.')?;
        Some((Moment::from_micros(at.parse().ok()?), id.parse().ok()?))
    };
    read().ok_or_else(|| BadSelection(format!("after {text:?} is not what a page before has said")))
}
