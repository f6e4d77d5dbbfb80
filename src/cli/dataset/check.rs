//! `sesame dataset check`

use super::source::Source;
use crate::dataset::error::DictionaryError;
use crate::standard::table::BadTable;
use serde_json::{Value, json};
use std::process::ExitCode;

/// Read the files of a dictionary and tell every mistake, each with its file, line, place, reason and remedy
///
/// Exit status 0: a node would take the dictionary; 1: it would keep the one it has.
#[derive(clap::Args)]
#[command(after_help = "Example: sesame dataset check --datasets /etc/sesame/datasets")]
pub(super) struct Check {
    #[command(flatten)]
    source: Source,
    /// Print the datasets, or the mistakes, as JSON
    #[arg(long)]
    json: bool,
}

impl Check {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let dictionary = match self.source.read()? {
            Ok(dictionary) => dictionary,
            Err(errors) if self.json => {
                println!("{}", Value::Array(errors.0.iter().map(row).collect()));
                return Ok(ExitCode::FAILURE);
            }
            Err(errors) => return Err(errors.into()),
        };
        if self.json {
            let datasets = dictionary.datasets().map(|dataset| {
                json!({
                    "busicode": dataset.code().to_string(),
                    "title": dataset.title(),
                    "version": dataset.version(),
                    "fields": dataset.fields().len(),
                    "rules_across": dataset.rules_across().len(),
                })
            });
            println!("{}", Value::Array(datasets.collect()));
            return Ok(ExitCode::SUCCESS);
        }
        for dataset in dictionary.datasets() {
            let (code, title, version) = (dataset.code(), dataset.title(), dataset.version());
            let (fields, rules) = (dataset.fields().len(), dataset.rules_across().len());
            println!("{code} version {version}: {fields} fields, {rules} rules across fields  {title}");
        }
        println!("The dictionary is good.");
        Ok(ExitCode::SUCCESS)
    }
}

fn row(error: &DictionaryError) -> Value {
    match error {
        DictionaryError::Wrong { file, line, place, reason, remedy } => {
            json!({"file": file, "line": line, "place": place, "reason": reason, "remedy": remedy})
        }
        DictionaryError::NotReadable { file, source } => {
            json!({"file": file, "line": source.line(), "reason": source.to_string()})
        }
        DictionaryError::Table(BadTable { file, line, column, reason, remedy }) => {
            json!({"file": file, "line": line, "place": column, "reason": reason, "remedy": remedy})
        }
        DictionaryError::Unreadable { .. } | DictionaryError::Empty { .. } => json!({"reason": error.to_string()}),
    }
}
