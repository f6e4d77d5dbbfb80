//! `[interface.marks]`

use serde::Deserialize;
use std::num::{NonZeroU64, NonZeroUsize};

/// When transfers are marked at the door (§7.4). The same for all processes of a node.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MarkSettings {
    /// So many wrong signatures in a row mark a transfer.
    pub failures: NonZeroUsize,
    /// How long a mark lasts, and how long a failure is remembered, in seconds.
    pub pause_secs: NonZeroU64,
    /// The most transfers remembered, by each process and in the store; the oldest go first.
    pub most: NonZeroUsize,
}

impl Default for MarkSettings {
    fn default() -> Self {
        Self { failures: at_least_one(3), pause_secs: DAY, most: at_least_one(20_000) }
    }
}

const DAY: NonZeroU64 = NonZeroU64::MIN.saturating_add(86_399);

const fn at_least_one(number: usize) -> NonZeroUsize {
    NonZeroUsize::MIN.saturating_add(number - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clause_7_4_three_failures_mark_for_24_hours_by_default_and_none_is_refused() {
        let default = toml::from_str::<MarkSettings>("").unwrap();
        assert_eq!((default.failures.get(), default.pause_secs.get(), default.most.get()), (3, 86_400, 20_000));
        for bad in ["failures = 0", "pause_secs = 0", "most = 0", "pause = 3"] {
            assert!(toml::from_str::<MarkSettings>(bad).is_err(), "{bad}");
        }
    }
}
