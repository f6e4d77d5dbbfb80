//! What wrong signatures make of a transfer (§7.4). Pure: the caller says what time it is.
//!
//! Two standings of the same transfer merge by a function that is commutative, associative and idempotent, as records do: the
//! processes of a node may tell each other what they saw in any order, and more than once.

use crate::standard::moment::Moment;
use std::num::NonZeroUsize;
use std::time::Duration;

/// When a transfer is marked, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// So many failures in a row mark it.
    pub failures: NonZeroUsize,
    /// So long after the last of them; and so long a failure is remembered at all.
    pub pause: Duration,
}

impl Rule {
    /// When a failure of this moment counts no more.
    fn end(self, at: Moment) -> Moment {
        at.plus_micros(i64::try_from(self.pause.as_micros()).unwrap_or(i64::MAX))
    }

    /// The latest moment that counts no more at `now`.
    pub fn spent_before(self, now: Moment) -> Moment {
        now.plus_micros(-i64::try_from(self.pause.as_micros()).unwrap_or(i64::MAX))
    }
}

/// One wrong signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Failure {
    /// When.
    pub at: Moment,
    /// Drawn at random: two processes may each see one in the same microsecond.
    pub nonce: i32,
}

/// What is known of a transfer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Standing {
    /// What failed up to here counts no more: a right signature, an operator or the end of the pause came after it.
    floor: Option<Moment>,
    /// The latest failures in a row, the oldest first, as many as mark a transfer at the most.
    failures: Vec<Failure>,
}

/// What a wrong signature makes of its transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It counts: so many in a row now.
    Counted(usize),
    /// It was the last one allowed.
    Marked {
        /// When it may be tried again.
        until: Moment,
    },
    /// The transfer was marked before. It does not count, so the mark ends when it was said to.
    StillMarked {
        /// When it may be tried again.
        until: Moment,
    },
}

impl Standing {
    /// What counts of these failures.
    pub fn new(floor: Option<Moment>, mut failures: Vec<Failure>, rule: Rule) -> Self {
        failures.retain(|failure| floor.is_none_or(|floor| failure.at > floor));
        failures.sort_unstable();
        failures.dedup();
        failures.drain(..failures.len().saturating_sub(rule.failures.get()));
        Self { floor, failures }
    }

    /// See the field.
    pub fn floor(&self) -> Option<Moment> {
        self.floor
    }

    /// The failures in a row, the oldest first.
    pub fn failures(&self) -> &[Failure] {
        &self.failures
    }

    /// Until when the transfer is marked, if it is.
    pub fn marked_until(&self, rule: Rule, now: Moment) -> Option<Moment> {
        let last = self.failures.last().filter(|_| self.failures.len() >= rule.failures.get())?;
        Some(rule.end(last.at)).filter(|until| *until > now)
    }

    /// The last thing that happened.
    pub fn latest(&self) -> Option<Moment> {
        self.failures.last().map(|failure| failure.at).max(self.floor)
    }

    /// Whether nothing of it counts any more.
    pub fn is_spent(&self, rule: Rule, now: Moment) -> bool {
        self.latest().is_none_or(|latest| rule.end(latest) <= now)
    }

    /// Whether no failure counts.
    pub fn is_clear(&self) -> bool {
        self.failures.is_empty()
    }

    /// A wrong signature.
    pub fn fail(&mut self, rule: Rule, now: Moment, nonce: i32) -> Verdict {
        if let Some(until) = self.marked_until(rule, now) {
            return Verdict::StillMarked { until };
        }
        if let Some(last) = self.failures.last().filter(|last| rule.end(last.at) <= now) {
            // The pause is over: verified anew, counted anew.
            self.raise(last.at);
        }
        // A clock that was set back must not make a new failure one that is over.
        let at = self.floor.map_or(now, |floor| floor.plus_micros(1).max(now));
        self.failures.push(Failure { at, nonce });
        *self = Self::new(self.floor, std::mem::take(&mut self.failures), rule);
        match self.marked_until(rule, now) {
            Some(until) => Verdict::Marked { until },
            None => Verdict::Counted(self.failures.len()),
        }
    }

    /// A right signature, or an operator: nothing that failed so far counts any more.
    pub fn clear(&mut self, now: Moment) {
        let last = self.failures.last().map(|last| last.at);
        self.raise(last.map_or(now, |last| last.max(now)));
    }

    /// What two processes know together.
    pub fn merge(&self, other: &Self, rule: Rule) -> Self {
        let failures = self.failures.iter().chain(&other.failures).copied().collect();
        Self::new(self.floor.max(other.floor), failures, rule)
    }

    fn raise(&mut self, floor: Moment) {
        self.floor = self.floor.max(Some(floor));
        self.failures.retain(|failure| failure.at > floor);
    }
}

#[cfg(test)]
mod tests;
