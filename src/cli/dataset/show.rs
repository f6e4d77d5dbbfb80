//! `sesame dataset show`

use super::source::Source;
use crate::dataset::Level;
use crate::dataset::field::{Field, Kind};
use crate::standard::code::BusinessCode;
use anyhow::Context;
use std::process::ExitCode;

/// Show the fields of a dataset with what is asked of each, and its rules across fields
#[derive(clap::Args)]
#[command(after_help = "Example: sesame dataset show --busicode 004")]
pub(super) struct Show {
    #[command(flatten)]
    source: Source,
    /// Business code, 001 to 011
    #[arg(long, value_parser = BusinessCode::parse)]
    busicode: BusinessCode,
    /// Print the dictionary's file, a JSON Schema
    #[arg(long)]
    json: bool,
}

impl Show {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let dictionary = self.source.read()??;
        let dataset =
            dictionary.get(self.busicode).with_context(|| format!("there is no dataset {}", self.busicode))?;
        if self.json {
            println!("{}", serde_json::to_string_pretty(dataset.schema())?);
            return Ok(ExitCode::SUCCESS);
        }
        println!("{} {}, version {}", dataset.code(), dataset.title(), dataset.version());
        println!("key {}, region {}, time {}", dataset.key().join(" + "), dataset.region_field(), dataset.time_field());
        for field in dataset.fields() {
            let asked = if field.required { "required" } else { "" };
            println!("  {:<10} {asked:<8} {:<16} {}{}", field.id, kind(field), field.title, expected(field));
        }
        for rule in dataset.rules_across() {
            let word = match rule.level {
                Level::Error => "error",
                Level::Warning => "warning",
            };
            println!("  {:<10} {word:<8} {}: {}", rule.field, rule.id, rule.expects);
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn kind(field: &Field) -> String {
    match (field.kind, field.max_len) {
        (Kind::Number { precision, scale }, _) => format!("number {precision},{scale}"),
        (Kind::Date, _) => "date".to_owned(),
        (Kind::DateTime, _) => "datetime".to_owned(),
        (Kind::Code, length) => format!("code {}", length.unwrap_or_default()),
        (Kind::Text, length) => format!("text {}", length.unwrap_or_default()),
    }
}

fn expected(field: &Field) -> String {
    match (&field.codelist, &field.expects) {
        (Some(used), _) => format!("（代码表{}）", used.name),
        (None, Some(expects)) => format!("（{expects}）"),
        (None, None) => String::new(),
    }
}
