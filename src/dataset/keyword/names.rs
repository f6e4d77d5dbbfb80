//! `x-least-names`: how many persons a field names at least.

use super::{Holds, whole};
use crate::dataset::view::RecordNode;
use serde_json::Value;

/// The least number of names, separated by `、` `,` `;` `/` or white space, in either width.
pub(super) struct LeastNames(usize);

impl LeastNames {
    pub(super) fn read(value: &Value) -> Result<Self, String> {
        whole(value, 1).map(Self)
    }
}

impl Holds for LeastNames {
    fn holds(&self, node: RecordNode<'_>) -> bool {
        let RecordNode::Text(text) = node else { return true };
        let separates = |c: char| matches!(c, '、' | ',' | '，' | ';' | '；' | '/') || c.is_whitespace();
        text.split(separates).filter(|name| !name.is_empty()).count() >= self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_are_counted_however_they_are_separated() {
        let two = LeastNames::read(&json!(2)).unwrap();
        for (text, enough) in [("张三、李四", true), ("张三，李四", true), ("张三", false), ("张三、", false)]
        {
            assert_eq!(two.holds(RecordNode::Text(text)), enough, "{text}");
        }
        assert!(LeastNames::read(&json!(0)).is_err() && LeastNames::read(&json!("2")).is_err());
    }
}
