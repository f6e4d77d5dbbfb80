//! `x-region-in-force`: a region code that has not been abolished.

use super::Holds;
use crate::dataset::references::References;
use crate::dataset::view::RecordNode;
use crate::standard::region::{Region, RegionTable};
use serde_json::Value;
use std::sync::Arc;

/// Abolished codes resolve, and old rows carry them; new ones should not. Codes that no table lists are left alone.
pub(super) struct InForce(Arc<RegionTable>);

impl InForce {
    pub(super) fn read(value: &Value, references: &References) -> Result<Self, String> {
        match value {
            Value::Bool(true) => Ok(Self(references.regions.clone())),
            _ => Err("write true, or leave it out".to_owned()),
        }
    }
}

impl Holds for InForce {
    fn holds(&self, node: RecordNode<'_>) -> bool {
        let RecordNode::Text(text) = node else { return true };
        let entry = Region::parse(text).ok().and_then(|region| self.0.entry(region));
        entry.is_none_or(|entry| entry.is_in_force())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn abolished_codes_are_told_and_unknown_ones_left_alone() {
        let in_force = InForce::read(&json!(true), &References::builtin()).unwrap();
        for (code, holds) in [("370203", true), ("370205", false), ("110103", false), ("370199", true), ("x", true)] {
            assert_eq!(in_force.holds(RecordNode::Text(code)), holds, "{code}");
        }
        assert!(InForce::read(&json!(false), &References::builtin()).is_err());
    }
}
