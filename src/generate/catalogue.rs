//! Kinds of equipment, from the catalogue (特种设备目录).

use super::draw::Draw;
use std::collections::BTreeMap;

const CATALOGUE: &str = include_str!("../../config/equipment_catalogue.csv");

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
        let rows: Vec<Vec<&str>> = CATALOGUE.lines().skip(1).map(|line| line.split(',').collect()).collect();
        let of_level = |level: &'static str| {
            rows.iter().filter_map(move |row| match row.as_slice() {
                [code, name, at, parent, ..] if *at == level => Some((*code, *name, *parent)),
                _ => None,
            })
        };
        let mut kinds: BTreeMap<String, Vec<Model>> = BTreeMap::new();
        for (category, category_name, kind) in of_level("类别") {
            let models = kinds.entry(kind.to_owned()).or_default();
            let before = models.len();
            models.extend(of_level("品种").filter(|(_, _, parent)| *parent == category).map(|(code, name, _)| Model {
                category: category.to_owned(),
                variety: Some(code.to_owned()),
                name: name.to_owned(),
            }));
            if models.len() == before {
                let name = category_name.to_owned();
                models.push(Model { category: category.to_owned(), variety: None, name });
            }
        }
        Self(kinds)
    }

    /// A model of a kind; the kind must be one of the catalogue.
    pub(super) fn pick(&self, draw: &mut Draw, kind: &str) -> &Model {
        draw.pick(&self.0[kind])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_catalogue_is_read_whole() {
        let Catalogue(kinds) = Catalogue::builtin();
        let varieties = kinds.values().flatten().filter(|model| model.variety.is_some()).count();
        // 99 varieties, of which three belong to F000 itself, which has no categories.
        assert_eq!((kinds.len(), varieties), (9, 96));
        assert!(kinds["1000"].iter().any(|model| model.code() == "1100" && model.variety.is_none()));
        assert!(kinds["3000"].iter().all(|model| model.code().starts_with('3') && model.variety.is_some()));
    }
}
