//! Since when and until when an entry of a table holds: regions are abolished, kinds of equipment leave the catalogue, and the
//! records that name them stay.

use std::fmt;
use time::Date;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

const DAY: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");

/// The days on which an entry holds: the first and the last, where they are known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Validity {
    from: Option<Date>,
    to: Option<Date>,
}

impl Validity {
    /// From its first to its last day; `None` if the last comes before the first.
    pub fn new(from: Option<Date>, to: Option<Date>) -> Option<Self> {
        let reversed = from.zip(to).is_some_and(|(from, to)| to < from);
        (!reversed).then_some(Self { from, to })
    }

    /// The first day, if one is known.
    pub fn from(self) -> Option<Date> {
        self.from
    }

    /// The last day; `None` for what is in force.
    pub fn to(self) -> Option<Date> {
        self.to
    }

    /// Whether no end is written down. What has an end is of the past, whatever the clock says: tables are written when it has
    /// come, and what reads them knows no clock.
    pub fn is_open(self) -> bool {
        self.to.is_none()
    }

    /// Whether the entry holds on a day. Both ends belong to it.
    pub fn includes(self, day: Date) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day <= to)
    }
}

impl fmt::Display for Validity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.from, self.to) {
            (None, None) => f.write_str("always"),
            (Some(from), None) => write!(f, "from {from}"),
            (None, Some(to)) => write!(f, "until {to}"),
            (Some(from), Some(to)) => write!(f, "from {from} until {to}"),
        }
    }
}

/// Reads `yyyy-MM-dd`.
pub fn parse_day(text: &str) -> Option<Date> {
    Date::parse(text, DAY).ok().filter(|_| text.len() == 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    #[test]
    fn both_ends_belong_to_it_and_an_open_one_holds_for_ever() {
        let validity = Validity::new(Some(date!(2010 - 07 - 01)), Some(date!(2014 - 10 - 31))).unwrap();
        for (day, held) in [
            (date!(2010 - 06 - 30), false),
            (date!(2010 - 07 - 01), true),
            (date!(2014 - 10 - 31), true),
            (date!(2014 - 11 - 01), false),
        ] {
            assert_eq!(validity.includes(day), held, "{day}");
        }
        assert!(!validity.is_open());
        assert!(Validity::default().includes(date!(1949 - 10 - 01)) && Validity::default().is_open());
        assert_eq!(Validity::new(validity.to(), validity.from()), None);
    }

    #[test]
    fn days_are_written_in_one_way() {
        assert_eq!(parse_day("2014-10-31"), Some(date!(2014 - 10 - 31)));
        for text in ["", "2014-10-32", "2014/10/31", "2014-1-31", "20141031", "+2014-10-31", "2014-10-31 "] {
            assert_eq!(parse_day(text), None, "{text}");
        }
    }
}
