//! A node whose rules are stricter than those of the nodes around it: it takes no remark that has a certain word.

use super::layout::STRICT;
use super::ledger::Sent;
use super::record::BUSICODE;
use anyhow::{Context, Result};
use serde_json::Value;
use std::path::Path;

/// The field.
pub const REMARK: &str = "BZ";
/// The word. Nothing else that is sent has it.
pub const WORD: &str = "密";

/// Writes its dictionary: the one that ships with sesame, and the rule.
pub fn write(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("config/datasets"))? {
        let path = entry?.path();
        if let Some(name) = path.file_name().filter(|_| path.extension().is_some_and(|end| end == "json")) {
            std::fs::copy(&path, folder.join(name))?;
        }
    }
    let file = folder.join(format!("{BUSICODE}.json"));
    let mut schema: Value = serde_json::from_str(&std::fs::read_to_string(&file)?)?;
    let remark = &mut schema["properties"][REMARK];
    remark["pattern"] = format!("^[^{WORD}]*$").into();
    remark["x-expect"] = format!("不含“{WORD}”").into();
    schema["x-version"] = "strict".into();
    Ok(std::fs::write(file, schema.to_string())?)
}

/// The place of the record of a batch that a node's rule does not take.
pub fn refused(sent: &Sent, node: usize) -> Option<usize> {
    sent.barred.filter(|_| node == STRICT)
}
