//! Kinds of equipment to draw from: those of today's catalogue (特种设备目录).

use super::draw::Draw;
use crate::dataset::catalogue::{self, Entry};
use std::collections::BTreeMap;

/// One entry that devices can be of: a variety, or a category that has none.
pub(super) struct Model {
    /// 类别.
    pub category: String,
    /// 品种; some categories have none.
    pub variety: Option<String>,
    /// The Chinese name.
    pub name: String,
}

impl Model {
    /// The most exact code there is.
    pub(super) fn code(&self) -> &str {
        self.variety.as_deref().unwrap_or(&self.category)
    }
}

/// The models of each kind (种类) of equipment.
pub(super) struct Catalogue(BTreeMap<String, Vec<Model>>);

impl Catalogue {
    /// The catalogue that ships with sesame.
    pub(super) fn builtin() -> Self {
        Self::of(&catalogue::Catalogue::builtin())
    }

    fn of(catalogue: &catalogue::Catalogue) -> Self {
        let mut kinds: BTreeMap<String, Vec<Model>> = BTreeMap::new();
        let devices = catalogue.entries().filter(|entry| entry.is_in_force() && catalogue.is_variety(&entry.code));
        for entry in devices {
            // What stands in no category, such as parts for safety, is no device of its own.
            if let Some((kind, category)) = catalogue.kind_of(&entry.code).zip(catalogue.category_of(&entry.code)) {
                kinds.entry(kind.code.clone()).or_default().push(Model::new(entry, category));
            }
        }
        Self(kinds)
    }

    /// A model of a kind; the kind must be one of the catalogue.
    pub(super) fn pick(&self, draw: &mut Draw, kind: &str) -> &Model {
        draw.pick(&self.0[kind])
    }
}

impl Model {
    fn new(entry: &Entry, category: &Entry) -> Self {
        let variety = (entry.code != category.code).then(|| entry.code.clone());
        Self { category: category.code.clone(), variety, name: entry.title.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_of_the_catalogue_in_force() {
        let Catalogue(kinds) = Catalogue::builtin();
        let varieties = kinds.values().flatten().filter(|model| model.variety.is_some()).count();
        // 99 varieties, of which three belong to F000 itself, which has no categories.
        assert_eq!((kinds.len(), varieties), (9, 96));
        assert!(kinds["1000"].iter().any(|model| model.code() == "1100" && model.variety.is_none()));
        assert!(kinds["3000"].iter().all(|model| model.code().starts_with('3') && model.variety.is_some()));
        assert!(kinds["3000"].iter().all(|model| model.code() != "3150"));
    }
}
