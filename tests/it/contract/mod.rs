//! The public contract, held against a running node: every refusal with its status, its code and its form, what the
//! actions do to records, what queries and the log answer, and the listener of health and metrics.

mod ask;
mod fixture;
mod malformed;
mod strangers;
