//! PostgreSQL: the pool, the schema and its migrations, and one file per noun with all the SQL about it. No other room
//! writes SQL. Nothing here knows of HTTP or AMQP.

mod adds;
mod apps;
mod batches;
mod changes;
mod conditions;
mod error;
mod explain;
mod failures;
mod history;
mod log;
mod marks;
mod merge;
mod migrate;
mod months;
mod outbox;
mod parts;
mod persist;
mod pool;
mod present;
mod query;
mod receipts;
mod secure;
mod senders;
mod streams;
mod tally;
mod unsettled;

pub use apps::{AppAct, BadApp, StoredApp};
pub use batches::{Late, NewBatch, StoredBatch};
pub use error::StoreError;
pub use failures::{
    About, ActEvent, ActKind, ActRow, ActState, Carried, DueFailure, FailureDetail, FailureFilter, FailureGroup,
    FailureRow, GroupBy, MOST_GROUPS, NewAct, NewFailure, Progress,
};
pub use history::RecordPast;
pub use log::{BatchState, LogEntry, LogFilter, LogRow};
pub use marks::{MarkBounds, StoredMark};
pub use migrate::SCHEMA_VERSION;
pub use months::{Claim, Hold, MonthRow, MonthRows, Monthly};
pub use outbox::Upward;
pub use persist::Verdict;
pub use pool::{Purpose, Store};
pub use query::{Page, RecordFilter, RecordRow};
pub use receipts::{Committed, Merged, OpenFailure, Standing, Way};
pub use tally::{Tally, TallyRow};
pub use unsettled::{Due, Want};
