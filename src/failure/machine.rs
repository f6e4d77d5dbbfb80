//! How a failure moves. The row in the store is the truth about where it stands; whatever happens to it comes in here as an event.

use super::attempt::Attempt;
use super::rule::{Pause, Rule};

/// Where a failure stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Within a round of three attempts.
    Retrying,
    /// Three attempts are used up: marked failed, and tried again after 24 hours (§7.4).
    Parked,
    /// All rounds are used up, or an attempt did harm: kept until an operator acts.
    Abandoned,
    /// Given up by an operator.
    Discarded,
    /// What failed has gone through.
    Resolved,
}

/// A state as the store has it that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no state of a failure: {0:?}")]
pub struct UnknownState(String);

/// Where a failure stands, and after which attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Standing {
    /// The state.
    pub state: State,
    /// The last attempt that is known to have failed.
    pub last: Attempt,
}

/// What happens to a failure. Each may come twice, late, or after others: queues deliver again, and operators press twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// An attempt failed.
    Failed(Attempt),
    /// An attempt did harm to whatever made it: it is not tried again by itself.
    Poisoned(Attempt),
    /// A pause has passed; the token says after which attempt it was begun.
    Returned(Attempt),
    /// The token of a pause, or the verdict on an attempt, has not come for far too long.
    Overdue,
    /// An operator wants it tried now, having seen it after this attempt.
    Replayed(Attempt),
    /// An operator gives it up, having seen it after this attempt.
    Discarded(Attempt),
    /// What failed has gone through.
    Succeeded,
}

/// What an event brings about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Where it stands now; `None`: where it stood.
    pub to: Option<Standing>,
    /// What is to be done once that is committed.
    pub then: Then,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// Nothing.
    Nothing,
    /// A token is to wait in the queue of this pause.
    Wait(Pause),
    /// The message is to be published to its step again, as this attempt.
    Try(Attempt),
}

impl State {
    /// All of them.
    pub const ALL: [State; 5] = [State::Retrying, State::Parked, State::Abandoned, State::Discarded, State::Resolved];

    /// As the store, the metrics and the command line have it.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Retrying => "retrying",
            State::Parked => "parked",
            State::Abandoned => "abandoned",
            State::Discarded => "discarded",
            State::Resolved => "resolved",
        }
    }

    /// For people.
    pub fn title(self) -> &'static str {
        match self {
            State::Retrying => "重试中",
            State::Parked => "已标记失败，等待下一轮",
            State::Abandoned => "已放弃自动重试，待人工处理",
            State::Discarded => "已由操作员放弃",
            State::Resolved => "已解决",
        }
    }

    /// Whether it is tried again by itself.
    pub fn is_waiting(self) -> bool {
        matches!(self, State::Retrying | State::Parked)
    }
}

impl std::str::FromStr for State {
    type Err = UnknownState;

    fn from_str(text: &str) -> Result<Self, UnknownState> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or_else(|| UnknownState(text.to_owned()))
    }
}

impl Step {
    const NOTHING: Step = Step { to: None, then: Then::Nothing };
}

impl Standing {
    /// Before anything is known to have failed.
    pub const NEW: Standing = Standing { state: State::Retrying, last: Attempt { round: 1, attempt: 0 } };

    /// What an event brings about.
    pub fn on(self, event: Event, rule: &Rule) -> Step {
        match event {
            Event::Failed(attempt) => self.failed(attempt, rule),
            Event::Poisoned(attempt) if self.is_open() && attempt >= self.last => {
                let to = Standing { state: State::Abandoned, last: attempt };
                Step { to: (to != self).then_some(to), then: Then::Nothing }
            }
            Event::Returned(token) if self.pause().is_some() && token == self.last => self.try_next(),
            Event::Overdue if self.state.is_waiting() => self.try_next(),
            Event::Replayed(seen) if self.may_replay() && seen == self.last => {
                let begun = self.last.next_round();
                Step { to: Some(Standing { state: State::Retrying, last: begun }), then: Then::Try(begun.following()) }
            }
            Event::Discarded(seen) if self.may_discard() && seen == self.last => {
                Step { to: Some(Standing { state: State::Discarded, ..self }), then: Then::Nothing }
            }
            Event::Succeeded if self.state != State::Resolved => {
                Step { to: Some(Standing { state: State::Resolved, ..self }), then: Then::Nothing }
            }
            Event::Poisoned(_)
            | Event::Returned(_)
            | Event::Overdue
            | Event::Replayed(_)
            | Event::Discarded(_)
            | Event::Succeeded => Step::NOTHING,
        }
    }

    fn failed(self, attempt: Attempt, rule: &Rule) -> Step {
        if !self.is_open() || attempt < self.last {
            return Step::NOTHING;
        }
        if attempt == self.last {
            // Recorded before; whoever recorded it may have died before its token lay in the queue.
            return Step { to: None, then: self.pause().map_or(Then::Nothing, Then::Wait) };
        }
        let state = match attempt.attempt {
            Attempt::LAST if attempt.round >= rule.rounds => State::Abandoned,
            Attempt::LAST => State::Parked,
            _ => State::Retrying,
        };
        let to = Standing { state, last: attempt };
        Step { to: Some(to), then: to.pause().map_or(Then::Nothing, Then::Wait) }
    }

    fn is_open(self) -> bool {
        !matches!(self.state, State::Resolved | State::Discarded)
    }

    fn try_next(self) -> Step {
        Step { to: None, then: Then::Try(self.last.following()) }
    }

    /// The pause it is in; `None` while an attempt is under way, and when nothing more comes by itself.
    pub fn pause(self) -> Option<Pause> {
        match (self.state, self.last.attempt) {
            (State::Retrying, 1) => Some(Pause::First),
            (State::Retrying, 2) => Some(Pause::Second),
            (State::Parked, _) => Some(Pause::Parked),
            _ => None,
        }
    }

    /// Whether an operator may have it tried now: what is within its round is being tried anyway. What was discarded by mistake
    /// may be taken up again.
    pub fn may_replay(self) -> bool {
        matches!(self.state, State::Parked | State::Abandoned | State::Discarded)
    }

    /// Whether an operator may give it up.
    pub fn may_discard(self) -> bool {
        matches!(self.state, State::Retrying | State::Parked | State::Abandoned)
    }
}

#[cfg(test)]
mod tests;
