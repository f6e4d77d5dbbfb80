//! Administrative regions (GB/T 2260) and the tiers of §5.2.

use std::collections::BTreeMap;
use std::fmt;

/// A GB/T 2260 code of six digits, or `000000` for the nation.
///
/// `370203` lies in `370200` lies in `370000` lies in `000000`. A region need not be in any table: records of abolished
/// districts and of new ones still travel.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(u32);

/// What was given is not a region code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} 不是六位行政区划代码（GB/T 2260）")]
pub struct NotARegion(pub String);

/// The level of a regulator (§5.2, §6.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// 县（区）级.
    County,
    /// 设区的市级.
    City,
    /// 省、自治区、直辖市.
    Province,
    /// 国务院负责特种设备安全监督管理的部门.
    National,
}

impl Tier {
    /// From the lowest to the highest.
    pub const ALL: [Tier; 4] = [Tier::County, Tier::City, Tier::Province, Tier::National];

    /// The word used in names of exchanges, queues and log fields.
    pub fn as_str(self) -> &'static str {
        match self {
            Tier::County => "county",
            Tier::City => "city",
            Tier::Province => "province",
            Tier::National => "national",
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Region {
    /// `000000`, which covers every region.
    pub const NATION: Region = Region(0);

    /// Reads exactly six ASCII digits of a well-formed code: a county lies in a city part, a city in a province part.
    pub fn parse(text: &str) -> Result<Self, NotARegion> {
        let digits = text.len() == 6 && text.bytes().all(|b| b.is_ascii_digit());
        let region = text.parse().ok().filter(|_| digits).and_then(Self::from_number);
        region.ok_or_else(|| NotARegion(text.to_owned()))
    }

    /// The region of a number the store keeps; `None` if it is no well-formed code.
    pub fn from_number(number: u32) -> Option<Self> {
        let region = Self(number);
        let [province, city, county] = region.parts();
        let well_formed = number <= 999_999 && !(province == 0 && number > 0) && !(city == 0 && county > 0);
        well_formed.then_some(region)
    }

    /// The code as a number, as the store keeps it.
    pub fn number(self) -> u32 {
        self.0
    }

    /// The province, city and county parts.
    pub fn parts(self) -> [u32; 3] {
        [self.0 / 10_000, self.0 / 100 % 100, self.0 % 100]
    }

    /// The tier whose regulator answers for the region, by the shape of the code.
    pub fn tier(self) -> Tier {
        match self.parts() {
            [0, 0, 0] => Tier::National,
            [_, 0, 0] => Tier::Province,
            [_, _, 0] => Tier::City,
            _ => Tier::County,
        }
    }

    /// Whether `other` is this region or lies in it.
    pub fn covers(self, other: Region) -> bool {
        let (first, last) = self.span();
        (first..=last).contains(&other.0)
    }

    /// The least and the greatest number a covered region can have.
    pub fn span(self) -> (u32, u32) {
        let width = match self.tier() {
            Tier::National => 1_000_000,
            Tier::Province => 10_000,
            Tier::City => 100,
            Tier::County => 1,
        };
        (self.0, self.0 + width - 1)
    }

    /// The region next above by prefix; the nation is above every province and above itself.
    fn above(self) -> Region {
        match self.tier() {
            Tier::County => Region(self.0 / 100 * 100),
            Tier::City => Region(self.0 / 10_000 * 10_000),
            Tier::Province | Tier::National => Region::NATION,
        }
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:06}", self.0)
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

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
        Self::parse(include_str!("../../config/regions.csv")).expect("the built-in region table is well-formed")
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
    fn codes_are_six_digits_and_well_formed() {
        for good in ["000000", "370000", "370200", "370203", "429004", "820000"] {
            assert_eq!(region(good).to_string(), good);
        }
        for bad in ["", "37020", "3702030", "37020a", "３７０２０３", "000001", "370003", "003702", "+70203"] {
            assert!(Region::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn covering_is_prefix_logic() {
        assert!(region("000000").covers(region("370203")));
        assert!(region("370000").covers(region("370203")));
        assert!(region("370200").covers(region("370203")));
        assert!(region("370203").covers(region("370203")));
        assert!(!region("370203").covers(region("370200")));
        assert!(!region("370200").covers(region("370303")));
        assert!(!region("370000").covers(region("380000")));
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
