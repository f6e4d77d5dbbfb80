//! A made-up but coherent world of special equipment, for the demo, tests and benchmarks.
//!
//! [`World`] is a pure function of (seed, region): record `i` of a business code depends on nothing else, so any
//! prefix of a dataset, or any single record, can be made again. The world is laid out in **blocks of ten**: the
//! records `10b` to `10b+9` of every dataset belong together and share a supervising county. The block's devices
//! (003) are made, maintained and inspected by its licensed units (001) and certified people (002); its inspections
//! (004), maintenance (005), boiler tests (006) and accidents (011) are of its devices; its supervision (007),
//! penalties (008), credit (009) and recalls (010) are of its units. So equal counts that are multiples of ten are
//! closed: nothing refers to what is not there.
//!
//! Names, ID numbers and telephone numbers are drawn at random within the rules of their formats. Whoever they may
//! happen to fit is not meant.

mod accident;
mod boiler;
mod calendar;
mod catalogue;
mod change;
#[cfg(test)]
mod coherence;
mod credit;
mod device;
mod draw;
mod flaw;
mod identity;
mod inspection;
mod maintenance;
mod numbering;
mod penalty;
mod permit;
mod person;
mod personnel;
mod place;
mod recall;
mod record;
mod registration;
mod supervision;
mod unit;
mod world;

pub use flaw::{Flaw, NotAShare, Share};
pub use record::{Record, write_array};
pub use world::{CannotGenerate, MAX_COUNT, World};
