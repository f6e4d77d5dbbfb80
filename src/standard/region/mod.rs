//! Administrative regions (GB/T 2260) and the tiers of §5.2: codes, which need no table, and the table of names and parents.

mod code;
mod table;

pub use code::{NotARegion, Region, Tier};
pub use table::{RegionEntry, RegionTable};
