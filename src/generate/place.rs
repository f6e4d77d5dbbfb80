//! Counties and their authorities, from the region table.

use super::identity;
use crate::standard::region::{Region, RegionTable};
use std::collections::BTreeSet;

/// A region without listed regions beneath it: a county, or a city that has none.
pub(super) struct Place {
    pub region: Region,
    /// `山东省青岛市市北区`
    pub full: String,
    /// `山东省`
    pub province_name: String,
    /// `青岛`, as companies put it before their names.
    pub city: String,
    /// `市北`, as documents abbreviate the authority.
    pub short: String,
    /// `青岛市市北区市场监督管理局`
    pub authority: String,
    pub authority_code: String,
    pub province: &'static Province,
    /// The letter of the city within the province (鲁B); a municipality has none.
    pub city_letter: Option<char>,
}

/// What numbers and maps need to know of a province.
pub(super) struct Province {
    pub number: u32,
    /// The character of number plates, which registration numbers use too.
    pub character: char,
    /// A place in its middle, in units of 1/1,000,000 degree.
    pub longitude: i64,
    pub latitude: i64,
}

const fn province(number: u32, character: char, longitude: i64, latitude: i64) -> Province {
    Province { number, character, longitude: longitude * 10_000, latitude: latitude * 10_000 }
}

/// Coordinates in hundredths of a degree, rounded to be well inside.
const PROVINCES: [Province; 34] = [
    province(11, '京', 11640, 3990),
    province(12, '津', 11720, 3912),
    province(13, '冀', 11548, 3803),
    province(14, '晋', 11256, 3787),
    province(15, '蒙', 11167, 4082),
    province(21, '辽', 12343, 4183),
    province(22, '吉', 12532, 4388),
    province(23, '黑', 12664, 4576),
    province(31, '沪', 12147, 3123),
    province(32, '苏', 11876, 3206),
    province(33, '浙', 12015, 3028),
    province(34, '皖', 11728, 3186),
    province(35, '闽', 11830, 2608),
    province(36, '赣', 11589, 2868),
    province(37, '鲁', 11700, 3667),
    province(41, '豫', 11365, 3476),
    province(42, '鄂', 11430, 3059),
    province(43, '湘', 11298, 2819),
    province(44, '粤', 11327, 2313),
    province(45, '桂', 10833, 2284),
    province(46, '琼', 11032, 2003),
    province(50, '渝', 10655, 2956),
    province(51, '川', 10407, 3067),
    province(52, '贵', 10671, 2657),
    province(53, '云', 10271, 2505),
    province(54, '藏', 9112, 2966),
    province(61, '陕', 10895, 3427),
    province(62, '甘', 10383, 3606),
    province(63, '青', 10178, 3662),
    province(64, '宁', 10628, 3847),
    province(65, '新', 8763, 4379),
    province(71, '台', 12151, 2504),
    province(81, '港', 11417, 2228),
    province(82, '澳', 11355, 2219),
];

const MUNICIPALITIES: [u32; 4] = [11, 12, 31, 50];

/// The places in force that a region covers, in order of their codes. Empty for a region that is not listed.
pub(super) fn places_of(region: Region, table: &RegionTable) -> Vec<Place> {
    let parents: BTreeSet<Region> = table.regions().map(|(_, entry)| entry.parent).collect();
    let leaves = table.regions().filter(|(leaf, _)| region.covers(*leaf) && !parents.contains(leaf));
    leaves.filter_map(|(leaf, _)| Place::new(leaf, table)).collect()
}

impl Place {
    fn new(region: Region, table: &RegionTable) -> Option<Self> {
        let mut names = Vec::new();
        let mut at = region;
        while let Some(entry) = table.entry(at) {
            names.push(entry.name.as_str());
            at = entry.parent;
        }
        let [own, above @ ..] = names.as_slice() else {
            return None;
        };
        let number = region.parts()[0];
        let municipality = MUNICIPALITIES.contains(&number);
        let province_name = *names.last()?;
        // The authority is named with its city, or with its municipality; a county directly under a province stands
        // alone.
        let (city, prefix) = match above {
            [city, _] => (*city, *city),
            [province] if municipality => (*province, *province),
            _ => (*own, ""),
        };
        let full: String = names.iter().rev().copied().collect();
        let letter = char::from(b'A' + (region.parts()[1].saturating_sub(1) % 26) as u8);
        Some(Self {
            region,
            full,
            province_name: province_name.to_owned(),
            city: city.strip_suffix('市').unwrap_or(city).to_owned(),
            short: own.strip_suffix(['市', '区', '县']).unwrap_or(own).to_owned(),
            authority: format!("{prefix}{own}市场监督管理局"),
            authority_code: identity::authority_code(region),
            province: PROVINCES.iter().find(|province| province.number == number)?,
            city_letter: (!municipality).then_some(letter),
        })
    }

    /// The authority of the province, which licenses units.
    pub(super) fn provincial_authority(&self) -> String {
        format!("{}市场监督管理局", self.province_name)
    }

    /// Its unified social credit code.
    pub(super) fn provincial_authority_code(&self) -> String {
        let province = Region::from_number(self.province.number * 10_000).unwrap_or(self.region);
        identity::authority_code(province)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(code: &str) -> Place {
        places_of(Region::parse(code).unwrap(), &RegionTable::builtin()).remove(0)
    }

    #[test]
    fn places_have_the_names_people_use() {
        let place = only("370203");
        assert_eq!(
            (place.full.as_str(), place.city.as_str(), place.short.as_str()),
            ("山东省青岛市市北区", "青岛", "市北")
        );
        assert_eq!(place.authority, "青岛市市北区市场监督管理局");
        assert_eq!((place.province.character, place.city_letter), ('鲁', Some('B')));
        let place = only("110101");
        assert_eq!((place.authority.as_str(), place.city_letter), ("北京市东城区市场监督管理局", None));
        assert_eq!(only("429004").authority, "仙桃市市场监督管理局");
        assert_eq!(only("441900").authority, "东莞市市场监督管理局");
        assert_eq!(only("710000").full, "台湾省");
    }

    #[test]
    fn every_listed_county_is_a_place_of_the_nation() {
        let table = RegionTable::builtin();
        let places = places_of(Region::NATION, &table);
        // 2,844 counties, 4 cities without districts and 3 provinces without cities.
        assert_eq!(places.len(), 2851);
        assert_eq!(places_of(Region::parse("370200").unwrap(), &table).len(), 10);
        assert!(places_of(Region::parse("370299").unwrap(), &table).is_empty());
        // Abolished in 2012: it has a row, but nothing is there any more.
        assert!(places_of(Region::parse("370205").unwrap(), &table).is_empty());
    }
}
