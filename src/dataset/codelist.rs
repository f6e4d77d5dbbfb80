//! Code lists: the values a coded field may have, each with its Chinese title. Data, in one file for all datasets.

use super::error::{DictionaryError, InFile};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The file of the code lists, beside the dataset files.
pub const FILE_NAME: &str = "codelists.json";

/// One list, like 证书状态 (`XKZT`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeList {
    /// What the list is of, in Chinese.
    pub title: String,
    /// Where the codes come from.
    pub source: String,
    /// The codes, in the order they are shown.
    pub items: Vec<CodeItem>,
}

/// One code and its meaning.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeItem {
    /// The code, as records carry it.
    pub code: String,
    /// Its meaning, in Chinese.
    pub title: String,
}

impl CodeList {
    /// The meaning of a code.
    pub fn title_of(&self, code: &str) -> Option<&str> {
        self.items.iter().find(|item| item.code == code).map(|item| item.title.as_str())
    }
}

/// Every code list by its name.
#[derive(Debug, Clone, Default)]
pub struct CodeLists(BTreeMap<String, Arc<CodeList>>);

impl CodeLists {
    /// Reads the text of [`FILE_NAME`]: an object from names to lists. A list has items, none of them twice.
    pub(super) fn parse(text: &str) -> Result<Self, Vec<DictionaryError>> {
        let file = InFile { name: FILE_NAME, text };
        let lists: BTreeMap<String, CodeList> =
            serde_json::from_str(text).map_err(|error| vec![file.unreadable(error)])?;
        let mut wrong = Vec::new();
        for (name, list) in &lists {
            if list.items.is_empty() {
                wrong.push(file.wrong(name, "the list has no items", "add its codes"));
            }
            for (index, item) in list.items.iter().enumerate() {
                if item.code.is_empty() || list.items[..index].iter().any(|earlier| earlier.code == item.code) {
                    let reason = format!("the code {:?} is empty or listed twice", item.code);
                    wrong.push(file.wrong(&format!("{name}.items.{index}"), reason, "keep one line for each code"));
                }
            }
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        Ok(Self(lists.into_iter().map(|(name, list)| (name, Arc::new(list))).collect()))
    }

    /// A list by its name.
    pub fn get(&self, name: &str) -> Option<&Arc<CodeList>> {
        self.0.get(name)
    }

    /// Every list, in order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &CodeList)> {
        self.0.iter().map(|(name, list)| (name.as_str(), list.as_ref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_in_order_and_give_titles() {
        let text =
            r#"{"YN":{"title":"是否","source":"R","items":[{"code":"1","title":"是"},{"code":"0","title":"否"}]}}"#;
        let lists = CodeLists::parse(text).unwrap();
        let yn = lists.get("YN").unwrap();
        assert_eq!(yn.items.iter().map(|item| item.code.as_str()).collect::<Vec<_>>(), ["1", "0"]);
        assert_eq!(yn.title_of("0"), Some("否"));
        assert_eq!(yn.title_of("2"), None);
        assert!(lists.get("XB").is_none());
    }

    #[test]
    fn a_list_without_items_or_with_a_code_twice_is_named() {
        for items in ["", r#"{"code":"1","title":"a"},{"code":"1","title":"b"}"#, r#"{"code":"","title":"a"}"#] {
            let text = format!(r#"{{"YN":{{"title":"是否","source":"R","items":[{items}]}}}}"#);
            let error = CodeLists::parse(&text).unwrap_err()[0].to_string();
            assert!(error.contains("codelists.json, line 1, YN"), "{error}");
        }
    }
}
