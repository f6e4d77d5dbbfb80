//! What has been sent, and what came of it: the memory that the checker holds the stores against.

use super::model::{Change, Effect};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use uuid::Uuid;

/// Why a batch is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The plain day: adds, modifies, deletes.
    Plain,
    /// The content of an earlier batch with a new random.
    Again,
    /// Written with an SJGXSJ just after that of an earlier batch, of whose records there may be newer states by now.
    Stale,
    /// Written with the very SJGXSJ of an earlier batch, and other content.
    Tie,
    /// Breaks a rule, so it must be refused and leave no trace.
    Invalid,
    /// Modifies what was never added: accepted, and a failure at the entering node for good.
    Orphan,
    /// Modifies what is added only afterwards: a failure at the entering node until then, mended by a retry or a replay.
    Early,
}

/// A batch.
#[derive(Debug, Clone)]
pub struct Sent {
    pub kind: Kind,
    /// The node it enters at.
    pub entry: usize,
    /// SJGXSJ of its records.
    pub at: i64,
    pub effect: Effect,
    /// Primary keys of its records, in order. One may stand there twice.
    pub keys: Vec<Arc<str>>,
    /// Place of the record whose remark has the word that one node's rule refuses.
    pub barred: Option<usize>,
    /// `random` of its envelope.
    pub random: String,
}

impl Sent {
    /// What it does to one of its records; `batch` tells it from others.
    pub fn change(&self, batch: usize, ordinal: usize) -> Change<'_> {
        Change { at: self.at, batch, ordinal, is_barred: self.barred == Some(ordinal), effect: &self.effect }
    }
}

/// What its sender knows of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Not yet known.
    Unknown,
    /// 0001, with the id of the batch.
    Acknowledged(Uuid),
    /// Refused, with the message.
    Refused(String),
}

/// What happened to exchanges.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Exchanges sent, repetitions included.
    pub exchanges: u64,
    /// Exchanges whose outcome stayed unknown: UNAVAILABLE, no answer, half an answer.
    pub unknown: u64,
    /// Acknowledged envelopes that were sent once more as they are.
    pub repeated: u64,
    /// Envelopes sent to two processes at the same time.
    pub at_once: u64,
}

/// A batch and its outcome.
#[derive(Debug, Clone)]
pub struct Entry {
    pub sent: Sent,
    pub outcome: Outcome,
    /// How often it was sent without learning the outcome, before it was known.
    pub unknown: u32,
}

/// Shared by all senders.
#[derive(Default)]
pub struct Ledger {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    entries: Vec<Entry>,
    counts: Counts,
    /// Answers that contradict the contract.
    oddities: Vec<String>,
}

/// What the ledger holds in the end.
pub struct Closed {
    pub entries: Vec<Entry>,
    pub counts: Counts,
    pub oddities: Vec<String>,
}

impl Ledger {
    /// Notes a batch before it is sent; returns its place.
    pub fn begin(&self, sent: Sent) -> usize {
        let mut inner = self.lock();
        inner.entries.push(Entry { sent, outcome: Outcome::Unknown, unknown: 0 });
        inner.entries.len() - 1
    }

    /// Counts something.
    pub fn count(&self, add: impl FnOnce(&mut Counts)) {
        add(&mut self.lock().counts);
    }

    /// Notes an exchange without a known outcome.
    pub fn unknown(&self, place: usize) {
        let mut inner = self.lock();
        inner.counts.unknown += 1;
        let entry = &mut inner.entries[place];
        entry.unknown += u32::from(entry.outcome == Outcome::Unknown);
    }

    /// Notes 0001. Whether that is news; the same envelope must always be told the same batch.
    pub fn acknowledge(&self, place: usize, batch: Uuid) -> bool {
        let mut inner = self.lock();
        match &inner.entries[place].outcome {
            Outcome::Unknown => {
                inner.entries[place].outcome = Outcome::Acknowledged(batch);
                return true;
            }
            Outcome::Acknowledged(known) if *known == batch => {}
            other => {
                let random = &inner.entries[place].sent.random;
                let oddity = format!("the envelope {random} was {other:?}, and answered with batch {batch} later");
                inner.oddities.push(oddity);
            }
        }
        false
    }

    /// Notes a refusal. The same envelope must never be told 0001 besides.
    pub fn refuse(&self, place: usize, message: String) {
        let mut inner = self.lock();
        match &inner.entries[place].outcome {
            Outcome::Unknown => inner.entries[place].outcome = Outcome::Refused(message),
            Outcome::Refused(_) => {}
            other => {
                let random = &inner.entries[place].sent.random;
                let oddity = format!("the envelope {random} was {other:?}, and refused later: {message}");
                inner.oddities.push(oddity);
            }
        }
    }

    /// How many batches have been acknowledged so far.
    pub fn acknowledged(&self) -> usize {
        self.lock().entries.iter().filter(|entry| matches!(entry.outcome, Outcome::Acknowledged(_))).count()
    }

    /// Takes everything, once all senders have ended.
    pub fn close(&self) -> Closed {
        let inner = std::mem::take(&mut *self.lock());
        Closed { entries: inner.entries, counts: inner.counts, oddities: inner.oddities }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A sender that panicked while it noted something has noted it, or not begun to.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
