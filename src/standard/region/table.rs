//! The table of regions: those in force, and those that were.

use super::Region;
use crate::standard::table::{BadTable, BadTables, Columns, Row, Table, all};
use crate::standard::validity::Validity;
use std::collections::BTreeMap;
use time::Date;

const COLUMNS: Columns =
    Columns { required: &["code", "name", "tier", "parent_code"], optional: &["valid_from", "valid_to", "successor"] };

/// One row of the region table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegionEntry {
    /// The Chinese name: of a region of the past its last.
    pub name: String,
    /// The region directly above: from the table, since 429004 lies directly in 420000.
    pub parent: Region,
    /// When the code was in force.
    pub valid: Validity,
    /// What a region of the past has become, where one other took it over whole or nearly so. It may be of the past itself.
    pub successor: Option<Region>,
}

impl RegionEntry {
    /// Whether the region has not been abolished.
    pub fn is_in_force(&self) -> bool {
        self.valid.is_open()
    }

    /// Whether the code was in force on a day.
    pub fn valid_on(&self, day: Date) -> bool {
        self.valid.includes(day)
    }
}

/// The table of GB/T 2260 regions, read from `config/regions.csv`
/// (`code,name,tier,parent_code,valid_from,valid_to,successor`, the last three optional).
///
/// What offers a choice (a new node, generated data, the region a batch is routed by) sees the regions in force alone, by
/// [`RegionTable::regions`] and [`RegionTable::knows`]. What explains a code finds those of the past too, by
/// [`RegionTable::entry`]. A code that was given to another region later is listed in its present meaning.
#[derive(Debug, Clone, Default)]
pub struct RegionTable(BTreeMap<Region, RegionEntry>);

impl RegionTable {
    /// The table that ships with sesame.
    pub fn builtin() -> Self {
        let text = include_str!("../../../config/regions.csv");
        // A test parses the same file, so a build that passes its tests cannot fail here.
        Self::parse("config/regions.csv", text).expect("the built-in region table is well-formed")
    }

    /// Reads the CSV form; `file` is what errors call it. Every parent must be a row of its own, or empty for a province. The
    /// tier is there for readers: the code says it.
    ///
    /// # Errors
    /// Every row that cannot be used; where all can, every one that names a region it cannot name.
    pub fn parse(file: &str, text: &str) -> Result<Self, BadTables> {
        let rows = Table::read(file, text, COLUMNS)?;
        let mut table = Self::default();
        let order = all(rows.rows().map(|row| {
            let (code, entry) = read_row(row)?;
            match table.0.insert(code, entry) {
                None => Ok(code),
                Some(_) => Err(row.wrong("code", format!("{code} is listed twice"), "keep one of the two rows")),
            }
        }))?;
        all(rows.rows().zip(order).map(|(row, code)| table.check_links(row, code)))?;
        Ok(table)
    }

    /// Whether the regions a row names are listed, and outlive its own.
    fn check_links(&self, row: Row<'_>, code: Region) -> Result<(), BadTable> {
        let Some(entry) = self.entry(code) else { return Ok(()) };
        match self.entry(entry.parent) {
            _ if entry.parent == Region::NATION => {}
            None => {
                let reason = format!("{} is not listed", entry.parent);
                return Err(row.wrong("parent_code", reason, "add a row for it, or correct the code"));
            }
            Some(parent) if entry.is_in_force() && !parent.is_in_force() => {
                let reason = format!("{} was in force {}, and {code} still is", entry.parent, parent.valid);
                return Err(row.wrong(
                    "parent_code",
                    reason,
                    "name the region it lies in now, or write its own valid_to",
                ));
            }
            Some(_) => {}
        }
        let Some(successor) = entry.successor else { return Ok(()) };
        match self.entry(successor) {
            None => Err(row.wrong(
                "successor",
                format!("{successor} is not listed"),
                "add a row for it, correct the code, or leave it empty",
            )),
            Some(next) if !next.is_in_force() && next.valid.to() <= entry.valid.to() => {
                let reason = format!("{successor} was in force {}, which is no longer than {code} was", next.valid);
                Err(row.wrong("successor", reason, "name the region that came after, or leave it empty"))
            }
            Some(_) => Ok(()),
        }
    }

    /// The row of a region, in force or of the past. The nation is not a row.
    pub fn entry(&self, region: Region) -> Option<&RegionEntry> {
        self.0.get(&region)
    }

    /// The name of a region, in force or of the past.
    pub fn name(&self, region: Region) -> Option<&str> {
        self.entry(region).map(|entry| entry.name.as_str())
    }

    /// Whether the region is listed and in force, or is the nation.
    pub fn knows(&self, region: Region) -> bool {
        region == Region::NATION || self.entry(region).is_some_and(RegionEntry::is_in_force)
    }

    /// The counties, cities and provinces in force, in order of their codes.
    pub fn regions(&self) -> impl Iterator<Item = (Region, &RegionEntry)> {
        self.0.iter().map(|(region, entry)| (*region, entry)).filter(|(_, entry)| entry.is_in_force())
    }

    /// The region in force that a region is or has become; `None` if it is not listed, or was divided.
    pub fn current(&self, region: Region) -> Option<Region> {
        let (mut at, mut entry) = (region, self.entry(region)?);
        // Every successor outlives the one before, so this comes to an end.
        while !entry.is_in_force() {
            at = entry.successor?;
            entry = self.entry(at)?;
        }
        Some(at)
    }

    /// Why a region is none of those in force, in words for people; `None` if it is one of them, or the nation.
    pub fn absence(&self, region: Region) -> Option<String> {
        if self.knows(region) {
            return None;
        }
        let Some(entry) = self.entry(region) else {
            return Some("it is not in the region table".to_owned());
        };
        let now = self.current(region).and_then(|now| Some(format!(", now {now} {}", self.name(now)?)));
        Some(format!("{} was in force {}{}", entry.name, entry.valid, now.unwrap_or_default()))
    }

    /// The smallest region in force that covers all the given ones; `None` for none.
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

fn read_row(row: Row<'_>) -> Result<(Region, RegionEntry), BadTable> {
    let code = |column| {
        Region::parse(row.cell(column))
            .map_err(|e| row.wrong(column, e.to_string(), "write six digits, such as 370203"))
    };
    let region = code("code")?;
    let name = row.cell("name");
    if name.is_empty() {
        return Err(row.wrong("name", format!("{region} has no name"), "write it as people do, such as 市北区"));
    }
    let parent = if row.cell("parent_code").is_empty() { Region::NATION } else { code("parent_code")? };
    if parent == region || !parent.covers(region) {
        let reason = format!("{parent} does not cover {region}");
        return Err(row.wrong(
            "parent_code",
            reason,
            "name the city or province it lies in; leave it empty for a province",
        ));
    }
    let valid = row.validity()?;
    let successor = if row.cell("successor").is_empty() { None } else { Some(code("successor")?) };
    if successor.is_some() && valid.is_open() {
        let reason = format!("{region} has no end, so nothing comes after it");
        return Err(row.wrong("successor", reason, "write its last day into valid_to, or leave both empty"));
    }
    Ok((region, RegionEntry { name: name.to_owned(), parent, valid, successor }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::LazyLock;
    use time::macros::date;

    static BUILTIN: LazyLock<RegionTable> = LazyLock::new(RegionTable::builtin);

    fn region(text: &str) -> Region {
        Region::parse(text).unwrap()
    }

    #[test]
    fn the_builtin_table_is_well_formed() {
        assert_eq!(BUILTIN.regions().count(), 3211);
        assert_eq!(BUILTIN.entry(region("429004")).unwrap().parent, region("420000"));
        assert_eq!(BUILTIN.name(region("370203")), Some("市北区"));
        assert_eq!(BUILTIN.name(Region::NATION), None);
    }

    #[test]
    fn gb_2260_codes_in_force_are_told_from_others() {
        for code in ["370000", "370100", "370102", "441900", "429004", "659001", "500101", "820000"] {
            assert!(BUILTIN.knows(region(code)), "{code}");
            assert_eq!(BUILTIN.current(region(code)), Some(region(code)));
        }
        // A code that was never given, a zone and a pseudo city of statistics, and the two ways to write the nation.
        for code in ["370199", "130171", "110100", "999999", "100000"] {
            assert_eq!(BUILTIN.entry(region(code)), None, "{code}");
        }
    }

    #[test]
    fn the_smallest_cover_is_a_region_in_force() {
        let cover =
            |codes: &[&str]| BUILTIN.smallest_covering(codes.iter().map(|code| region(code))).map(|r| r.to_string());
        assert_eq!(cover(&[]), None);
        assert_eq!(cover(&["370203"]).as_deref(), Some("370203"));
        assert_eq!(cover(&["370203", "370211"]).as_deref(), Some("370200"));
        assert_eq!(cover(&["370203", "370211", "370102"]).as_deref(), Some("370000"));
        // 4290xx has no city of its own in the table, and Beijing no 1101.
        assert_eq!(cover(&["429004", "429005"]).as_deref(), Some("420000"));
        assert_eq!(cover(&["110101", "110102"]).as_deref(), Some("110000"));
        assert_eq!(cover(&["370203", "320106"]).as_deref(), Some("000000"));
        assert_eq!(cover(&["370200", "370203"]).as_deref(), Some("370200"));
        // The city of Laiwu is no more: what covers two of its old counties is the province.
        assert_eq!(cover(&["371202", "371203"]).as_deref(), Some("370000"));
    }

    #[test]
    fn abolished_codes_resolve_to_name_parent_end_and_successor() {
        for (code, name, parent, last_month, now) in [
            ("110103", "崇文区", "110000", "2010-07", Some("110101")),
            ("110228", "密云县", "110000", "2015-11", Some("110118")),
            ("120107", "塘沽区", "120000", "2009-11", Some("120116")),
            ("310119", "南汇区", "310000", "2009-05", Some("310115")),
            ("320103", "白下区", "320100", "2013-02", Some("320104")),
            ("320584", "吴江市", "320500", "2012-09", Some("320509")),
            ("330104", "江干区", "330100", "2021-04", Some("330102")),
            ("370205", "四方区", "370200", "2012-12", Some("370203")),
            ("370282", "即墨市", "370200", "2017-11", Some("370215")),
            ("371200", "莱芜市", "370000", "2019-01", Some("370100")),
            ("371203", "钢城区", "371200", "2019-01", Some("370117")),
            // Twice renumbered: Wuwei county went from Chaohu to Wuhu, and became a city there.
            ("341422", "无为县", "341400", "2011-08", Some("340281")),
            // Divided between three cities.
            ("341400", "巢湖市", "340000", "2011-08", None),
        ] {
            let entry = BUILTIN.entry(region(code)).unwrap();
            assert_eq!((entry.name.as_str(), entry.parent), (name, region(parent)), "{code}");
            assert!(entry.valid.to().unwrap().to_string().starts_with(last_month), "{code} {}", entry.valid);
            assert_eq!(BUILTIN.current(region(code)), now.map(region), "{code}");
            assert!(!BUILTIN.knows(region(code)) && !BUILTIN.regions().any(|(listed, _)| listed == region(code)));
        }
    }

    #[test]
    fn a_code_is_valid_on_the_days_it_was_in_force() {
        let valid_on = |code: &str, day| BUILTIN.entry(region(code)).unwrap().valid_on(day);
        assert!(valid_on("370205", date!(2010 - 01 - 01)) && !valid_on("370205", date!(2013 - 01 - 01)));
        assert!(valid_on("370215", date!(2018 - 01 - 01)) && !valid_on("370215", date!(2016 - 12 - 31)));
        assert!(valid_on("370203", date!(1995 - 01 - 01)) && valid_on("370203", date!(2030 - 01 - 01)));
    }

    #[test]
    fn what_became_of_a_region_is_said() {
        assert_eq!(BUILTIN.absence(region("370203")), None);
        assert_eq!(BUILTIN.absence(region("370199")).as_deref(), Some("it is not in the region table"));
        let said = BUILTIN.absence(region("370205")).unwrap();
        assert_eq!(said, "四方区 was in force until 2012-12-31, now 370203 市北区");
    }

    #[test]
    fn files_with_four_columns_are_still_read() {
        let text = "code,name,tier,parent_code\n370000,山东省,province,\n370200,青岛市,city,370000\n";
        let table = RegionTable::parse("regions.csv", text).unwrap();
        assert_eq!(table.regions().count(), 2);
        assert!(table.entry(region("370200")).unwrap().valid_on(date!(2000 - 01 - 01)));
    }

    #[test]
    fn mistakes_are_found_by_line_and_column() {
        let shandong = "370000,山东省,province,,,,\n";
        for (rows, said) in [
            ("37x,坏,county,370000,,,\n", "line 3, column code: \"37x\" 不是六位行政区划代码"),
            ("370200,,city,370000,,,\n", "line 3, column name: 370200 has no name; write"),
            ("370203,市北区,county,370200,,,\n", "line 3, column parent_code: 370200 is not listed; add a row"),
            ("320200,无锡市,city,370000,,,\n", "line 3, column parent_code: 370000 does not cover 320200; name"),
            (shandong, "line 3, column code: 370000 is listed twice; keep one"),
            ("370200,青岛市,city,370000,,2010-7-1,\n", "line 3, column valid_to: \"2010-7-1\" is no date; write it as"),
            (
                "370200,青岛市,city,370000,,,370000\n",
                "line 3, column successor: 370200 has no end, so nothing comes after it",
            ),
            (
                "370200,青岛市,city,370000,,2010-01-31,370100\n",
                "line 3, column successor: 370100 is not listed; add a row",
            ),
            (
                "370200,青岛市,city,370000,,2010-01-31,370200\n",
                "line 3, column successor: 370200 was in force until 2010-01-31, which is no longer",
            ),
            (
                "370203,市北区,county,370200,,,\n370200,青岛市,city,370000,,2010-01-31,\n",
                "line 3, column parent_code: 370200 was in force until 2010-01-31, and 370203 still is; name",
            ),
        ] {
            let text = format!("code,name,tier,parent_code,valid_from,valid_to,successor\n{shandong}{rows}");
            let error = RegionTable::parse("regions.csv", &text).unwrap_err().to_string();
            assert!(error.starts_with(&format!("regions.csv, {said}")), "{rows}: {error}");
        }
    }
}
