//! Values of `sesame app` options: lists of grants, limits, spans of time.

use crate::standard::code::{Action, BusinessCode};
use crate::standard::volume::Volume;
use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::time::Duration;

/// A list of grants; `None` means all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Granted<T>(pub(super) Option<BTreeSet<T>>);

/// `all`, or codes separated by commas.
pub(super) fn busicodes(text: &str) -> Result<Granted<BusinessCode>, String> {
    granted(text, |code| BusinessCode::parse(code).map_err(|_| format!("{code:?} is no business code (001 to 999)")))
}

/// `all`, or codes separated by commas.
pub(super) fn actions(text: &str) -> Result<Granted<Action>, String> {
    granted(text, |code| Action::parse(code).map_err(|_| format!("{code:?} is no action (01, 02, 03, 04)")))
}

fn granted<T: Ord>(text: &str, parse: impl Fn(&str) -> Result<T, String>) -> Result<Granted<T>, String> {
    if text == "all" {
        return Ok(Granted(None));
    }
    let granted = text.split(',').map(|code| parse(code.trim())).collect::<Result<_, _>>()?;
    Ok(Granted(Some(granted)))
}

/// A span like `7d`, `12h`, `30m`, `90s`; `0` for none.
pub(super) fn span(text: &str) -> Result<Duration, String> {
    let expected = || format!("{text:?} is no span of time: expected a number and d, h, m or s, as in 7d, or 0");
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.parse().map_err(|_| expected())?;
    let unit = match &text[digits.len()..] {
        "d" => 86_400,
        "h" => 3_600,
        "m" => 60,
        "s" => 1,
        "" if number == 0 => 1,
        _ => return Err(expected()),
    };
    number
        .checked_mul(unit)
        .map(Duration::from_secs)
        .filter(|span| span.as_secs() <= LONGEST)
        .ok_or_else(|| "a key replaced should not stay good for more than 400 days: give a shorter span".to_owned())
}

const LONGEST: u64 = 400 * 86_400;

/// A limit; `None` takes it away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Limit(Option<NonZeroU32>);

fn limit(text: &str) -> Result<Limit, String> {
    match text {
        "none" => Ok(Limit(None)),
        _ => text
            .parse()
            .map(|number| Limit(Some(number)))
            .map_err(|_| format!("{text:?} is no limit: expected a whole number from 1 to {}, or none", u32::MAX)),
    }
}

/// What was agreed of §7.3. Options not given leave things as they are.
#[derive(clap::Args)]
pub(super) struct Limits {
    /// The most records of one exchange, or none
    #[arg(long, value_name = "N", value_parser = limit)]
    max_records: Option<Limit>,
    /// The longest request body in bytes, or none
    #[arg(long, value_name = "N", value_parser = limit)]
    max_body_bytes: Option<Limit>,
    /// Exchanges a second on the average, or none
    #[arg(long, value_name = "N", value_parser = limit)]
    exchanges_per_second: Option<Limit>,
    /// Exchanges that may come at once after a pause, or none for as many as a second's
    #[arg(long, value_name = "N", value_parser = limit)]
    exchanges_burst: Option<Limit>,
    /// Bytes of request bodies a second on the average, or none
    #[arg(long, value_name = "N", value_parser = limit)]
    bytes_per_second: Option<Limit>,
    /// Exchanges being worked on at once, or none
    #[arg(long, value_name = "N", value_parser = limit)]
    max_concurrent: Option<Limit>,
}

impl Limits {
    pub(super) fn apply(&self, volume: &mut Volume) {
        let pairs = [
            (self.max_records, &mut volume.max_records),
            (self.max_body_bytes, &mut volume.max_body_bytes),
            (self.exchanges_per_second, &mut volume.exchanges_per_second),
            (self.exchanges_burst, &mut volume.exchanges_burst),
            (self.bytes_per_second, &mut volume.bytes_per_second),
            (self.max_concurrent, &mut volume.max_concurrent),
        ];
        for (given, limit) in pairs {
            if let Some(Limit(given)) = given {
                *limit = given;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_a_unit() {
        assert_eq!(span("7d"), Ok(Duration::from_secs(7 * 86_400)));
        assert_eq!(span("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(span("0"), Ok(Duration::ZERO));
        for bad in ["", "7", "d", "-1d", "1w", "1.5h", "7 d", "99999999999999999999d", "401d", "７d"] {
            assert!(span(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn grants_are_a_list_or_all() {
        assert_eq!(actions("all"), Ok(Granted(None)));
        assert_eq!(actions("04,01,04"), Ok(Granted(Some([Action::Add, Action::Query].into()))));
        for bad in ["", "5", "01,,02", "01;02"] {
            assert!(actions(bad).is_err(), "{bad:?}");
        }
        assert!(busicodes("003,12").is_err());
    }

    #[test]
    fn a_limit_is_a_number_or_none() {
        assert_eq!(limit("none"), Ok(Limit(None)));
        assert_eq!(limit("5"), Ok(Limit(NonZeroU32::new(5))));
        assert!(limit("0").is_err() && limit("-1").is_err() && limit("many").is_err());
    }
}
