//! Changes and deletes of generated records.

use super::draw::Stream;
use super::identity::mobile;
use super::person::any_name;
use super::record::Record;
use super::world::{CannotGenerate, World};
use crate::dataset::Dataset;
use crate::standard::moment::Moment;

/// A field that a change may set without touching what the rules tie together.
#[derive(Clone, Copy)]
enum Soft {
    Name(&'static str),
    Phone(&'static str),
}

/// The fields that changes of a business code set, besides the remark.
fn soft_fields(number: u16) -> &'static [Soft] {
    match number {
        1 | 10 => &[Soft::Name("LXR"), Soft::Phone("LXDH")],
        2 => &[Soft::Phone("LXDH")],
        3 => &[Soft::Name("AQGLRY"), Soft::Phone("AQGLDH")],
        4 => &[Soft::Name("PZR")],
        5 => &[Soft::Name("SYDWQR"), Soft::Phone("WBRYDH")],
        7 => &[Soft::Name("FZR"), Soft::Phone("LXDH")],
        11 => &[Soft::Name("BGR"), Soft::Phone("BGRDH")],
        _ => &[],
    }
}

const HOUR: i64 = 3_600_000_000;

impl World {
    /// A change (action 02) of record `index`: key, region, a source time `revision` hours after the record's, and
    /// other values for some fields. Every third revision clears the remark with "", the others write it.
    pub fn modify(&self, dataset: &Dataset, index: u32, revision: u32) -> Result<Record, CannotGenerate> {
        let mut change = self.identity(dataset, index, revision)?;
        let mut draw = self.draw(
            Stream::Change,
            u64::from(dataset.code().number()) << 48 | u64::from(revision) << 24 | u64::from(index),
        );
        for field in soft_fields(dataset.code().number()) {
            change = match field {
                Soft::Name(id) => change.and(*id, any_name(&mut draw)),
                Soft::Phone(id) => change.and(*id, mobile(&mut draw)),
            };
        }
        let remark = if revision.is_multiple_of(3) { String::new() } else { format!("第{revision}次更新") };
        Ok(change.and("BZ", remark))
    }

    /// A delete (action 03) of record `index`: key, region and a source time `revision` hours after the record's.
    pub fn delete(&self, dataset: &Dataset, index: u32, revision: u32) -> Result<Record, CannotGenerate> {
        self.identity(dataset, index, revision)
    }

    fn identity(&self, dataset: &Dataset, index: u32, revision: u32) -> Result<Record, CannotGenerate> {
        let whole = self.record(dataset.code(), index)?;
        let mut identity = Record::default();
        for (id, value) in whole.members() {
            if id == dataset.time_field() {
                // The generator writes the time itself, so it always reads; an unreadable one would stay as it is.
                let later = |at: Moment| at.plus_micros(i64::from(revision) * HOUR).to_civil();
                identity =
                    identity.and(id.to_owned(), Moment::parse_civil(value).map_or_else(|_| value.to_owned(), later));
            } else if id == dataset.region_field() || dataset.key().iter().any(|key| key == id) {
                identity = identity.and(id.to_owned(), value);
            }
        }
        Ok(identity)
    }
}
