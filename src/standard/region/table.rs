//! The table of regions.

use super::Region;
use std::collections::BTreeMap;

/// One row of the region table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegionEntry {
    /// The Chinese name.
    pub name: String,
    /// The region directly above: from the table, since 429004 lies directly in 420000.
    pub parent: Region,
}

/// The table of GB/T 2260 regions, read from `config/regions.csv` (`code,name,tier,parent_code`).
#[derive(Debug, Clone, Default)]
pub struct RegionTable(BTreeMap<Region, RegionEntry>);

/// A line of the region table that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("region table, line {line}: {reason}")]
pub struct BadRegionTable {
    /// Counted from 1, the header included.
    pub line: u64,
    /// What is wrong and what is expected.
    pub reason: String,
}

impl RegionTable {
    /// The table that ships with sesame.
    pub fn builtin() -> Self {
        // A test parses the same file, so a build that passes its tests cannot fail here.
        Self::parse(include_str!("../../../config/regions.csv")).expect("the built-in region table is well-formed")
    }

    /// Reads the CSV form. Every parent must be a row of its own, or empty for a province.
    pub fn parse(csv: &str) -> Result<Self, BadRegionTable> {
        let mut table = BTreeMap::new();
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        for (index, row) in reader.records().enumerate() {
            let bad = |reason: String| BadRegionTable { line: index as u64 + 2, reason };
            let row = row.map_err(|e| bad(e.to_string()))?;
            let (Some(code), Some(name), Some(parent)) = (row.get(0), row.get(1), row.get(3)) else {
                return Err(bad("expected the four columns code,name,tier,parent_code".to_owned()));
            };
            let code = Region::parse(code).map_err(|e| bad(e.to_string()))?;
            let parent = match parent {
                "" => Region::NATION,
                text => Region::parse(text).map_err(|e| bad(e.to_string()))?,
            };
            if parent == code || !parent.covers(code) {
                return Err(bad(format!("the parent {parent} does not cover {code}")));
            }
            if table.insert(code, RegionEntry { name: name.to_owned(), parent }).is_some() {
                return Err(bad(format!("{code} is listed twice")));
            }
        }
        let orphan =
            table.iter().find(|(_, entry)| entry.parent != Region::NATION && !table.contains_key(&entry.parent));
        if let Some((code, entry)) = orphan {
            return Err(BadRegionTable {
                line: 0,
                reason: format!("{code} names the parent {}, which is not listed", entry.parent),
            });
        }
        Ok(Self(table))
    }

    /// The row of a region, if it is listed. The nation is not a row.
    pub fn get(&self, region: Region) -> Option<&RegionEntry> {
        self.0.get(&region)
    }

    /// Whether the region is listed, or is the nation.
    pub fn knows(&self, region: Region) -> bool {
        region == Region::NATION || self.0.contains_key(&region)
    }

    /// The counties, cities and provinces listed, in order of their codes.
    pub fn regions(&self) -> impl Iterator<Item = (Region, &RegionEntry)> {
        self.0.iter().map(|(region, entry)| (*region, entry))
    }

    /// The smallest listed region that covers all the given ones; `None` for none.
    ///
    /// One region alone is its own answer even when it is not listed.
    pub fn smallest_covering(&self, regions: impl IntoIterator<Item = Region>) -> Option<Region> {
        let mut regions = regions.into_iter();
        let first = regions.next()?;
        Some(regions.fold(first, |so_far, region| {
            let mut cover = so_far;
            while !cover.covers(region) || (cover != so_far && !self.knows(cover)) {
                cover = cover.above();
            }
            cover
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(text: &str) -> Region {
        Region::parse(text).unwrap()
    }

    #[test]
    fn the_builtin_table_is_well_formed() {
        let table = RegionTable::builtin();
        assert_eq!(table.regions().count(), 3211);
        assert_eq!(table.get(region("429004")).unwrap().parent, region("420000"));
        assert_eq!(table.get(region("370203")).unwrap().name, "市北区");
    }

    #[test]
    fn the_smallest_cover_is_a_listed_region() {
        let table = RegionTable::builtin();
        let cover =
            |codes: &[&str]| table.smallest_covering(codes.iter().map(|code| region(code))).map(|r| r.to_string());
        assert_eq!(cover(&[]), None);
        assert_eq!(cover(&["370203"]).as_deref(), Some("370203"));
        assert_eq!(cover(&["370203", "370211"]).as_deref(), Some("370200"));
        assert_eq!(cover(&["370203", "370211", "370102"]).as_deref(), Some("370000"));
        // 4290xx has no city of its own in the table, and Beijing no 1101.
        assert_eq!(cover(&["429004", "429005"]).as_deref(), Some("420000"));
        assert_eq!(cover(&["110101", "110102"]).as_deref(), Some("110000"));
        assert_eq!(cover(&["370203", "320106"]).as_deref(), Some("000000"));
        assert_eq!(cover(&["370200", "370203"]).as_deref(), Some("370200"));
    }

    #[test]
    fn a_bad_table_names_its_line() {
        let error = RegionTable::parse("code,name,tier,parent_code\n370000,山东省,province,\n37x,坏,county,370000\n")
            .unwrap_err();
        assert_eq!(error.line, 3);
        assert!(RegionTable::parse("code,name,tier,parent_code\n370203,市北区,county,370200\n").is_err());
    }
}
