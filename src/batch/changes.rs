//! From the text of a busilist to changes of records, where a batch is persisted.

use super::identity::{Stamp, identify};
use super::record_fault::{MOST_FAULTS, RecordFault, shaped};
use crate::dataset::{Checker, Dataset, Level, UnknownFields};
use crate::record::{Change, Effect, Fields, RecordId};
use crate::standard::busilist::{FlatObject, split};
use crate::standard::code::Action;
use crate::standard::moment::Moment;
use crate::standard::region::Region;
use serde_json::value::RawValue;
use std::collections::{BTreeSet, HashMap};

/// What the records of a batch are held against before they are merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Against {
    /// What merging needs: key, region, shape. This node's door has held the records against its rules.
    Merging,
    /// This tier's own rules too. Fields it does not know are kept, so that dictionaries can be upgraded from the top down.
    Rules,
}

/// The changes of a batch.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// What its good records do.
    pub good: Vec<Change>,
    /// The places of its bad records, from 0 and in order.
    pub bad: Vec<u32>,
    /// What is wrong with them, up to a bound.
    pub faults: Vec<RecordFault>,
    /// The regions of all records that tell one, bad records included.
    pub regions: BTreeSet<Region>,
}

/// Reads the changes of a batch, but for the records `refused` at the door, which have told only their regions.
///
/// A record that stands twice in a batch keeps the order of the batch: the later one's version is never the smaller.
///
/// # Errors
/// The list as a whole is none.
pub fn read_changes(
    dataset: &Dataset,
    action: Action,
    busilist: &str,
    refused: &[u32],
    stamp: &Stamp,
    against: Against,
) -> Result<Changes, RecordFault> {
    let elements = split(busilist).map_err(|error| RecordFault::of_list("type", error.to_string()))?;
    if elements.is_empty() {
        return Err(RecordFault::of_list("minItems", "the list is empty".to_owned()));
    }
    let checker = (against == Against::Rules).then(|| Checker::new(dataset, action, stamp.latest, UnknownFields::Keep));
    let mut changes = Changes { good: Vec::with_capacity(elements.len()), ..Changes::default() };
    for (at, element) in elements.iter().enumerate() {
        let read = read(dataset, action, checker.as_ref(), element, at, stamp, &mut changes.regions);
        if refused.binary_search(&(at as u32)).is_ok() {
            continue;
        }
        match read {
            Ok(change) => changes.good.push(change),
            Err(faults) => {
                changes.bad.push(at as u32);
                let room = MOST_FAULTS.saturating_sub(changes.faults.len());
                changes.faults.extend(faults.into_iter().take(room));
            }
        }
    }
    keep_order(&mut changes.good);
    Ok(changes)
}

fn read(
    dataset: &Dataset,
    action: Action,
    checker: Option<&Checker<'_>>,
    element: &RawValue,
    at: usize,
    stamp: &Stamp,
    regions: &mut BTreeSet<Region>,
) -> Result<Change, Vec<RecordFault>> {
    let object = shaped(element, at)?;
    let told = checker.map(|checker| checker.check(&object)).unwrap_or_default();
    let mut errors: Vec<RecordFault> = told
        .into_iter()
        .filter(|fault| fault.level == Level::Error)
        .map(|fault| RecordFault::of_field(at, fault))
        .collect();
    match identify(dataset, action, &object, at, stamp, !errors.is_empty(), regions) {
        Ok((id, version)) if errors.is_empty() => Ok(Change { id, version, effect: effect(dataset, action, &object) }),
        Ok(_) => Err(errors),
        Err(faults) => {
            errors.extend(faults);
            Err(errors)
        }
    }
}

fn effect(dataset: &Dataset, action: Action, object: &FlatObject<'_>) -> Effect {
    // The deleted mark is the node's own; in a write it is ignored.
    let applied = object.members().filter(|(name, _)| *name != "SCBZ");
    match action {
        Action::Add => {
            Effect::Add(Fields::from_members(applied.filter_map(|(name, value)| Some((name, value.given()?)))))
        }
        Action::Modify => {
            // Key and region say which record is meant; the record keeps them as they were added.
            let set =
                applied.filter(|(name, _)| *name != dataset.region_field() && !dataset.key().iter().any(|k| k == name));
            Effect::Modify(set.map(|(name, value)| (name.into(), value.given().map(Into::into))).collect())
        }
        Action::Delete | Action::Query => Effect::Delete,
    }
}

/// Lifts the source time of a record's later change to that of its earlier one in the same batch.
fn keep_order(changes: &mut [Change]) {
    let mut latest: HashMap<&RecordId, Moment> = HashMap::with_capacity(changes.len());
    let mut lifted = Vec::new();
    for (at, change) in changes.iter().enumerate() {
        let source = latest.entry(&change.id).or_insert(change.version.source);
        *source = (*source).max(change.version.source);
        if *source != change.version.source {
            lifted.push((at, *source));
        }
    }
    for (at, source) in lifted {
        changes[at].version.source = source;
    }
}
