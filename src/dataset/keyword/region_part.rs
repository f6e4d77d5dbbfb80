//! `x-region-at`: a region code (GB/T 2260) within a number, as a device's registration code has it.

use super::{Holds, whole};
use crate::dataset::format::region::RegionFormat;
use crate::dataset::references::References;
use crate::dataset::view::RecordNode;
use serde_json::Value;

/// Where the six digits stand, from 0, and the codes that are known.
pub(super) struct RegionPart {
    at: usize,
    regions: RegionFormat,
}

impl RegionPart {
    pub(super) fn read(value: &Value, references: &References) -> Result<Self, String> {
        Ok(Self { at: whole(value, 0)?, regions: references.accepted.clone() })
    }
}

impl Holds for RegionPart {
    fn holds(&self, node: RecordNode<'_>) -> bool {
        let RecordNode::Text(text) = node else { return true };
        text.get(self.at..self.at + 6).is_none_or(|code| self.regions.accepts(code))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_region_within_a_number_is_known() {
        let part = RegionPart::read(&json!(4), &References::builtin()).unwrap();
        assert!(part.holds(RecordNode::Text("31106401052014080025")));
        assert!(!part.holds(RecordNode::Text("31107401052014080025")));
        assert!(part.holds(RecordNode::Text("311")));
    }
}
