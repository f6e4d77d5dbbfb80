//! Which record an element of a busilist is about, and in which version: all that merging needs of it.

use super::record_fault::RecordFault;
use crate::dataset::Dataset;
use crate::record::{RecordId, Version};
use crate::standard::code::Action;
use crate::standard::flat_object::FlatObject;
use crate::standard::moment::Moment;
use crate::standard::region::Region;
use std::collections::BTreeSet;
use uuid::Uuid;

/// What is the same for every change of a batch.
#[derive(Debug, Clone, Copy)]
pub struct Stamp {
    /// The batch.
    pub batch: Uuid,
    /// When the entering node accepted it.
    pub accepted: Moment,
    /// XZQHDM of a modify or delete that leaves it out.
    pub home: Region,
    /// The latest source time that is not in the future.
    pub latest: Moment,
}

/// Which record an element is about.
pub(super) struct Identity {
    pub id: RecordId,
    /// Its source time, as it says or as its batch was accepted; also where that lies in the future.
    pub source: Moment,
}

impl Identity {
    pub(super) fn version(&self, at: usize, stamp: &Stamp) -> Version {
        Version { source: self.source, accepted: stamp.accepted, batch: stamp.batch, ordinal: at as u32 }
    }

    /// What is wrong with a source time that lies in the future.
    pub(super) fn ahead(&self, dataset: &Dataset, at: usize, stamp: &Stamp) -> Option<RecordFault> {
        (self.source > stamp.latest).then(|| {
            let error = format!("数据更新时间 {} 超前当前时间10分钟以上", self.source.to_civil());
            RecordFault::error(at, dataset.time_field(), "future", error)
        })
    }
}

/// Which record is meant. The region is noted also where the record is at fault. It depends on what the batch carries alone, so
/// that every tier, whatever its rules, finds the same.
pub(super) fn identify(
    dataset: &Dataset,
    action: Action,
    object: &FlatObject<'_>,
    at: usize,
    stamp: &Stamp,
    regions: &mut BTreeSet<Region>,
) -> Result<Identity, Vec<RecordFault>> {
    let region = region_of(dataset, action, object, stamp)
        .map_err(|error| RecordFault::error(at, dataset.region_field(), "region", error));
    regions.extend(region.as_ref().ok());
    let key = dataset.key_of(object).map_err(|e| RecordFault::error(at, "", "key", e.to_string()));
    match (region, key) {
        (Ok(region), Ok(key)) => {
            let id = RecordId { busicode: dataset.code(), region, key: key.as_str().into() };
            Ok(Identity { id, source: source_of(dataset, object, stamp) })
        }
        (region, key) => Err([region.err(), key.err()].into_iter().flatten().collect()),
    }
}

fn region_of(dataset: &Dataset, action: Action, object: &FlatObject<'_>, stamp: &Stamp) -> Result<Region, String> {
    match object.given(dataset.region_field()) {
        Some(text) => Region::parse(text).map_err(|e| e.to_string()),
        None if action != Action::Add => Ok(stamp.home),
        None => Err("缺少所属行政区划代码".to_owned()),
    }
}

/// The same at every tier, whenever it is asked: it must depend on what the batch carries alone.
fn source_of(dataset: &Dataset, object: &FlatObject<'_>, stamp: &Stamp) -> Moment {
    let given = object.given(dataset.time_field()).and_then(|text| Moment::parse_civil(text).ok());
    given.unwrap_or(stamp.accepted)
}
