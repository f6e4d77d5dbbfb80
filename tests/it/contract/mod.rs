//! The public contract, held against a running node: every refusal with its status, its code and its form, what the
//! actions do to records, what queries and the log answer, and the listener of health and metrics.

mod adds;
pub mod ask;
mod changes;
mod document;
pub mod fixture;
mod forms;
mod grants;
mod invalid;
mod log_pages;
mod logged;
mod logs;
mod malformed;
mod order;
mod paths;
mod queries;
mod randoms;
mod sizes;
mod strangers;
