//! What `plan`, `apply` and `check` print.

use crate::broker::topology::{Applied, Difference};
use crate::standard::region::Region;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;

/// What came of one node.
pub(super) struct NodeReport {
    pub(super) file: PathBuf,
    /// Region and vhost, unless the settings could not be read.
    pub(super) settings: Option<(Region, String)>,
    pub(super) outcome: Outcome,
}

pub(super) enum Outcome {
    Compared(Vec<Difference>),
    Applied(Applied),
    /// It could not be looked at.
    Unknown(anyhow::Error),
}

impl Outcome {
    /// Whether the vhost is as declared now.
    pub(super) fn agrees(&self) -> bool {
        match self {
            Outcome::Compared(differences) => differences.is_empty(),
            Outcome::Applied(applied) => applied.left.is_empty(),
            Outcome::Unknown(_) => false,
        }
    }
}

/// Prints all reports.
pub(super) fn print(reports: &[NodeReport], as_json: bool) -> std::io::Result<()> {
    if as_json {
        let agree = reports.iter().all(|report| report.outcome.agrees());
        let nodes: Vec<Value> = reports.iter().map(NodeReport::json).collect();
        return writeln!(std::io::stdout(), "{:#}", json!({"agree": agree, "nodes": nodes}));
    }
    // Nodes that share a broker all fail in the same words.
    let mut said = BTreeSet::new();
    for report in reports {
        match &report.outcome {
            Outcome::Unknown(error) => {
                let error = format!("{error:#}");
                if said.insert(error.clone()) {
                    eprintln!("sesame: {}: {error}", report.file.display());
                } else {
                    eprintln!("sesame: {}: the same", report.file.display());
                }
            }
            _ => write!(std::io::stdout(), "{}", report.text())?,
        }
    }
    Ok(())
}

impl NodeReport {
    fn json(&self) -> Value {
        let (region, vhost) = match &self.settings {
            Some((region, vhost)) => (Some(region.to_string()), Some(vhost)),
            None => (None, None),
        };
        let mut node = json!({"config": self.file.display().to_string(), "region": region, "vhost": vhost});
        match &self.outcome {
            Outcome::Compared(differences) => node["differences"] = json!(differences),
            Outcome::Applied(applied) => {
                node["done"] = json!(applied.done);
                node["left"] = json!(applied.left);
            }
            Outcome::Unknown(error) => node["error"] = json!(format!("{error:#}")),
        }
        node
    }

    fn text(&self) -> String {
        let mut text = match &self.settings {
            Some((region, vhost)) => format!("{region} {}, vhost {vhost}: ", region.tier()),
            None => String::new(),
        };
        // Writing to a String cannot fail.
        match &self.outcome {
            Outcome::Compared(differences) if differences.is_empty() => text.push_str("as declared\n"),
            Outcome::Compared(differences) => {
                let _ = writeln!(text, "{}", counted(differences.len(), "difference"));
                list(&mut text, differences);
            }
            Outcome::Applied(Applied { done, left, .. }) => {
                let _ = match (done.len(), left.len()) {
                    (0, 0) => writeln!(text, "as declared"),
                    (done, 0) => writeln!(text, "{} mended, as declared now", counted(done, "difference")),
                    (done, left) => writeln!(text, "{} mended, {left} left", counted(done, "difference")),
                };
                list(&mut text, done);
                if !left.is_empty() {
                    text.push_str("  left:\n");
                    list(&mut text, left);
                }
            }
            Outcome::Unknown(error) => {
                let _ = writeln!(text, "{error:#}");
            }
        }
        text
    }
}

fn list(text: &mut String, differences: &[Difference]) {
    for difference in differences {
        let _ = writeln!(text, "  {}", difference.to_string().replace('\n', "\n  "));
    }
}

fn counted(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}
