//! The changes of a record in the order in which this node took them, and its state at any moment between.

use super::SignedExchange;
use crate::batch::{Against, Passage, Stamp, read_changes};
use crate::dataset::Dataset;
use crate::record::{Change, Outcome, State};
use crate::standard::moment::Moment;
use crate::standard::region::Region;
use crate::store::{RecordPast, Store, StoreError, StoredBatch};
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// Everything this node knows of a record's past.
#[derive(Debug, Clone)]
pub struct Past {
    /// XZQHDM.
    pub region: Region,
    /// In the order in which they were committed here.
    pub entries: Vec<Entry>,
    /// Changes whose batches are no longer in the database but in its archive: batch, and place there from 0.
    pub archived: Vec<(Uuid, u32)>,
}

/// One change of a record.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The change.
    pub change: Change,
    /// What it did when it came.
    pub outcome: Outcome,
    /// When this node committed it.
    pub persisted: Moment,
    /// The version of the dataset it was held against here.
    pub dataset_version: String,
    /// The nodes it had passed before.
    pub hops: Vec<Passage>,
    /// The exchange it came in, as its sender signed it.
    pub exchange: SignedExchange,
}

/// Why a record's past cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What the store keeps of a batch cannot be read.
    #[error("batch {batch}: {reason}: the row of batches has been changed, or another dictionary is in use now")]
    Unreadable {
        /// The batch.
        batch: Uuid,
        /// What is wrong with it.
        reason: String,
    },
}

/// The past of every record with a key, in comparable form, in a region and below.
pub async fn past_of(store: &Store, dataset: &Dataset, key: &str, within: Region) -> Result<Vec<Past>, HistoryError> {
    let mut pasts = Vec::new();
    for past in store.past_of(dataset.code(), key, within).await? {
        let ids: BTreeSet<Uuid> = past.changes.iter().map(|(batch, _)| *batch).collect();
        let ids: Vec<Uuid> = ids.into_iter().collect();
        let batches = store.batches(&ids).await?.into_iter().map(|batch| (batch.id, batch)).collect();
        pasts.push(read(dataset, past, &batches)?);
    }
    Ok(pasts)
}

impl Past {
    /// The record as this node knew it at a moment; `None` where it did not know it yet, or only incompletely.
    pub fn as_of(&self, moment: Moment) -> Option<State> {
        let mut state = State::default();
        for entry in self.entries.iter().filter(|entry| entry.persisted <= moment) {
            state.merge(entry.change.version, &entry.change.effect);
        }
        state.is_complete().then_some(state)
    }
}

fn read(dataset: &Dataset, past: RecordPast, batches: &HashMap<Uuid, StoredBatch>) -> Result<Past, HistoryError> {
    let (mut entries, mut archived) = (Vec::new(), Vec::new());
    for (id, ordinal) in past.changes {
        match batches.get(&id) {
            Some(batch) => entries.push(entry(dataset, batch, ordinal)?),
            None => archived.push((id, ordinal)),
        }
    }
    entries.sort_by_key(|entry| (entry.persisted, entry.change.version));
    let mut state = State::default();
    for entry in &mut entries {
        entry.outcome = state.merge(entry.change.version, &entry.change.effect);
    }
    Ok(Past { region: past.region, entries, archived })
}

fn entry(dataset: &Dataset, batch: &StoredBatch, ordinal: u32) -> Result<Entry, HistoryError> {
    let unreadable = |reason: String| HistoryError::Unreadable { batch: batch.id, reason };
    let text = zstd::stream::decode_all(batch.body.as_slice()).map_err(|error| unreadable(error.to_string()))?;
    let busilist = String::from_utf8(text).map_err(|error| unreadable(error.to_string()))?;
    // What was committed is not judged again: its source time is not in the future, whatever it is.
    let latest = Moment::from_micros(i64::MAX);
    let stamp = Stamp { batch: batch.id, accepted: batch.accepted, home: batch.home, latest };
    let changes = read_changes(dataset, batch.action, &busilist, &batch.refused, &stamp, Against::Merging)
        .map_err(|fault| unreadable(fault.error))?;
    let change = changes.good.into_iter().find(|change| change.version.ordinal == ordinal);
    let exchange = SignedExchange {
        batch: batch.id,
        origin: batch.origin.to_string(),
        accepted: batch.accepted.to_rfc3339(),
        busicode: batch.busicode.to_string(),
        action: batch.action.to_string(),
        busilist,
        evidence: serde_json::from_value(batch.evidence.clone()).map_err(|error| unreadable(error.to_string()))?,
    };
    Ok(Entry {
        change: change.ok_or_else(|| unreadable(format!("record {} cannot be read", ordinal + 1)))?,
        // Told once all changes are in order.
        outcome: Outcome::Applied,
        persisted: batch.persisted,
        dataset_version: batch.dataset_version.clone(),
        hops: serde_json::from_value(batch.trace.clone()).map_err(|error| unreadable(error.to_string()))?,
        exchange,
    })
}
