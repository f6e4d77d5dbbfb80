//! The numbers of the rule.

use std::time::Duration;

/// How long failures pause, and how often they are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// After the first and the second failed attempt of a round.
    pub retry: [Duration; 2],
    /// After a failed round: 24 hours (§7.4).
    pub park: Duration,
    /// So many rounds are begun by themselves.
    pub rounds: u32,
}

/// Which pause: there is a queue for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pause {
    /// After the first failed attempt of a round.
    First,
    /// After the second.
    Second,
    /// After the third: 24 hours (§7.4).
    Parked,
}

impl Pause {
    /// All of them.
    pub const ALL: [Pause; 3] = [Pause::First, Pause::Second, Pause::Parked];
}

impl Default for Rule {
    /// As `config/node.toml` shows it.
    fn default() -> Self {
        let [first, second, park] = [2, 10, 24 * 3600].map(Duration::from_secs);
        Self { retry: [first, second], park, rounds: 7 }
    }
}

impl Rule {
    /// How long a pause is.
    pub fn length(&self, pause: Pause) -> Duration {
        match pause {
            Pause::First => self.retry[0],
            Pause::Second => self.retry[1],
            Pause::Parked => self.park,
        }
    }
}
