//! What is measured, one file each.

pub mod backlog;
pub mod chain;
pub mod failures;
pub mod pipeline;
pub mod profile;
pub mod query;
pub mod standard;
pub mod storage;
pub mod volume;

use crate::report::{Check, Report};

/// A target among the checks of a report.
fn target(report: &mut Report, asked: &str, required: String, measured: String, pass: bool) {
    let (clause, asked) = ("target".to_owned(), asked.to_owned());
    report.checks.push(Check { clause, asked, required, measured, pass });
}
