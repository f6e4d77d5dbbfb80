//! `x-catalogue` and `x-kind-of`: codes of the equipment catalogue (特种设备目录).

use super::{Holds, given, pairs};
use crate::dataset::catalogue::{Catalogue, Level};
use crate::dataset::references::References;
use crate::dataset::view::RecordNode;
use serde_json::Value;
use std::sync::Arc;

/// The value is a code of today's catalogue at a level: `kind`, `category`, `variety`; with `device-code`, it begins with one.
pub(super) struct Listed {
    place: Place,
    catalogue: Arc<Catalogue>,
}

enum Place {
    Level(Level),
    Beginning,
}

/// `{"SBLBDM": "SBZLDM"}`: the category or variety belongs to the kind. A code no catalogue has belongs to the kind it begins as.
pub(super) struct KindOf {
    pairs: Vec<(String, String)>,
    catalogue: Arc<Catalogue>,
}

impl Listed {
    pub(super) fn read(value: &Value, references: &References) -> Result<Self, String> {
        let place = match value.as_str() {
            Some("kind") => Place::Level(Level::Kind),
            Some("category") => Place::Level(Level::Category),
            Some("variety") => Place::Level(Level::Variety),
            Some("device-code") => Place::Beginning,
            _ => return Err("write \"kind\", \"category\", \"variety\" or \"device-code\"".to_owned()),
        };
        Ok(Self { place, catalogue: references.catalogue.clone() })
    }
}

impl Holds for Listed {
    fn holds(&self, node: RecordNode<'_>) -> bool {
        let RecordNode::Text(text) = node else { return true };
        let in_force = |code: &str| self.catalogue.get(code).is_some_and(|entry| entry.is_in_force());
        match self.place {
            Place::Level(Level::Kind) => self.catalogue.is_kind(text) && in_force(text),
            Place::Level(Level::Category) => self.catalogue.is_category(text) && in_force(text),
            Place::Level(Level::Variety) => self.catalogue.is_variety(text) && in_force(text),
            Place::Beginning => text.get(..4).is_none_or(in_force),
        }
    }
}

impl KindOf {
    pub(super) fn read(value: &Value, references: &References) -> Result<Self, String> {
        Ok(Self { pairs: pairs(value)?, catalogue: references.catalogue.clone() })
    }
}

impl Holds for KindOf {
    fn holds(&self, node: RecordNode<'_>) -> bool {
        self.pairs.iter().all(|(code, kind)| {
            let (Some(code), Some(kind)) = (given(node, code), given(node, kind)) else { return true };
            match self.catalogue.kind_of(code) {
                Some(listed) => listed.code == kind,
                None => code.chars().next() == kind.chars().next(),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn codes_are_of_their_level_and_of_today() {
        let references = References::builtin();
        let listed =
            |level: &str, code: &str| Listed::read(&json!(level), &references).unwrap().holds(RecordNode::Text(code));
        assert!(listed("kind", "3000") && listed("category", "3100") && listed("variety", "3110"));
        assert!(!listed("kind", "3100") && !listed("category", "3110") && !listed("variety", "9999"));
        // A category without varieties stands for its only one; a code of before 2014 is none of today.
        assert!(listed("variety", "1100") && !listed("variety", "5120"));
        assert!(listed("device-code", "31103702320180012") && !listed("device-code", "51203702320180012"));
        assert!(Listed::read(&json!("level"), &references).is_err());
    }

    #[test]
    fn a_category_belongs_to_its_kind() {
        let kind_of = KindOf::read(&json!({"C": "K"}), &References::builtin()).unwrap();
        let holds = |code, kind| kind_of.holds(RecordNode::Record(&[("C", code), ("K", kind)]));
        for (code, kind) in [("3100", "3000"), ("3990", "3000"), ("F220", "F000"), ("5120", "5000")] {
            assert!(holds(code, kind), "{code} {kind}");
        }
        for (code, kind) in [("3100", "4000"), ("3990", "4000"), ("F220", "7000")] {
            assert!(!holds(code, kind), "{code} {kind}");
        }
    }
}
