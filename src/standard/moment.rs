//! Points in time, as the interface writes them.

use std::fmt;
use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::{format_description, offset};
use time::{OffsetDateTime, PrimitiveDateTime, UtcOffset};

/// Beijing time, the zone of every date and time the standard's data carries.
pub const BEIJING: UtcOffset = offset!(+8);

const CIVIL: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");

/// Microseconds since 1970-01-01T00:00:00Z: the precision PostgreSQL keeps.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(i64);

/// What was given is neither of the two forms of a time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} 不是时间：应为 yyyy-MM-dd HH:mm:ss（北京时间）或 RFC 3339")]
pub struct NotAMoment(pub String);

impl Moment {
    /// From microseconds since 1970-01-01T00:00:00Z.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Reads `yyyy-MM-dd HH:mm:ss` in Beijing time, exactly.
    pub fn parse_civil(text: &str) -> Result<Self, NotAMoment> {
        if text.len() != 19 {
            return Err(NotAMoment(text.to_owned()));
        }
        let civil = PrimitiveDateTime::parse(text, CIVIL).map_err(|_| NotAMoment(text.to_owned()))?;
        Ok(civil.assume_offset(BEIJING).into())
    }

    /// Reads `yyyy-MM-dd HH:mm:ss` in Beijing time, or RFC 3339.
    pub fn parse(text: &str) -> Result<Self, NotAMoment> {
        Self::parse_civil(text).or_else(|e| OffsetDateTime::parse(text, &Rfc3339).map(Self::from).map_err(|_| e))
    }

    /// `yyyy-MM-dd HH:mm:ss` in Beijing time, as answers show it.
    pub fn to_civil(self) -> String {
        let beijing = OffsetDateTime::from(self).to_offset(BEIJING);
        let (date, time) = (beijing.date(), beijing.time());
        format!(
            "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
            date.year(),
            u8::from(date.month()),
            date.day(),
            time.hour(),
            time.minute(),
            time.second()
        )
    }

    /// RFC 3339 in UTC with microseconds: the form that loses nothing, for headers and cursors.
    pub fn to_rfc3339(self) -> String {
        let utc = OffsetDateTime::from(self);
        let (date, time) = (utc.date(), utc.time());
        format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z",
            date.year(),
            u8::from(date.month()),
            date.day(),
            time.hour(),
            time.minute(),
            time.second(),
            time.microsecond()
        )
    }

    /// This moment and `micros` more; stays at the ends of the range instead of wrapping.
    pub fn plus_micros(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros))
    }
}

impl From<OffsetDateTime> for Moment {
    fn from(at: OffsetDateTime) -> Self {
        // A year has at most six digits, so the microseconds fit 64 bits; the clamp keeps the conversion total.
        Self((at.unix_timestamp_nanos() / 1_000).clamp(i64::MIN.into(), i64::MAX.into()) as i64)
    }
}

impl From<Moment> for OffsetDateTime {
    fn from(at: Moment) -> Self {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(at.0) * 1_000).unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_rfc3339())
    }
}

impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn civil_time_is_beijing_time_and_exact() {
        let moment = Moment::parse("2025-08-01 08:00:00").unwrap();
        assert_eq!(moment.to_rfc3339(), "2025-08-01T00:00:00.000000Z");
        assert_eq!(moment.to_civil(), "2025-08-01 08:00:00");
        assert_eq!(Moment::parse("2025-08-01T00:00:00Z"), Ok(moment));
        assert_eq!(Moment::parse(&moment.to_rfc3339()), Ok(moment));
    }

    #[test]
    fn other_forms_are_refused() {
        for bad in
            ["", "2025-02-29 00:00:00", "2025/08/01 08:00:00", "2025-08-01 24:00:00", "2025-8-1 8:00:00", "20250801"]
        {
            assert!(Moment::parse(bad).is_err(), "{bad:?}");
        }
    }
}
