//! How long certificates are good.

use std::time::{SystemTime, UNIX_EPOCH};

/// When a certificate ends, or a revocation list should have been renewed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expiry {
    /// Which: `interface`, `interface client_ca`, `broker ca`.
    pub certificate: String,
    /// Seconds since 1970.
    pub at: i64,
}

/// From so many days before its end on a certificate is warned about.
const WARN_DAYS: i64 = 30;
const DAY: i64 = 86_400;

impl Expiry {
    /// Whole days left; negative once it has ended.
    pub fn days_left(&self) -> i64 {
        (self.at - now()).div_euclid(DAY)
    }

    /// Whether it is time to renew it.
    pub fn is_near(&self) -> bool {
        self.days_left() < WARN_DAYS
    }
}

/// Seconds since 1970.
pub(super) fn now() -> i64 {
    // A clock before 1970 makes everything look good for long; the node's own check of its clock finds it.
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_warned_about_from_thirty_days_before_its_end() {
        let in_days = |days: i64| Expiry { certificate: "x".to_owned(), at: now() + days * DAY + 10 };
        assert!(!in_days(30).is_near() && in_days(29).is_near() && in_days(-1).is_near());
        assert_eq!((in_days(7).days_left(), in_days(-1).days_left()), (7, -1));
    }
}
