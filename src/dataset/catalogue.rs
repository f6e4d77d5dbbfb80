//! 特种设备目录: the kinds of equipment there are, and those that left the catalogue. Data, as the code lists are.

use crate::standard::table::{BadTable, BadTables, Columns, Row, Table, all};
use crate::standard::validity::Validity;
use std::collections::{BTreeMap, BTreeSet};
use time::Date;

/// `status` says of each row how sure its source is; it is for those who keep the file.
const COLUMNS: Columns =
    Columns { required: &["code", "name", "level", "parent"], optional: &["status", "valid_from", "valid_to"] };

/// The three levels of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// 种类, such as 3000 电梯.
    Kind,
    /// 类别, such as 3100 曳引与强制驱动电梯.
    Category,
    /// 品种, such as 3110 曳引驱动乘客电梯.
    Variety,
}

impl Level {
    /// From the highest to the lowest.
    pub const ALL: [Level; 3] = [Level::Kind, Level::Category, Level::Variety];

    /// The catalogue's word for it.
    pub fn title(self) -> &'static str {
        match self {
            Level::Kind => "种类",
            Level::Category => "类别",
            Level::Variety => "品种",
        }
    }
}

/// One row of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Four digits or capital letters, never a number: `3110`, `23T0`.
    pub code: String,
    /// The Chinese name.
    pub title: String,
    /// Its level.
    pub level: Level,
    /// The entry above, which only a kind lacks.
    pub parent: Option<String>,
    /// When the catalogue had it.
    pub valid: Validity,
}

impl Entry {
    /// Whether today's catalogue has it.
    pub fn is_in_force(&self) -> bool {
        self.valid.is_open()
    }

    /// Whether the catalogue had it on a day.
    pub fn valid_on(&self, day: Date) -> bool {
        self.valid.includes(day)
    }
}

/// The catalogue, read from `config/equipment_catalogue.csv` (`code,name,level,parent,status,valid_from,valid_to`, the last three
/// optional).
///
/// Codes that left the catalogue have rows with an end: they resolve, since the devices they were given to are still in use. A
/// code that was given another meaning is listed in its present one.
#[derive(Debug, Clone)]
pub struct Catalogue {
    entries: BTreeMap<String, Entry>,
    /// Categories that stand for their only variety.
    undivided: BTreeSet<String>,
}

impl Catalogue {
    /// The catalogue that ships with sesame.
    pub fn builtin() -> Self {
        let text = include_str!("../../config/equipment_catalogue.csv");
        // A test parses the same file, so a build that passes its tests cannot fail here.
        Self::parse("config/equipment_catalogue.csv", text).expect("the built-in equipment catalogue is well-formed")
    }

    /// Reads the CSV form; `file` is what errors call it.
    ///
    /// # Errors
    /// Every row that cannot be used; where all can, every one that names a parent it cannot have.
    pub fn parse(file: &str, text: &str) -> Result<Self, BadTables> {
        let rows = Table::read(file, text, COLUMNS)?;
        let mut entries = BTreeMap::new();
        all(rows.rows().map(|row| {
            let entry = read_row(row)?;
            let code = entry.code.clone();
            match entries.insert(code.clone(), entry) {
                None => Ok(()),
                Some(_) => Err(row.wrong("code", format!("{code} is listed twice"), "keep one of the two rows")),
            }
        }))?;
        all(rows.rows().map(|row| check_parent(row, &entries)))?;
        let divided: BTreeSet<&String> = entries
            .values()
            .filter(|entry| entry.level == Level::Variety && entry.is_in_force())
            .filter_map(|variety| variety.parent.as_ref())
            .collect();
        let categories = entries.values().filter(|entry| entry.level == Level::Category);
        let undivided = categories.map(|entry| &entry.code).filter(|code| !divided.contains(code)).cloned().collect();
        Ok(Self { entries, undivided })
    }

    /// The entry of a code, of today's catalogue or of a former one.
    pub fn get(&self, code: &str) -> Option<&Entry> {
        self.entries.get(code)
    }

    /// All entries, of today's catalogue and of former ones, in order of their codes.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    /// Whether the code is that of a 种类, of today or of the past.
    pub fn is_kind(&self, code: &str) -> bool {
        self.has_level(code, Level::Kind)
    }

    /// Whether the code is that of a 类别, of today or of the past.
    pub fn is_category(&self, code: &str) -> bool {
        self.has_level(code, Level::Category)
    }

    /// Whether the code can stand where a 品种 is asked for: one of today or of the past, or a 类别 that has none in force, and is
    /// written in its place.
    pub fn is_variety(&self, code: &str) -> bool {
        self.has_level(code, Level::Variety) || self.undivided.contains(code)
    }

    /// The 类别 that a 类别 or 品种 belongs to. `None` for a 种类 and for the few 品种 directly under one.
    pub fn category_of(&self, code: &str) -> Option<&Entry> {
        self.lineage(code).find(|entry| entry.level == Level::Category)
    }

    /// The 种类 that a code belongs to, itself if it is one. By the parents, not by the first digit.
    pub fn kind_of(&self, code: &str) -> Option<&Entry> {
        self.lineage(code).find(|entry| entry.level == Level::Kind)
    }

    /// An entry and those above it.
    fn lineage(&self, code: &str) -> impl Iterator<Item = &Entry> {
        std::iter::successors(self.get(code), |entry| self.get(entry.parent.as_deref()?))
    }

    fn has_level(&self, code: &str, level: Level) -> bool {
        self.get(code).is_some_and(|entry| entry.level == level)
    }
}

fn read_row(row: Row<'_>) -> Result<Entry, BadTable> {
    let (code, title) = (row.cell("code"), row.cell("name"));
    if code.len() != 4 || !code.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase()) {
        let reason = format!("{code:?} is no code of the catalogue");
        return Err(row.wrong("code", reason, "write four digits or capital letters, such as 3110 or 23T0"));
    }
    if title.is_empty() {
        return Err(row.wrong("name", format!("{code} has no name"), "write the one it has in the catalogue"));
    }
    let level = row.cell("level");
    let Some(level) = Level::ALL.into_iter().find(|known| known.title() == level) else {
        return Err(row.wrong("level", format!("{level:?} is no level"), "write 种类, 类别 or 品种"));
    };
    let parent = Some(row.cell("parent")).filter(|parent| !parent.is_empty());
    match (level, parent) {
        (Level::Kind, Some(parent)) => {
            Err(row.wrong("parent", format!("a 种类 has none, but {parent} is given"), "leave it empty"))
        }
        (Level::Category | Level::Variety, None) => {
            Err(row.wrong("parent", format!("{code} has none"), "name the 种类 or 类别 it belongs to"))
        }
        _ => Ok(Entry {
            code: code.to_owned(),
            title: title.to_owned(),
            level,
            parent: parent.map(str::to_owned),
            valid: row.validity()?,
        }),
    }
}

/// A parent must be listed, and stand higher; the parent of what is in force must be in force.
fn check_parent(row: Row<'_>, entries: &BTreeMap<String, Entry>) -> Result<(), BadTable> {
    let (Some(entry), parent) = (entries.get(row.cell("code")), row.cell("parent")) else { return Ok(()) };
    if parent.is_empty() {
        return Ok(());
    }
    let wrong = |reason: String| Err(row.wrong("parent", reason, "name the 种类 or 类别 it belongs to"));
    match entries.get(parent) {
        None => wrong(format!("{parent} is not listed")),
        Some(above) if above.level >= entry.level => {
            wrong(format!("{parent} is a {}, which no {} belongs to", above.level.title(), entry.level.title()))
        }
        Some(above) if entry.is_in_force() && !above.is_in_force() => {
            wrong(format!("{parent} was in force {}, and {} still is", above.valid, entry.code))
        }
        Some(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    #[test]
    fn the_shipped_catalogue_is_read_whole() {
        let catalogue = Catalogue::builtin();
        let of = |level| catalogue.entries().filter(|entry| entry.level == level && entry.is_in_force()).count();
        // 2014 第114号 counts them so.
        assert_eq!(Level::ALL.map(of), [10, 48, 99]);
        let variety = catalogue.get("23T0").unwrap();
        assert_eq!((variety.level, variety.parent.as_deref()), (Level::Variety, Some("2300")));
        assert_eq!(catalogue.get("5000").unwrap().title, "场（厂）内专用机动车辆");
        assert_eq!(catalogue.get("9000").unwrap().title, "客运索道");
        assert_eq!(catalogue.get("3999"), None);
    }

    #[test]
    fn levels_are_told_by_the_catalogue_not_by_zeros() {
        let catalogue = Catalogue::builtin();
        assert!(catalogue.is_kind("F000") && catalogue.is_category("4D00") && catalogue.is_variety("F220"));
        assert!(!catalogue.is_kind("3100") && !catalogue.is_category("3000") && !catalogue.is_variety("3100"));
        let kind_of = |code| catalogue.kind_of(code).map(|kind| kind.code.as_str());
        assert_eq!((kind_of("3110"), kind_of("3000"), kind_of("F260")), (Some("3000"), Some("3000"), Some("F000")));
        assert_eq!((kind_of("3600"), kind_of("3999")), (Some("3000"), None));
        let category_of = |code| catalogue.category_of(code).map(|category| category.code.as_str());
        assert_eq!((category_of("23T0"), category_of("4D00")), (Some("2300"), Some("4D00")));
        assert_eq!((category_of("F260"), category_of("3000")), (None, None));
    }

    #[test]
    fn a_category_without_varieties_stands_for_one() {
        let catalogue = Catalogue::builtin();
        let undivided = [
            "1100", "1200", "4900", "4A00", "4D00", "5200", "6100", "6200", "6300", "6400", "6500", "6600", "6700",
            "6800", "6900", "6A00", "6B00",
        ];
        let in_force = |code: &&str| catalogue.get(code).unwrap().is_in_force();
        let found: Vec<&str> = catalogue.undivided.iter().map(String::as_str).filter(in_force).collect();
        assert_eq!(found, undivided);
        assert!(undivided.iter().all(|code| catalogue.is_variety(code) && catalogue.is_category(code)));
    }

    #[test]
    fn codes_that_left_the_catalogue_resolve() {
        let catalogue = Catalogue::builtin();
        for code in [
            "5120", "6D30", "4890", "3140", "3150", "3160", "3170", "3240", "3250", "3340", "3500", "3600", "2160",
            "4D10", "1110",
        ] {
            let entry = catalogue.get(code).unwrap();
            assert!(!entry.is_in_force() && entry.valid_on(date!(2014 - 01 - 01)), "{code}");
            assert!(!entry.valid_on(date!(2015 - 01 - 01)) && catalogue.is_variety(code), "{code}");
            assert_eq!(catalogue.kind_of(code).unwrap().code[..1], code[..1]);
        }
    }

    #[test]
    fn files_without_validity_are_still_read() {
        let text =
            "code,name,level,parent,status\n3000,电梯,种类,,confirmed\n3100,曳引与强制驱动电梯,类别,3000,confirmed\n";
        let catalogue = Catalogue::parse("catalogue.csv", text).unwrap();
        assert!(catalogue.is_variety("3100") && catalogue.get("3100").unwrap().is_in_force());
    }

    #[test]
    fn mistakes_are_found_by_line_and_column() {
        for (rows, said) in [
            ("310,短,类别,3000,,\n", "line 3, column code: \"310\" is no code of the catalogue; write four"),
            ("3100,,类别,3000,,\n", "line 3, column name: 3100 has no name; write"),
            ("3100,名,大类,3000,,\n", "line 3, column level: \"大类\" is no level; write 种类, 类别 or 品种"),
            ("3100,名,类别,,,\n", "line 3, column parent: 3100 has none; name"),
            ("4000,名,种类,3000,,\n", "line 3, column parent: a 种类 has none, but 3000 is given; leave"),
            ("3100,名,类别,4000,,\n", "line 3, column parent: 4000 is not listed; name"),
            (
                "3100,名,类别,3000,,\n3110,名,类别,3100,,\n",
                "line 4, column parent: 3100 is a 类别, which no 类别 belongs to",
            ),
            (
                "3110,名,品种,3100,,\n3100,名,类别,3000,,2014-10-31\n",
                "line 3, column parent: 3100 was in force until 2014-10-31, and 3110 still is; name",
            ),
            ("3000,又,种类,,,\n", "line 3, column code: 3000 is listed twice; keep"),
            ("3100,名,类别,3000,,2014\n", "line 3, column valid_to: \"2014\" is no date; write"),
        ] {
            let text = format!("code,name,level,parent,valid_from,valid_to\n3000,电梯,种类,,,\n{rows}");
            let error = Catalogue::parse("catalogue.csv", &text).unwrap_err().to_string();
            assert!(error.starts_with(&format!("catalogue.csv, {said}")), "{rows}: {error}");
        }
    }
}
