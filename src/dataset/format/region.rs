//! Region codes (GB/T 2260) as values of a record.

use crate::standard::region::{Region, RegionTable, Tier};
use std::collections::BTreeSet;

/// Which codes a record may carry: well-formed ones of a province that the region table lists.
///
/// Cities and counties are not held against the table: records of districts abolished before it begins, of districts newer than
/// it is, and of zones that only statistics know still travel. What it says of a code ([`RegionTable::entry`]) is for warnings.
#[derive(Debug, Clone)]
pub struct RegionFormat {
    provinces: BTreeSet<u32>,
}

impl RegionFormat {
    /// The provinces of a table.
    pub fn new(table: &RegionTable) -> Self {
        let provinces = table.regions().filter(|(region, _)| region.tier() == Tier::Province);
        Self { provinces: provinces.map(|(region, _)| region.parts()[0]).collect() }
    }

    /// Whether the text is such a code. The nation as a whole supervises no single object.
    pub fn accepts(&self, text: &str) -> bool {
        Region::parse(text).is_ok_and(|region| self.provinces.contains(&region.parts()[0]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gb_2260_codes_are_told_from_others() {
        let format = RegionFormat::new(&RegionTable::builtin());
        for code in ["370000", "370100", "370102", "441900", "429004", "659001", "500101", "820000"] {
            assert!(format.accepts(code), "{code}");
        }
        for code in ["999999", "37010", "3701000", "100000", "000000", "370002", "37010a", "３７０１０２", ""] {
            assert!(!format.accepts(code), "{code}");
        }
    }

    #[test]
    fn districts_that_no_table_lists_still_travel() {
        let format = RegionFormat::new(&RegionTable::builtin());
        for code in ["370199", "130171", "110100"] {
            assert!(format.accepts(code), "{code}");
        }
    }
}
