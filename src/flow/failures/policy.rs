//! The rule of §7.4, pure.

use crate::batch::ATTEMPT_HEADER;
use crate::store::FailureState;
use std::collections::BTreeMap;
use std::time::Duration;

/// Which attempt a delivery is. Carried in a header as a token: an attempt that was recorded already counts no second time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Attempt {
    /// Counted from 1.
    pub round: u32,
    /// Within the round, 1 to [`Attempt::LAST`].
    pub attempt: u32,
}

/// The pauses between attempts and between rounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pauses {
    /// After the first and the second failed attempt of a round.
    pub retry: [Duration; 2],
    /// After a failed round: 24 hours (§7.4).
    pub park: Duration,
}

/// What follows a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Next {
    /// Where the failure stands.
    pub state: FailureState,
    /// When it is tried again.
    pub pause: Duration,
}

impl Attempt {
    /// The first attempt of all.
    pub const FIRST: Attempt = Attempt { round: 1, attempt: 1 };
    /// 传输失败3次 (§7.4).
    pub const LAST: u32 = 3;

    /// The attempt a delivery's headers tell; without a token it is the first.
    pub fn of(headers: &BTreeMap<String, String>) -> Self {
        let token = headers.get(ATTEMPT_HEADER).and_then(|text| {
            let (round, attempt) = text.split_once('.')?;
            let (round, attempt) = (round.parse().ok()?, attempt.parse().ok()?);
            (round >= 1 && (1..=Self::LAST).contains(&attempt)).then_some(Attempt { round, attempt })
        });
        token.unwrap_or(Self::FIRST)
    }

    /// The token.
    pub fn token(self) -> String {
        format!("{}.{}", self.round, self.attempt)
    }

    /// What follows if this attempt fails.
    pub fn failed(self, pauses: &Pauses) -> Next {
        match self.attempt {
            1 => Next { state: FailureState::Retrying, pause: pauses.retry[0] },
            2 => Next { state: FailureState::Retrying, pause: pauses.retry[1] },
            _ => Next { state: FailureState::Failed, pause: pauses.park },
        }
    }

    /// The attempt after this one.
    pub fn following(self) -> Self {
        if self.attempt < Self::LAST {
            Self { attempt: self.attempt + 1, ..self }
        } else {
            Self { round: self.round.saturating_add(1), attempt: 1 }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSES: Pauses =
        Pauses { retry: [Duration::from_secs(2), Duration::from_secs(10)], park: Duration::from_secs(24 * 3600) };

    #[test]
    fn clause_7_4_three_failures_mark_it_and_24_hours_bring_it_back() {
        let mut attempt = Attempt::FIRST;
        for round in 1..=3 {
            for (number, state, pause) in [
                (1, FailureState::Retrying, PAUSES.retry[0]),
                (2, FailureState::Retrying, PAUSES.retry[1]),
                (3, FailureState::Failed, PAUSES.park),
            ] {
                assert_eq!(attempt, Attempt { round, attempt: number });
                assert_eq!(attempt.failed(&PAUSES), Next { state, pause });
                attempt = attempt.following();
            }
        }
    }

    #[test]
    fn a_token_survives_and_nonsense_is_the_first_attempt() {
        let headers = |token: &str| BTreeMap::from([(ATTEMPT_HEADER.to_owned(), token.to_owned())]);
        let attempt = Attempt { round: 4, attempt: 2 };
        assert_eq!(Attempt::of(&headers(&attempt.token())), attempt);
        for nonsense in ["", "1", "0.1", "1.0", "1.4", "-1.2", "a.b", "1.2.3"] {
            assert_eq!(Attempt::of(&headers(nonsense)), Attempt::FIRST, "{nonsense:?}");
        }
        assert_eq!(Attempt::of(&BTreeMap::new()), Attempt::FIRST);
    }
}
