//! Months of Beijing time, by which the log is kept and archived.

use super::moment::{BEIJING, Moment};
use std::fmt;
use std::str::FromStr;
use time::{Date, OffsetDateTime, PrimitiveDateTime, Time};

/// A month of Beijing time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    year: i32,
    /// From 0.
    month: u8,
}

/// What was given is no month.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no month: give it as 2026-01")]
pub struct NotAMonth(pub String);

impl Month {
    /// The month a moment lies in.
    pub fn of(moment: Moment) -> Self {
        let date = OffsetDateTime::from(moment).to_offset(BEIJING).date();
        Self { year: date.year(), month: u8::from(date.month()) - 1 }
    }

    /// The month so many later, or earlier where negative.
    pub fn plus(self, months: i32) -> Self {
        let total = self.year.saturating_mul(12).saturating_add(i32::from(self.month)).saturating_add(months);
        Self { year: total.div_euclid(12), month: total.rem_euclid(12) as u8 }
    }

    /// Its first moment.
    pub fn start(self) -> Moment {
        PrimitiveDateTime::new(self.first_day(), Time::MIDNIGHT).assume_offset(BEIJING).into()
    }

    /// Its first day.
    pub fn first_day(self) -> Date {
        // The month is 1 to 12; only a year beyond what the calendar of the library has is none.
        let month = time::Month::try_from(self.month + 1).unwrap_or(time::Month::January);
        Date::from_calendar_date(self.year, month, 1).unwrap_or(if self.year < 0 { Date::MIN } else { Date::MAX })
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month + 1)
    }
}

impl FromStr for Month {
    type Err = NotAMonth;

    fn from_str(text: &str) -> Result<Self, NotAMonth> {
        let parts = text.split_once('-').filter(|(year, month)| year.len() == 4 && month.len() == 2);
        let read = parts.and_then(|(year, month)| Some((year.parse::<u16>().ok()?, month.parse::<u8>().ok()?)));
        match read {
            Some((year, month @ 1..=12)) => Ok(Self { year: i32::from(year), month: month - 1 }),
            _ => Err(NotAMonth(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_begins_at_midnight_in_beijing() {
        let first = Moment::parse("2026-01-01 00:00:00").unwrap();
        let month = Month::of(first);
        assert_eq!((month.to_string().as_str(), month.start()), ("2026-01", first));
        assert_eq!(Month::of(first.plus_micros(-1)).to_string(), "2025-12");
    }

    #[test]
    fn months_are_counted_over_years() {
        let month: Month = "2026-01".parse().unwrap();
        for (months, expected) in [(0, "2026-01"), (-1, "2025-12"), (-13, "2024-12"), (11, "2026-12"), (12, "2027-01")]
        {
            assert_eq!(month.plus(months).to_string(), expected);
        }
        assert!(month.plus(-1) < month && month < month.plus(1));
    }

    #[test]
    fn what_is_no_month_is_refused() {
        for bad in ["", "2026", "2026-1", "2026-13", "2026-00", "26-01", "2026-01-01", "2026/01"] {
            assert!(bad.parse::<Month>().is_err(), "{bad}");
        }
    }
}
