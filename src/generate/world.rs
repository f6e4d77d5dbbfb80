//! The world of one seed and one region.

use super::catalogue::Catalogue;
use super::draw::{Draw, Stream};
use super::place::{Place, places_of};
use super::record::Record;
use crate::standard::code::BusinessCode;
use crate::standard::region::{Region, RegionTable};

/// How many records of a business code are sure to have different keys.
pub const MAX_COUNT: u32 = 1_000_000;

/// Everything that can be generated for a region from a seed.
pub struct World {
    seed: u64,
    region: Region,
    places: Vec<Place>,
    pub(super) catalogue: Catalogue,
    /// Districts that people come from.
    pub(super) homes: Vec<Region>,
    /// Where this world begins in the round of all ID numbers and unit codes.
    pub(super) offset: u64,
}

/// What cannot be generated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CannotGenerate {
    /// There is no such region, so there are no names and authorities for its records.
    #[error(
        "region {0} is none of those in force in the region table; take one of them, or 000000 for the whole nation"
    )]
    UnlistedRegion(Region),
    /// The generator knows the eleven business codes of the standard only.
    #[error("there is no generator for business code {0}; it knows 001 to 011")]
    NoSuchDataset(BusinessCode),
    /// Beyond that many, keys could repeat.
    #[error("{0} records asked for; at most {MAX_COUNT} of one business code can be told apart")]
    TooMany(u32),
}

/// Ten records of every dataset that belong together.
pub(super) struct Block<'w> {
    pub number: u32,
    pub place: &'w Place,
}

impl Block<'_> {
    /// The index of the record in a slot (0 to 9) of the block.
    pub(super) fn index(&self, slot: u32) -> u32 {
        self.number * 10 + slot
    }
}

impl World {
    /// The world of a region, which must be listed or the nation. Records of a region above the counties are spread
    /// over its counties.
    pub fn new(seed: u64, region: Region, table: &RegionTable) -> Result<Self, CannotGenerate> {
        let places = places_of(region, table);
        if places.is_empty() {
            return Err(CannotGenerate::UnlistedRegion(region));
        }
        let mut draw = Draw::new(seed, region, Stream::World, 0);
        let offset = draw.below(1 << 40);
        let listed: Vec<Region> = places_of(Region::NATION, table).iter().map(|place| place.region).collect();
        let homes = (0..64).map(|_| *draw.pick(&listed)).collect();
        Ok(Self { seed, region, places, catalogue: Catalogue::builtin(), homes, offset })
    }

    /// Record number `index` of a business code. It is the same however many are made.
    pub fn record(&self, code: BusinessCode, index: u32) -> Result<Record, CannotGenerate> {
        Ok(match code.number() {
            1 => self.permit_record(index),
            2 => self.personnel_record(index),
            3 => self.device_record(index),
            4 => self.inspection_record(index),
            5 => self.maintenance_record(index),
            6 => self.boiler_record(index),
            7 => self.supervision_record(index),
            8 => self.penalty_record(index),
            9 => self.credit_record(index),
            10 => self.recall_record(index),
            11 => self.accident_record(index),
            _ => return Err(CannotGenerate::NoSuchDataset(code)),
        })
    }

    /// The first `count` records of a business code, whose primary keys all differ; at most [`MAX_COUNT`].
    pub fn records(&self, code: BusinessCode, count: u32) -> Result<impl Iterator<Item = Record> + '_, CannotGenerate> {
        if count > MAX_COUNT {
            return Err(CannotGenerate::TooMany(count));
        }
        self.record(code, 0)?;
        // The code was just found to have a generator, so nothing is left out.
        Ok((0..count).filter_map(move |index| self.record(code, index).ok()))
    }

    /// The stream of draws of one thing of this world.
    pub(super) fn draw(&self, stream: Stream, index: u64) -> Draw {
        Draw::new(self.seed, self.region, stream, index)
    }

    /// The block a record belongs to.
    pub(super) fn block(&self, index: u32) -> Block<'_> {
        let number = index / 10;
        let mut draw = self.draw(Stream::Block, u64::from(number));
        Block { number, place: draw.pick(&self.places) }
    }
}
