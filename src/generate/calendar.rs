//! Days and times of the world. Its present is the end of November 2025: nothing in it happened later.

use super::draw::Draw;
use time::macros::date;
use time::{Date, Duration, PrimitiveDateTime, Time};

/// The last day on which anything happened.
pub(super) const PRESENT: Date = date!(2025 - 11 - 20);

/// `yyyy-MM-dd`.
pub(super) fn text(day: Date) -> String {
    format!("{:04}-{:02}-{:02}", day.year(), u8::from(day.month()), day.day())
}

/// `yyyy-MM-dd HH:mm:ss`.
pub(super) fn time_text(at: PrimitiveDateTime) -> String {
    format!("{} {:02}:{:02}:{:02}", text(at.date()), at.hour(), at.minute(), at.second())
}

/// `yyyyMMdd`, for numbers of documents.
pub(super) fn compact(day: Date) -> String {
    format!("{:04}{:02}{:02}", day.year(), u8::from(day.month()), day.day())
}

/// A day from `first` to `last`, both included.
pub(super) fn between(draw: &mut Draw, first: Date, last: Date) -> Date {
    after(first, draw.between(0, (last - first).whole_days().max(0)))
}

/// So many days later.
pub(super) fn after(day: Date, days: i64) -> Date {
    day.saturating_add(Duration::days(days))
}

/// The same day so many years later; 29 February becomes the 28th where there is none.
pub(super) fn years_after(day: Date, years: i32) -> Date {
    let year = day.year() + years;
    day.replace_year(year).or_else(|_| after(day, -1).replace_year(year)).unwrap_or(day)
}

/// A time of a working day.
pub(super) fn working_time(draw: &mut Draw, day: Date) -> PrimitiveDateTime {
    let second = draw.between(8 * 3600 + 1800, 17 * 3600 + 1799);
    PrimitiveDateTime::new(day, Time::MIDNIGHT).saturating_add(Duration::seconds(second))
}

/// When a source system came to write down what happened on a day.
pub(super) fn written_down(draw: &mut Draw, day: Date) -> String {
    let day = after(day, draw.between(0, 5));
    time_text(working_time(draw, day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_times_have_the_forms_of_the_standard() {
        let day = date!(2024 - 02 - 09);
        assert_eq!(text(day), "2024-02-09");
        assert_eq!(compact(day), "20240209");
        assert_eq!(time_text(PrimitiveDateTime::new(day, Time::MIDNIGHT)), "2024-02-09 00:00:00");
    }

    #[test]
    fn a_leap_day_has_its_anniversary() {
        assert_eq!(years_after(date!(2024 - 02 - 29), 1), date!(2025 - 02 - 28));
        assert_eq!(years_after(date!(2024 - 02 - 29), 4), date!(2028 - 02 - 29));
    }
}
