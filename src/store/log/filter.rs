//! What is asked of the log, and what it answers.

use crate::standard::code::Action;
use crate::standard::moment::Moment;
use crate::standard::region::Region;
use uuid::Uuid;

/// What became of a batch at a node (contract 6.1, STATE).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchState {
    /// Waiting to be persisted: no row tells of it yet.
    Accepted,
    /// In the store.
    Persisted,
    /// An attempt failed; it is tried again within the round.
    Failed,
    /// A round of attempts failed; it is tried again after 24 hours (§7.4).
    Parked,
    /// Given up by an operator.
    Abandoned,
    /// Failed once, in the store since.
    Resolved,
}

impl BatchState {
    /// All of them.
    pub const ALL: [BatchState; 6] = [
        BatchState::Accepted,
        BatchState::Persisted,
        BatchState::Failed,
        BatchState::Parked,
        BatchState::Abandoned,
        BatchState::Resolved,
    ];

    /// As the contract writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            BatchState::Accepted => "accepted",
            BatchState::Persisted => "persisted",
            BatchState::Failed => "failed",
            BatchState::Parked => "parked",
            BatchState::Abandoned => "abandoned",
            BatchState::Resolved => "resolved",
        }
    }

    /// Reads what the contract writes.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// Conditions of a log query, all of which must hold (contract 6.1).
#[derive(Debug, Clone, Default)]
pub struct LogFilter {
    /// FROM, inclusive.
    pub from: Option<Moment>,
    /// UNTIL, exclusive.
    pub until: Option<Moment>,
    /// APPID.
    pub appid: Option<String>,
    /// The entering node: an app of the same name at another node is another app.
    pub entered_at: Option<Region>,
    /// BUSICODE and the request's own, where they are given: a row must have all of them.
    pub busicodes: Vec<String>,
    /// ACTION.
    pub action: Option<Action>,
    /// REGION: covers all below.
    pub region: Option<Region>,
    /// RANDOM.
    pub random: Option<String>,
    /// The batches that RANDOM can mean, where it is given: the id of a batch is made of its sender and its random, so that
    /// randoms need no index. [`Store::senders`] tells the senders there are.
    pub of_random: Vec<Uuid>,
    /// BATCH.
    pub batch: Option<Uuid>,
    /// RESULT: whether it is `0001`.
    pub success: Option<bool>,
    /// STATE.
    pub state: Option<BatchState>,
    /// SIZE.
    pub size: u32,
    /// AFTER.
    pub after: Option<(Moment, Uuid)>,
}

/// One row of the log.
#[derive(Debug, Clone)]
pub struct LogRow {
    /// Breaks ties of time in the cursor.
    pub id: Uuid,
    /// When the exchange was answered; of a batch, when its entering node accepted it.
    pub at: Moment,
    /// The sender at the entering node.
    pub appid: String,
    /// §6.2.2, table 2; as sent where the exchange was refused.
    pub busicode: String,
    /// §6.2.2, table 3; as sent where the exchange was refused.
    pub action: String,
    /// The smallest region that covers every record of the batch.
    pub region: Option<Region>,
    /// The sender's random.
    pub random: String,
    /// The batch, if the exchange made one.
    pub batch: Option<Uuid>,
    /// Records of the batch, or rows answered.
    pub records: u32,
    /// Of the busilist, or of a refused request's body.
    pub bytes: u64,
    /// `0001` or `0000`.
    pub result: String,
    /// Code of the refusal or the failure; `STALE` for a batch with changes older than what was there.
    pub code: String,
    /// The message for people.
    pub message: String,
    /// Duration at the door.
    pub millis: u32,
    /// State at this node; empty where there is no batch.
    pub state: String,
    /// The nodes passed, as JSON, where there is a batch.
    pub trace: Option<serde_json::Value>,
    /// When this node committed it.
    pub persisted: Option<Moment>,
}
