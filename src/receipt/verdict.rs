//! What a tier says of a batch.

use crate::standard::cipher::{Cipher, Software};
use crate::standard::moment::Moment;
use crate::standard::region::Region;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Where a batch stands at a tier, as the interface log writes it (§6.1 接口日志信息查询).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// An attempt failed; it is tried again within the round.
    Failed,
    /// A round of attempts failed; it is tried again after 24 hours (§7.4).
    Parked,
    /// No round follows: it waits for an operator.
    Abandoned,
    /// In the store.
    Persisted,
    /// Failed once, in the store since.
    Resolved,
}

impl State {
    /// All of them.
    pub const ALL: [State; 5] = [State::Failed, State::Parked, State::Abandoned, State::Persisted, State::Resolved];

    /// As the interface log and the store write it.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Failed => "failed",
            State::Parked => "parked",
            State::Abandoned => "abandoned",
            State::Persisted => "persisted",
            State::Resolved => "resolved",
        }
    }

    /// Reads what [`State::as_str`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// A record that a tier's rules refuse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BadRecord {
    /// Its place in the busilist, from 1.
    pub index: u32,
    /// The field at fault; empty where the record as a whole is.
    pub field: String,
    /// The rule broken.
    pub rule: String,
    /// The reason, for people.
    pub error: String,
}

/// What one node says of one batch at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The batch.
    pub batch: Uuid,
    /// The node that says so.
    pub node: Region,
    /// The node that it shares up to, which has a verdict of its own to give; none at the top, and none where the parent cannot send
    /// receipts.
    pub above: Option<Region>,
    /// Where the batch stands there.
    pub state: State,
    /// Since when, by that node's clock.
    pub at: Moment,
    /// How many of its records are applied there.
    pub records: u32,
    /// How many are not, since that node's rules refuse them.
    pub unapplied: u32,
    /// The stable code of the reason; empty where all is well.
    pub code: String,
    /// The reason, for people.
    pub message: String,
    /// What is wrong with the records refused, the first [`Verdict::MOST_BAD`] of them.
    pub bad: Vec<BadRecord>,
}

/// Characters kept of a verdict's message, of the words about one bad record, and of a name.
const MESSAGE_CHARS: usize = 500;
const ERROR_CHARS: usize = 200;
const NAME_CHARS: usize = 64;

impl Verdict {
    /// Bad records told at most: a person mends one and sends again.
    pub const MOST_BAD: usize = 10;

    /// Whether nothing is left to be done there: the batch is in the store with all its records.
    pub fn is_final(&self) -> bool {
        matches!(self.state, State::Persisted | State::Resolved) && self.unapplied == 0
    }

    /// What decides between two verdicts of one node on one batch: the one with the greater order counts. As bytes, so that the
    /// store compares them without knowing what they mean.
    ///
    /// A final verdict counts more than any other, for what is in the store whole never leaves it; among the others, and
    /// among final ones, the later does. What is left decides ties, so that the order is total.
    pub fn order(&self) -> [u8; Self::ORDER_BYTES] {
        let mut order = [0; Self::ORDER_BYTES];
        order[0] = u8::from(self.is_final());
        // Of a signed number this keeps the order.
        order[1..9].copy_from_slice(&(self.at.micros() as u64 ^ (1 << 63)).to_be_bytes());
        order[9] = self.state as u8;
        order[10..14].copy_from_slice(&self.records.to_be_bytes());
        order[14..18].copy_from_slice(&(u32::MAX - self.unapplied).to_be_bytes());
        order[18] = self.bad.len().min(Self::MOST_BAD) as u8;
        if !(self.code.is_empty() && self.message.is_empty() && self.bad.is_empty() && self.above.is_none()) {
            let bad = serde_json::to_vec(&self.bad).unwrap_or_default();
            let above = self.above.map_or(0, |above| above.number() + 1).to_be_bytes();
            let digest = Software.sm3(&[&above, self.code.as_bytes(), &[0], self.message.as_bytes(), &[0], &bad]);
            order[19..].copy_from_slice(&digest[..8]);
        }
        order
    }

    /// Length of [`Verdict::order`].
    pub const ORDER_BYTES: usize = 27;

    /// Bytes of what it says in words.
    pub fn words(&self) -> usize {
        let bad = self.bad.iter().map(|bad| 64 + bad.field.len() + bad.rule.len() + bad.error.len());
        self.code.len() + self.message.len() + bad.sum::<usize>()
    }

    /// The verdict with its texts and lists cut to what is kept, and without what PostgreSQL cannot hold.
    pub fn bounded(mut self) -> Self {
        self.bad.truncate(Self::MOST_BAD);
        for bad in &mut self.bad {
            bound(&mut bad.field, NAME_CHARS);
            bound(&mut bad.rule, NAME_CHARS);
            bound(&mut bad.error, ERROR_CHARS);
            // Kept as an integer.
            bad.index = bad.index.min(i32::MAX.cast_unsigned());
        }
        bound(&mut self.code, NAME_CHARS);
        bound(&mut self.message, MESSAGE_CHARS);
        self
    }
}

fn bound(text: &mut String, most_chars: usize) {
    if text.contains('\0') {
        *text = text.replace('\0', "\u{fffd}");
    }
    if let Some((end, _)) = text.char_indices().nth(most_chars) {
        text.truncate(end);
    }
}
