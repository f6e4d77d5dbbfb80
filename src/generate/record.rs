//! A generated record: names and texts in the order of the dictionary.

use super::place::Place;
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// A record of a dataset, every value a text. Serialises as a flat JSON object.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Record(Vec<(Cow<'static, str>, String)>);

impl Record {
    /// A record with one field.
    pub(super) fn with(id: &'static str, value: impl Into<String>) -> Self {
        Self(Vec::with_capacity(36)).and(id, value)
    }

    /// The record and one field more.
    pub fn and(mut self, id: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        self.0.push((id.into(), value.into()));
        self
    }

    /// The record and one field more, if there is a value.
    pub(super) fn and_if(mut self, id: &'static str, value: Option<impl Into<String>>) -> Self {
        self.0.extend(value.map(|value| (id.into(), value.into())));
        self
    }

    /// The fields that every dataset has: region, source, time, remark.
    pub(super) fn closed(self, place: &Place, written: String, remark: Option<&str>) -> Self {
        self.and("XZQHDM", place.region.to_string())
            .and("SJLYDWDM", place.authority_code.clone())
            .and("SJGXSJ", written)
            .and_if("BZ", remark)
    }

    /// The record with some fields set or taken away, as a rule's example breaks it.
    pub(super) fn broken(&self, by: &BTreeMap<String, Option<String>>) -> Self {
        let kept = self.0.iter().filter(|(name, _)| !by.contains_key(name.as_ref())).cloned();
        let set = by.iter().filter_map(|(name, value)| Some((name.clone().into(), value.clone()?)));
        Self(kept.chain(set).collect())
    }

    /// The value of a field, if the record has it.
    pub fn get(&self, id: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| name == id).map(|(_, value)| value.as_str())
    }

    /// Names and values, in the order of the dictionary.
    pub fn members(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value.as_str()))
    }

    /// The record as compact JSON text.
    pub fn to_json(&self) -> String {
        // A map of texts with distinct names always serialises.
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// The text of a busilist: a compact JSON array of the records.
pub fn write_array(records: impl IntoIterator<Item = Record>) -> String {
    let mut array = String::from("[");
    for (index, record) in records.into_iter().enumerate() {
        if index > 0 {
            array.push(',');
        }
        array.push_str(&record.to_json());
    }
    array.push(']');
    array
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_array_is_compact_json_in_the_order_given() {
        let record = Record::with("B", "引\"号").and("A", "1").and_if("C", None::<String>);
        assert_eq!(write_array([record, Record::with("A", "2")]), r#"[{"B":"引\"号","A":"1"},{"A":"2"}]"#);
        assert_eq!(write_array([]), "[]");
    }
}
