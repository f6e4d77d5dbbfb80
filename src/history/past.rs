//! The changes of a record in the order in which this node took them, and its state at any moment between.

use super::SignedExchange;
use crate::batch::{Against, Changes, Evidence, Passage, Stamp, read_changes};
use crate::dataset::Dataset;
use crate::record::{Change, Outcome, State};
use crate::standard::busilist::Array;
use crate::standard::moment::Moment;
use crate::standard::region::Region;
use crate::store::{RecordPast, Store, StoreError, StoredBatch};
use serde::Deserialize;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Everything this node knows of a record's past.
#[derive(Debug, Clone)]
pub struct Past {
    /// XZQHDM.
    pub region: Region,
    /// In the order in which they were applied here.
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
    /// When this node applied it: with its batch, or later, where this tier's rules had refused it.
    pub applied: Moment,
    /// The version of the dataset that let it through here.
    pub dataset_version: String,
    /// The node its batch entered at.
    pub origin: Region,
    /// The nodes it had passed before.
    pub hops: Vec<Passage>,
    /// Who signed it.
    pub evidence: Evidence,
}

/// A record at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AsOf {
    /// As this node knew it.
    Known(State),
    /// This node did not know it yet, or only incompletely.
    Unknown,
    /// Some of its changes are in the archive alone.
    InArchive,
}

/// Why a record's past cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An exchange was read that cannot be handed on.
    #[error("cannot keep an exchange: {0}")]
    Kept(#[from] std::io::Error),
    /// What the store keeps of a batch cannot be read.
    #[error("batch {batch}: {reason}: the row of batches has been changed, or another dictionary is in use now")]
    Unreadable {
        /// The batch.
        batch: Uuid,
        /// What is wrong with it.
        reason: String,
    },
}

/// The past of every record with a key, in comparable form, in a region and below. `keep` is given each exchange as its sender signed
/// it: there may be hundreds, of megabytes each, so they are looked at one after the other.
pub async fn past_of(
    store: &Store,
    dataset: &Dataset,
    key: &str,
    within: Region,
    mut keep: impl FnMut(&SignedExchange) -> std::io::Result<()>,
) -> Result<Vec<Past>, HistoryError> {
    let mut pasts = Vec::new();
    for RecordPast { region, changes } in store.past_of(dataset.code(), key, within).await? {
        let mut places: BTreeMap<Uuid, Vec<u32>> = BTreeMap::new();
        changes.into_iter().for_each(|(batch, place)| places.entry(batch).or_default().push(place));
        let (mut entries, mut archived) = (Vec::new(), Vec::new());
        for (id, places) in places {
            match store.batches(&[id]).await?.pop() {
                Some(batch) => entries.extend(read(dataset, batch, &places, &mut keep)?),
                None => archived.extend(places.into_iter().map(|place| (id, place))),
            }
        }
        pasts.push(Past::new(region, entries, archived));
    }
    Ok(pasts)
}

impl Past {
    fn new(region: Region, mut entries: Vec<Entry>, archived: Vec<(Uuid, u32)>) -> Self {
        entries.sort_by_key(|entry| (entry.applied, entry.change.version));
        let mut state = State::default();
        for entry in &mut entries {
            entry.outcome = state.merge(entry.change.version, &entry.change.effect);
        }
        Self { region, entries, archived }
    }

    /// The record as this node knew it at a moment.
    pub fn as_of(&self, moment: Moment) -> AsOf {
        if !self.archived.is_empty() {
            return AsOf::InArchive;
        }
        let mut state = State::default();
        for entry in self.entries.iter().filter(|entry| entry.applied <= moment) {
            state.merge(entry.change.version, &entry.change.effect);
        }
        if state.is_complete() { AsOf::Known(state) } else { AsOf::Unknown }
    }
}

/// The changes at some places of a batch.
fn read(
    dataset: &Dataset,
    batch: StoredBatch,
    places: &[u32],
    keep: &mut impl FnMut(&SignedExchange) -> std::io::Result<()>,
) -> Result<Vec<Entry>, HistoryError> {
    let unreadable = |reason: String| HistoryError::Unreadable { batch: batch.id, reason };
    let text = zstd::stream::decode_all(batch.body.as_slice()).map_err(|error| unreadable(error.to_string()))?;
    let busilist = String::from_utf8(text).map_err(|error| unreadable(error.to_string()))?;
    let evidence = Evidence::deserialize(&batch.evidence).map_err(|error| unreadable(error.to_string()))?;
    let hops = Vec::<Passage>::deserialize(&batch.trace).map_err(|error| unreadable(error.to_string()))?;
    // What was applied is not judged again: its source time is not in the future, whatever it is.
    let latest = Moment::from_micros(i64::MAX);
    let stamp = Stamp { batch: batch.id, accepted: batch.accepted, home: batch.home, latest };
    let records = Array::read(&busilist).map_err(|error| unreadable(error.to_string()))?;
    let Changes { mut good, .. } =
        read_changes(dataset, batch.action, records, &batch.refused, &stamp, Against::Merging)
            .map_err(|fault| unreadable(fault.error))?;
    good.retain(|change| places.contains(&change.version.ordinal));
    if good.len() < places.len() {
        return Err(unreadable("some of its records cannot be read".to_owned()));
    }
    keep(&SignedExchange {
        batch: batch.id,
        origin: batch.origin.to_string(),
        accepted: batch.accepted.to_rfc3339(),
        busicode: batch.busicode.to_string(),
        action: batch.action.to_string(),
        busilist,
        evidence: evidence.clone(),
    })?;
    let entry = |change: Change| {
        let late = batch.late.iter().find(|late| late.place == change.version.ordinal);
        Entry {
            change,
            // Told once all changes are in order.
            outcome: Outcome::Applied,
            applied: late.map_or(batch.persisted, |late| Moment::from_micros(late.at_micros)),
            dataset_version: late.map_or(&batch.dataset_version, |late| &late.dataset_version).clone(),
            origin: batch.origin,
            hops: hops.clone(),
            evidence: evidence.clone(),
        }
    };
    Ok(good.into_iter().map(entry).collect())
}
