//! What the door finds in a busilist.

use super::identity::{Stamp, identify};
use super::record_fault::{MOST_FAULTS, RecordFault, shaped};
use crate::dataset::{Checker, Dataset, Level, UnknownFields};
use crate::standard::code::Action;
use crate::standard::flat_object::{FlatObject, ShapeFault};
use crate::standard::region::Region;
use std::collections::BTreeSet;

/// What the door finds in a busilist. It keeps none of the records: their fields take several times the room of their text.
#[derive(Debug, Default)]
pub struct Findings {
    /// How many records are good.
    pub good: usize,
    /// The places of the bad ones, from 0 and in order.
    pub bad: Vec<u32>,
    /// What refuses them, up to a bound.
    pub errors: Vec<RecordFault>,
    /// What their senders are only told, up to a bound.
    pub warnings: Vec<RecordFault>,
    /// The regions of all records that tell one, bad records included.
    pub regions: BTreeSet<Region>,
}

/// Holds every record of a busilist against every rule of the dictionary: at the door.
///
/// Where a bad record refuses the whole batch, a list that is wrong throughout is not read to its end.
pub fn check_records<'a>(
    dataset: &Dataset,
    action: Action,
    records: impl Iterator<Item = Result<FlatObject<'a>, Vec<ShapeFault>>>,
    stamp: &Stamp,
) -> Findings {
    let mut findings = Findings::default();
    let checker = Checker::new(dataset, action, stamp.latest, UnknownFields::Refuse);
    for (at, record) in records.enumerate() {
        let (errors, warnings) = judge(&checker, dataset, action, record, at, stamp, &mut findings.regions);
        match errors.is_empty() {
            true => findings.good += 1,
            false => findings.bad.push(at as u32),
        }
        keep(&mut findings.errors, errors);
        keep(&mut findings.warnings, warnings);
        if findings.errors.len() >= MOST_FAULTS && !dataset.accept_valid() {
            break;
        }
    }
    if findings.good == 0 && findings.bad.is_empty() {
        let error = "busilist 为空：新增、修改、删除至少要有一条记录".to_owned();
        findings.errors.push(RecordFault::of_list("minItems", error));
    }
    findings
}

type Faults = Vec<RecordFault>;

/// What refuses a record, and what its sender is only told.
fn judge(
    checker: &Checker<'_>,
    dataset: &Dataset,
    action: Action,
    record: Result<FlatObject<'_>, Vec<ShapeFault>>,
    at: usize,
    stamp: &Stamp,
    regions: &mut BTreeSet<Region>,
) -> (Faults, Faults) {
    let object = match shaped(record, at) {
        Ok(object) => object,
        Err(faults) => return (faults, Vec::new()),
    };
    let told = checker.check(&object).into_iter().map(|fault| RecordFault::of_field(at, fault));
    let (mut errors, warnings): (Faults, Faults) = told.partition(|fault| fault.level == Level::Error);
    match identify(dataset, action, &object, at, stamp, regions) {
        Ok(identity) => errors.extend(identity.ahead(dataset, at, stamp)),
        // The dictionary has named a missing key or region by its field already.
        Err(faults) if errors.is_empty() => errors.extend(faults),
        Err(_) => {}
    }
    (errors, warnings)
}

fn keep(kept: &mut Faults, more: Faults) {
    let room = MOST_FAULTS.saturating_sub(kept.len());
    kept.extend(more.into_iter().take(room));
}
