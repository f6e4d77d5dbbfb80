//! What could not be applied or forwarded. The row is the truth; what lies on the broker carries only a token.

mod acts;
mod carry;
mod counts;
mod detail;
mod fail;
mod filter;
mod list;
mod moves;
mod over;

use crate::failure::{Attempt, Reason, Standing};
use crate::standard::code::{Action, BusinessCode};
use crate::standard::moment::Moment;
use crate::standard::region::Region;
use std::collections::BTreeMap;
use uuid::Uuid;

pub use acts::{ActEvent, ActKind, ActRow, ActState, NewAct, Progress};
pub use carry::Carried;
pub use detail::FailureDetail;
pub use filter::FailureFilter;
pub use list::{FailureGroup, FailureRow, GroupBy, MOST_GROUPS};
pub(super) use moves::resolve;

/// A failed attempt, ready to be recorded.
#[derive(Debug, Clone)]
pub struct NewFailure {
    /// Derived from the message, so that a redelivery is the same failure.
    pub id: Uuid,
    /// The batch, where the message tells.
    pub batch: Option<Uuid>,
    /// The step at which it failed.
    pub step: &'static str,
    /// Why.
    pub reason: Reason,
    /// The reason for people, with what exactly is wrong.
    pub detail: String,
    /// Which attempt failed.
    pub attempt: Attempt,
    /// From whom it came, or to whom it was on its way.
    pub link: String,
    /// What the message tells of itself.
    pub about: About,
    /// Routing key of the message.
    pub routing_key: String,
    /// Headers of the message.
    pub headers: BTreeMap<String, String>,
    /// Body of the message, zstd.
    pub body: Vec<u8>,
}

/// What a message tells of itself, as far as it can be read.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// The sender's appid at the entering node.
    pub appid: Option<String>,
    /// The sender's random.
    pub random: Option<String>,
    /// The dataset.
    pub busicode: Option<BusinessCode>,
    /// What the batch does.
    pub action: Option<Action>,
    /// The smallest region that covers every record.
    pub region: Option<Region>,
    /// How many records it has.
    pub records: Option<u32>,
    /// When the entering node accepted it.
    pub accepted: Option<Moment>,
}

/// A failure that is to be tried again now.
#[derive(Debug, Clone)]
pub struct DueFailure {
    /// Its id.
    pub id: Uuid,
    /// The step at which it failed.
    pub step: String,
    /// Why it failed the last time.
    pub reason: Option<Reason>,
    /// The attempt that is due.
    pub attempt: Attempt,
    /// Routing key of the message.
    pub routing_key: String,
    /// Headers of the message.
    pub headers: BTreeMap<String, String>,
    /// How many bytes its body has as it is kept; [`crate::store::Store::failure_bodies`] gives it.
    pub body_bytes: usize,
}

/// A row's standing, from its columns.
///
/// A state that is none can only be of a newer program's; it counts as one that nothing happens to.
fn standing(state: &str, round: i32, attempt: i32) -> Standing {
    let state = state.parse().unwrap_or(crate::failure::State::Discarded);
    Standing { state, last: Attempt { round: round as u32, attempt: attempt as u32 } }
}
