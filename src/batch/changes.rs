//! From a busilist to changes of records, where a batch is persisted.

use super::identity::{Identity, Stamp, identify};
use super::record_fault::{MOST_FAULTS, RecordFault, shaped};
use crate::dataset::{Checker, Dataset, Level, UnknownFields};
use crate::record::{Change, Effect, Fields, RecordId, Version};
use crate::standard::busilist::Array;
use crate::standard::code::Action;
use crate::standard::flat_object::{FlatObject, ShapeFault};
use crate::standard::moment::Moment;
use crate::standard::region::Region;
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
    /// How many rules that only warn are broken.
    pub warnings: usize,
    /// The regions of all records that tell one, bad records included.
    pub regions: BTreeSet<Region>,
}

/// Reads the changes of a batch, but for the records `refused` at the door, which have told only their regions.
///
/// A record that stands twice in a batch keeps the order of the batch: the later one's version is never the smaller.
///
/// # Errors
/// There is no record in it.
pub fn read_changes(
    dataset: &Dataset,
    action: Action,
    busilist: Array<'_>,
    refused: &[u32],
    stamp: &Stamp,
    against: Against,
) -> Result<Changes, RecordFault> {
    if busilist.is_empty() {
        return Err(RecordFault::of_list("minItems", "the list is empty".to_owned()));
    }
    let checker = (against == Against::Rules).then(|| Checker::new(dataset, action, stamp.latest, UnknownFields::Keep));
    let mut changes = Changes::default();
    let mut order = Order::default();
    for (at, object) in busilist.objects().enumerate() {
        let read = read(dataset, action, checker.as_ref(), object, at, stamp, &mut changes.regions);
        // Whatever this tier's rules make of a record, it has its place in the order of the batch: versions must not depend on them.
        let version = read.identity.as_ref().map(|identity| order.lift(identity, at, stamp));
        if refused.binary_search(&(at as u32)).is_ok() {
            continue;
        }
        changes.warnings += read.warnings;
        match (read.identity, version, read.effect) {
            (Some(Identity { id, .. }), Some(version), Some(effect)) => {
                changes.good.push(Change { id, version, effect })
            }
            _ => {
                changes.bad.push(at as u32);
                let room = MOST_FAULTS.saturating_sub(changes.faults.len());
                changes.faults.extend(read.faults.into_iter().take(room));
            }
        }
    }
    Ok(changes)
}

/// What an element is about, and what it does if nothing is wrong with it.
#[derive(Default)]
struct Read {
    identity: Option<Identity>,
    effect: Option<Effect>,
    faults: Vec<RecordFault>,
    warnings: usize,
}

fn read(
    dataset: &Dataset,
    action: Action,
    checker: Option<&Checker<'_>>,
    object: Result<FlatObject<'_>, Vec<ShapeFault>>,
    at: usize,
    stamp: &Stamp,
    regions: &mut BTreeSet<Region>,
) -> Read {
    let object = match shaped(object, at) {
        Ok(object) => object,
        Err(faults) => return Read { faults, ..Read::default() },
    };
    let told = checker.map(|checker| checker.check(&object)).unwrap_or_default();
    let all = told.len();
    let errors = told.into_iter().filter(|fault| fault.level == Level::Error);
    let mut faults: Vec<RecordFault> = errors.map(|fault| RecordFault::of_field(at, fault)).collect();
    let warnings = all - faults.len();
    let identity = match identify(dataset, action, &object, at, stamp, regions) {
        Ok(identity) => {
            faults.extend(identity.ahead(dataset, at, stamp));
            Some(identity)
        }
        Err(of_identity) => {
            faults.extend(of_identity);
            None
        }
    };
    let effect = faults.is_empty().then(|| effect(dataset, action, &object));
    Read { identity, effect, faults, warnings }
}

/// The latest source time of each record so far in the batch.
#[derive(Default)]
struct Order(HashMap<RecordId, Moment>);

impl Order {
    /// The version of a change: its source time is never before that of an earlier change of the same record in the batch.
    fn lift(&mut self, identity: &Identity, at: usize, stamp: &Stamp) -> Version {
        let latest = self.0.entry(identity.id.clone()).or_insert(identity.source);
        *latest = (*latest).max(identity.source);
        Version { source: *latest, ..identity.version(at, stamp) }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Dictionary;
    use crate::standard::code::BusinessCode;
    use uuid::Uuid;

    /// Invariants 3, 4: a tier that refuses one record of a batch gives the others the versions that all tiers give them.
    #[test]
    fn versions_do_not_depend_on_what_a_tier_s_rules_refuse() {
        let dictionary = Dictionary::builtin();
        let dataset = dictionary.get(BusinessCode::parse("007").unwrap()).unwrap();
        let (home, accepted) = (Region::parse("370203").unwrap(), Moment::from_micros(0));
        let stamp = Stamp { batch: Uuid::nil(), accepted, home, latest: Moment::from_micros(i64::MAX) };
        let record = |time: &str, more: &str| {
            format!(r#"{{"JCJLBH":"A","XZQHDM":"370203","SJGXSJ":"2025-06-01 10:{time}:00"{more}}}"#)
        };
        // The first breaks this tier's rules, and is the later one by its own word.
        let list = format!("[{},{},{}]", record("05", r#","JCRQ":"x""#), record("00", ""), record("07", ""));
        let read = |refused: &[u32], against| {
            let latest = Stamp { latest: Moment::parse_civil("2026-01-01 00:00:00").unwrap(), ..stamp };
            read_changes(dataset, Action::Modify, Array::read(&list).unwrap(), refused, &latest, against).unwrap()
        };
        let all = read(&[], Against::Merging).good;
        let some = read(&[], Against::Rules);
        assert_eq!((some.bad.as_slice(), &some.good[..]), (&[0][..], &all[1..]));
        assert_eq!(read(&[0], Against::Rules).good, all[1..]);
        assert_eq!(all[1].version.source, all[0].version.source);
    }
}
