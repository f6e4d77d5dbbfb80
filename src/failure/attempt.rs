//! Counting attempts.

/// Which attempt it is. Travels with the message as a token: an attempt that was recorded already counts no second time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Attempt {
    /// Counted from 1.
    pub round: u32,
    /// Within the round, 1 to [`Attempt::LAST`]; 0 where an operator has begun the round and nothing of it is known yet.
    pub attempt: u32,
}

impl Attempt {
    /// The first attempt of all.
    pub const FIRST: Attempt = Attempt { round: 1, attempt: 1 };
    /// 传输失败3次 (§7.4).
    pub const LAST: u32 = 3;

    /// The attempt that a token tells; `None` if it tells none.
    pub fn parse(token: &str) -> Option<Self> {
        let (round, attempt) = token.split_once('.')?;
        let (round, attempt) = (round.parse().ok()?, attempt.parse().ok()?);
        (round >= 1 && (1..=Self::LAST).contains(&attempt)).then_some(Attempt { round, attempt })
    }

    /// The token.
    pub fn token(self) -> String {
        format!("{}.{}", self.round, self.attempt)
    }

    /// The attempt after this one.
    pub fn following(self) -> Self {
        if self.attempt < Self::LAST {
            Self { attempt: self.attempt + 1, ..self }
        } else {
            Self { round: self.round.saturating_add(1), attempt: 1 }
        }
    }

    /// A round after this one, begun out of turn.
    pub fn next_round(self) -> Self {
        Self { round: self.round.saturating_add(1), attempt: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_survives_and_nonsense_is_none() {
        let attempt = Attempt { round: 4, attempt: 2 };
        assert_eq!(Attempt::parse(&attempt.token()), Some(attempt));
        for nonsense in ["", "1", "0.1", "1.0", "1.4", "-1.2", "a.b", "1.2.3"] {
            assert_eq!(Attempt::parse(nonsense), None, "{nonsense:?}");
        }
    }

    #[test]
    fn a_round_has_three_attempts_also_when_begun_out_of_turn() {
        let of = |round, attempt| Attempt { round, attempt };
        assert_eq!(Attempt::FIRST.following(), of(1, 2));
        assert_eq!(of(1, 3).following(), of(2, 1));
        assert_eq!(of(1, 3).next_round().following(), of(2, 1));
        assert!(of(1, 3) < of(1, 3).next_round() && of(1, 3).next_round() < of(2, 1));
    }
}
