//! `sesame dataset validate`

use super::source::Source;
use crate::batch::{RecordFault, Stamp, TOLERANCE_MICROS, check_records};
use crate::clock::Clock;
use crate::standard::busilist::Array;
use crate::standard::code::{Action, BusinessCode};
use crate::standard::region::Region;
use anyhow::{Context, bail};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::ExitCode;
use uuid::Uuid;

/// Hold the records of a JSON file against the rules as a node's door would, without sending them
///
/// Exit status 0: no errors (there may be warnings); 1: errors.
#[derive(clap::Args)]
#[command(after_help = "Example: sesame dataset validate devices.json --busicode 003")]
pub(super) struct Validate {
    #[command(flatten)]
    source: Source,
    /// Business code, 001 to 011
    #[arg(long, value_parser = BusinessCode::parse)]
    busicode: BusinessCode,
    /// 01 add, 02 modify, 03 delete
    #[arg(long, value_parser = Action::parse, default_value = "01")]
    action: Action,
    /// Print the findings as JSON
    #[arg(long)]
    json: bool,
    /// JSON file with an array of records
    file: PathBuf,
}

impl Validate {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        if !self.action.is_write() {
            bail!("only adds, modifies and deletes (01, 02, 03) have records to hold against rules");
        }
        let dictionary = self.source.read()??;
        let dataset =
            dictionary.get(self.busicode).with_context(|| format!("there is no dataset {}", self.busicode))?;
        let text =
            std::fs::read_to_string(&self.file).with_context(|| format!("cannot read {}", self.file.display()))?;
        let text = text.trim_start_matches('\u{feff}');
        let records =
            Array::read(text).with_context(|| format!("{} holds no JSON array of records", self.file.display()))?;
        let now = Clock::system().now();
        let latest = now.plus_micros(TOLERANCE_MICROS);
        let stamp = Stamp { batch: Uuid::nil(), accepted: now, home: Region::NATION, latest };
        let findings = check_records(dataset, self.action, records.objects(), &stamp);
        if self.json {
            let rows = findings.errors.iter().chain(&findings.warnings).map(row);
            println!("{}", Value::Array(rows.collect()));
        } else {
            for fault in findings.errors.iter().chain(&findings.warnings) {
                println!("{}, {} {}: {}", place(fault), fault.level.as_str(), fault.rule, fault.error);
            }
        }
        let (errors, warnings) = (findings.errors.len(), findings.warnings.len());
        eprintln!("{} good records, {} bad; {errors} errors, {warnings} warnings", findings.good, findings.bad.len());
        Ok(if errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// Where a fault is: names come from the file, so their control characters are not let through to the terminal.
fn place(fault: &RecordFault) -> String {
    match (fault.index, fault.field.as_str()) {
        (0, _) => "the list".to_owned(),
        (index, "") => format!("record {index}"),
        (index, field) => format!("record {index}, {}", field.escape_debug()),
    }
}

fn row(fault: &RecordFault) -> Value {
    let RecordFault { index, field, rule, level, error } = fault;
    json!({"INDEX": index.to_string(), "FIELD": field, "RULE": rule, "LEVEL": level.as_str(), "ERROR": error})
}
