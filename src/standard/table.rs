//! Tables that people edit: CSV files whose columns are known by name, and errors that lead to the cell.

use super::validity::{Validity, parse_day};
use csv::{ReaderBuilder, StringRecord, Trim};
use std::fmt;
use time::Date;

/// The place in a table that cannot be used. Operators see it, so it names the file, the place and the remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}, line {line}{}: {reason}; {remedy}", column.map(|name| format!(", column {name}")).unwrap_or_default())]
pub struct BadTable {
    /// The file, as whoever read it calls it.
    pub file: String,
    /// Counted from 1, the header included.
    pub line: u64,
    /// The column, where one cell is at fault.
    pub column: Option<&'static str>,
    /// What is wrong.
    pub reason: String,
    /// What to do.
    pub remedy: String,
}

/// Every mistake of a table that can be told at once; at least one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct BadTables(pub Vec<BadTable>);

/// So many are shown to a person at once: a column in the wrong place is a mistake in every row.
const SHOWN: usize = 20;

impl fmt::Display for BadTables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: Vec<String> = self.0.iter().take(SHOWN).map(ToString::to_string).collect();
        f.write_str(&shown.join("\n  "))?;
        match self.0.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, "\n  and {more} more"),
        }
    }
}

/// What all rows give, or the mistakes of all of them.
pub fn all<T>(rows: impl Iterator<Item = Result<T, BadTable>>) -> Result<Vec<T>, BadTables> {
    let (mut good, mut wrong) = (Vec::new(), Vec::new());
    for row in rows {
        match row {
            Ok(row) => good.push(row),
            Err(mistake) => wrong.push(mistake),
        }
    }
    if wrong.is_empty() { Ok(good) } else { Err(BadTables(wrong)) }
}

/// The columns of a table, in whatever order a file has them.
#[derive(Debug, Clone, Copy)]
pub struct Columns {
    /// Those every file has.
    pub required: &'static [&'static str],
    /// Those a file may lack; their cells are then empty.
    pub optional: &'static [&'static str],
}

/// A file taken apart into rows and cells.
pub struct Table<'a> {
    file: &'a str,
    header: Vec<&'static str>,
    /// With the line each begins in.
    rows: Vec<(u64, StringRecord)>,
}

/// One row. Cells are free of white space around them.
#[derive(Clone, Copy)]
pub struct Row<'t> {
    table: &'t Table<'t>,
    line: u64,
    record: &'t StringRecord,
}

impl<'a> Table<'a> {
    /// Takes a file apart: its header must have the required columns and no unknown ones, and each row a cell for each.
    pub fn read(file: &'a str, text: &str, columns: Columns) -> Result<Self, BadTables> {
        // Spreadsheets write a mark before UTF-8.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut reader = ReaderBuilder::new().flexible(true).trim(Trim::All).from_reader(text.as_bytes());
        let wrong = |line, reason, remedy| BadTable { file: file.to_owned(), line, column: None, reason, remedy };
        let unreadable = |e: csv::Error| {
            let line = e.position().map_or(1, csv::Position::line);
            wrong(line, e.to_string(), "write it as CSV in UTF-8".to_owned())
        };
        let alone = |mistake| BadTables(vec![mistake]);
        let header = header(reader.headers().map_err(|e| alone(unreadable(e)))?, columns);
        let header = header.map_err(|(reason, remedy)| alone(wrong(1, reason, remedy)))?;
        let rows = reader.into_records().map(|record| {
            let record = record.map_err(unreadable)?;
            let line = line_of(&record, text);
            if record.len() != header.len() {
                let reason = format!("there are {} cells, but the header names {} columns", record.len(), header.len());
                let remedy = format!("write {}, with commas even where a cell is empty", header.join(","));
                return Err(wrong(line, reason, remedy));
            }
            Ok((line, record))
        });
        let rows = all(rows)?;
        Ok(Self { file, header, rows })
    }

    /// The rows in the order of the file.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|(line, record)| Row { table: self, line: *line, record })
    }
}

/// The columns a header names, or what is wrong with it and what to do.
fn header(record: &StringRecord, columns: Columns) -> Result<Vec<&'static str>, (String, String)> {
    let known = || columns.required.iter().chain(columns.optional).copied();
    let mut found: Vec<&'static str> = Vec::new();
    for name in record {
        let Some(column) = known().find(|column| *column == name) else {
            return Err((
                format!("there is no column {name:?}"),
                format!("the columns are {}", known().collect::<Vec<_>>().join(",")),
            ));
        };
        if found.contains(&column) {
            return Err((format!("column {column} is there twice"), "keep one of the two".to_owned()));
        }
        found.push(column);
    }
    match columns.required.iter().find(|column| !found.contains(column)) {
        Some(missing) => Err((
            format!("the header lacks the column {missing}"),
            format!("begin the file with {}", known().collect::<Vec<_>>().join(",")),
        )),
        None => Ok(found),
    }
}

/// The line a record begins in. The library's position is where it began to look for it, before the rest of the last line's
/// end and before empty lines.
fn line_of(record: &StringRecord, text: &str) -> u64 {
    let Some(position) = record.position() else { return 0 };
    let ahead = text.as_bytes().get(position.byte() as usize..).unwrap_or_default();
    let ends = ahead.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).filter(|byte| **byte == b'\n');
    position.line() + ends.count() as u64
}

impl<'t> Row<'t> {
    /// A cell; empty where the file lacks the column.
    pub fn cell(&self, column: &'static str) -> &'t str {
        let place = self.table.header.iter().position(|name| *name == column);
        place.and_then(|place| self.record.get(place)).unwrap_or_default()
    }

    /// An error about one of the row's cells.
    pub fn wrong(&self, column: &'static str, reason: impl Into<String>, remedy: impl Into<String>) -> BadTable {
        BadTable {
            file: self.table.file.to_owned(),
            line: self.line,
            column: Some(column),
            reason: reason.into(),
            remedy: remedy.into(),
        }
    }

    /// The cells `valid_from` and `valid_to`; an empty one sets no bound.
    pub fn validity(&self) -> Result<Validity, BadTable> {
        let (from, to) = (self.day("valid_from")?, self.day("valid_to")?);
        Validity::new(from, to).ok_or_else(|| {
            let reason = format!("{} comes before valid_from, {}", self.cell("valid_to"), self.cell("valid_from"));
            self.wrong("valid_to", reason, "write the last day on which it holds")
        })
    }

    fn day(&self, column: &'static str) -> Result<Option<Date>, BadTable> {
        match self.cell(column) {
            "" => Ok(None),
            text => parse_day(text).map(Some).ok_or_else(|| {
                self.wrong(column, format!("{text:?} is no date"), "write it as 2014-10-31, or leave it empty")
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    const COLUMNS: Columns = Columns { required: &["code", "name"], optional: &["valid_from", "valid_to"] };

    fn read(text: &str) -> Result<Vec<(String, String, Validity)>, String> {
        let table = Table::read("some.csv", text, COLUMNS).map_err(|e| e.to_string())?;
        let rows =
            table.rows().map(|row| Ok((row.cell("code").to_owned(), row.cell("name").to_owned(), row.validity()?)));
        all(rows).map_err(|e| e.to_string())
    }

    #[test]
    fn columns_are_known_by_name_and_what_spreadsheets_add_does_no_harm() {
        let until = Validity::new(None, Some(date!(2014 - 10 - 31))).unwrap();
        let expected = vec![("1".to_owned(), "甲".to_owned(), until)];
        assert_eq!(read("code,name,valid_to\n1,甲,2014-10-31\n").unwrap(), expected);
        assert_eq!(read("\u{feff}valid_to,code,name\r\n2014-10-31, 1 ,\"甲\"\r\n\r\n").unwrap(), expected);
        assert_eq!(read("name,code\n").unwrap(), []);
    }

    #[test]
    fn all_rows_that_are_wrong_are_told_and_no_flood_of_them() {
        let two = read("code,name\n1\n2,乙\n3\n").unwrap_err();
        assert!(two.contains("line 2") && two.contains("line 4") && !two.contains("line 3"), "{two}");
        let many = read(&format!("code,name\n{}", "1\n".repeat(30))).unwrap_err();
        assert!(many.lines().count() == 21 && many.ends_with("and 10 more"), "{many}");
    }

    #[test]
    fn mistakes_are_found_by_line_and_column_with_what_to_do() {
        for (text, said) in [
            (
                "code\n1\n",
                "some.csv, line 1: the header lacks the column name; begin the file with code,name,valid_from,valid_to",
            ),
            ("", "some.csv, line 1: the header lacks the column code; begin"),
            (
                "code,name,valid_till\n",
                "some.csv, line 1: there is no column \"valid_till\"; the columns are code,name,",
            ),
            ("code,name,code\n", "some.csv, line 1: column code is there twice; keep one"),
            (
                "code,name\n1,甲\n\n2\n",
                "some.csv, line 4: there are 1 cells, but the header names 2 columns; write code,name, with",
            ),
            ("code,name\r\n1,甲\r\n\r\n2\r\n", "some.csv, line 4: there are 1 cells"),
            ("code,name\n\"1\n2\",甲,\n", "some.csv, line 2: there are 3 cells"),
            (
                "code,name,valid_to\n1,甲,\n2,乙,2014-10-32\n",
                "some.csv, line 3, column valid_to: \"2014-10-32\" is no date; write it as",
            ),
            (
                "code,name,valid_from\n1,甲,2014/10/31\n",
                "some.csv, line 2, column valid_from: \"2014/10/31\" is no date;",
            ),
            (
                "code,name,valid_from,valid_to\n1,甲,2014-10-31,2014-10-30\n",
                "some.csv, line 2, column valid_to: 2014-10-30 comes before valid_from, 2014-10-31; write the last day",
            ),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.starts_with(said), "{text:?}: {error}");
        }
    }
}
