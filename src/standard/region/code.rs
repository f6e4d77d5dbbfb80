//! Codes of regions, and the tier each belongs to.

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
    pub(super) fn above(self) -> Region {
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
}
