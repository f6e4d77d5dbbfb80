//! What the contract says, in words: members, codes, conditions, rows, rules. Each is a table in the order people read it in,
//! or a function of the type it explains, so that a new code without words does not compile.

mod conditions;
mod formats;
mod log_row;
mod members;
mod refusals;
mod rules;

pub use conditions::{Condition, DEFAULT_PAGE, LARGEST_PAGE, LOG_CONDITIONS, RECORD_CONDITIONS, Shape};
pub use formats::format;
pub use log_row::{BATCH_CODES, LOG_FIELDS, LogField, STATES, tier_fields, upper_tier_fields};
pub use members::{DATALIST, Member, REQUEST, RESPONSE, action, dataset, inter_flag};
pub use refusals::{Explanation, Reuse, explain};
pub use rules::{FAULT, LEVELS, RULES};

/// The most faults that an answer lists.
pub const MOST_LISTED: usize = 100;

/// The longest body without Content-Length, in bytes: the whole of it is lent before the first byte is read.
pub const UNANNOUNCED_BYTES: usize = 4 << 20;

/// The version of the contract: raised only by what an existing client could notice.
pub const VERSION: &str = "1";
