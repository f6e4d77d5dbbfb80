//! Bad records, of every kind that a dataset's rules can tell: what `sesame generate --invalid` strews among good ones.

use super::Record;
use super::draw::Stream;
use super::world::{CannotGenerate, World};
use crate::dataset::field::{Field, Kind, ListMode};
use crate::dataset::{AcrossRule, Dataset, Level};
use std::collections::BTreeMap;

/// One way to make a good record bad.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// The field that the fault is told at.
    pub field: String,
    /// The rule that is broken.
    pub rule: String,
    spoil: Spoil,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Spoil {
    /// Fields are set, or taken away.
    Fields(BTreeMap<String, Option<String>>),
    /// A member that no record of texts has, as JSON.
    Member(String),
}

/// The share of bad records, in millionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share(u32);

/// A text that is no share.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no share of records: write 0.01%, 1% or 100%")]
pub struct NotAShare(String);

impl Share {
    /// No bad records.
    pub const NONE: Self = Self(0);

    /// Reads per cent, like `1%`.
    pub fn parse(text: &str) -> Result<Self, NotAShare> {
        let percent = text.strip_suffix('%').and_then(|number| number.parse::<f64>().ok());
        let percent = percent.filter(|percent| (0.0..=100.0).contains(percent));
        percent.map(|percent| Self((percent * 10_000.0).round() as u32)).ok_or_else(|| NotAShare(text.to_owned()))
    }
}

impl Flaw {
    /// Every flaw of a dataset's records, each told by another rule of another field.
    pub fn all(dataset: &Dataset) -> Vec<Self> {
        let fields = dataset.fields().iter().filter(|field| !field.server_kept);
        let mut flaws: Vec<Self> = fields.flat_map(|field| of_field(dataset, field)).collect();
        let errors = dataset.rules_across().iter().filter(|rule| rule.level == Level::Error);
        flaws.extend(errors.filter(|rule| !rule.broken_by.is_empty()).map(of_rule));
        let member = |field: &str, rule: &str, member: String| Self {
            field: field.to_owned(),
            rule: rule.to_owned(),
            spoil: Spoil::Member(member),
        };
        flaws.push(member("NOSUCH", "additionalProperties", r#""NOSUCH":"1""#.to_owned()));
        // What is no text, or no Unicode, in a field that may be left out.
        let Some(spare) = dataset.fields().iter().find(|field| !field.required && !field.server_kept) else {
            return flaws;
        };
        let id = &spare.id;
        flaws.push(member(id, "type", format!("\"{id}\":true")));
        flaws.push(member(id, "type", format!("\"{id}\":[\"1\"]")));
        flaws.push(member(id, "unicode", format!("\"{id}\":\"\\ud800\"")));
        flaws.push(member(id, "uniqueKeys", format!("\"{id}\":\"1\",\"{id}\":\"1\"")));
        flaws
    }

    /// A good record with this flaw, as JSON.
    pub fn spoil(&self, record: &Record) -> String {
        match &self.spoil {
            Spoil::Fields(fields) => record.broken(fields).to_json(),
            Spoil::Member(member) => {
                let without = BTreeMap::from([(self.field.clone(), None)]);
                let whole = record.broken(&without).to_json();
                format!("{},{member}}}", whole.trim_end_matches('}'))
            }
        }
    }
}

fn of_rule(rule: &AcrossRule) -> Flaw {
    Flaw { field: rule.field.clone(), rule: rule.id.clone(), spoil: Spoil::Fields(rule.broken_by.clone()) }
}

fn of_field(dataset: &Dataset, field: &Field) -> Vec<Flaw> {
    let flaw = |rule: &str, value: Option<String>| Flaw {
        field: field.id.clone(),
        rule: rule.to_owned(),
        spoil: Spoil::Fields(BTreeMap::from([(field.id.clone(), value)])),
    };
    let mut flaws = Vec::new();
    if field.required {
        flaws.push(flaw("required", None));
    }
    if let Some(most) = field.max_len {
        flaws.push(flaw("maxLength", Some("9".repeat(most + 1))));
    }
    if field.past || field.id == dataset.time_field() {
        flaws.push(flaw("future", Some("2999-01-01 00:00:00".to_owned())));
    }
    let property = &dataset.schema()["properties"][&field.id];
    let codes = field.codelist.as_ref().map(|used| used.mode);
    let unfit = match (codes, field.kind) {
        (Some(ListMode::One), _) => Some(("enum", "?")),
        (Some(ListMode::Several), _) => Some(("pattern", "?")),
        _ if property.get("enum").is_some() => Some(("enum", "?")),
        _ if property.get("pattern").is_some() => Some(("pattern", unfit_text(field.kind))),
        _ if property.get("format").is_some() => Some(("format", unfit_text(field.kind))),
        _ => None,
    };
    flaws.extend(unfit.map(|(rule, value)| flaw(rule, Some(value.to_owned()))));
    flaws
}

/// A short text that no pattern or format of such a field takes.
fn unfit_text(kind: Kind) -> &'static str {
    match kind {
        Kind::Date => "2025-02-29",
        Kind::DateTime => "2025-01-01 24:00:00",
        Kind::Number { .. } => "1e3",
        // Only white space: no name and no number.
        Kind::Text | Kind::Code => " ",
    }
}

impl World {
    /// The first `count` records of a dataset as JSON, some of them bad; the flaws come in turn, so that each is soon met.
    pub fn records_some_bad<'w>(
        &'w self,
        dataset: &'w Dataset,
        count: u32,
        share: Share,
    ) -> Result<impl Iterator<Item = (String, Option<Flaw>)> + 'w, CannotGenerate> {
        let (flaws, mut turn) = (Flaw::all(dataset), 0);
        let records = self.records(dataset.code(), count)?;
        Ok(records.enumerate().map(move |(index, record)| {
            let stream = u64::from(dataset.code().number()) << 32 | index as u64;
            if self.draw(Stream::Flaw, stream).below(1_000_000) >= u64::from(share.0) || flaws.is_empty() {
                return (record.to_json(), None);
            }
            let flaw = &flaws[turn % flaws.len()];
            turn += 1;
            (flaw.spoil(&record), Some(flaw.clone()))
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::{Stamp, check_records};
    use crate::dataset::Dictionary;
    use crate::standard::busilist::Array;
    use crate::standard::code::Action;
    use crate::standard::moment::Moment;
    use crate::standard::region::{Region, RegionTable};
    use uuid::Uuid;

    /// §6.1 数据校验: bad records of every kind, each caught by its rule; good ones between them are left alone.
    #[test]
    fn every_flaw_is_caught_at_its_field_by_its_rule() {
        let dictionary = Dictionary::builtin();
        let region = Region::parse("370203").unwrap();
        let world = World::new(5, region, &RegionTable::builtin()).unwrap();
        let latest = Moment::parse_civil("2026-01-01 00:00:00").unwrap();
        let stamp = Stamp { batch: Uuid::nil(), accepted: latest, home: region, latest };
        for dataset in dictionary.datasets() {
            let flaws = Flaw::all(dataset).len() as u32;
            assert!(flaws > 50, "{dataset:?} {flaws}");
            let share = Share::parse("50%").unwrap();
            let made: Vec<_> = world.records_some_bad(dataset, flaws * 3, share).unwrap().collect();
            for (json, flaw) in &made {
                let list = format!("[{json}]");
                let found = check_records(dataset, Action::Add, Array::known(&list).objects(), &stamp);
                let told = |flaw: &Flaw| found.errors.iter().any(|e| e.field == flaw.field && e.rule == flaw.rule);
                match flaw {
                    None => assert_eq!(found.errors, [], "{json}"),
                    Some(flaw) => assert!(told(flaw), "{flaw:?} is not told: {:?} in {json}", found.errors),
                }
            }
            let met: Vec<_> = made.iter().filter_map(|(_, flaw)| flaw.clone()).collect();
            assert!(Flaw::all(dataset).iter().all(|flaw| met.contains(flaw)), "{dataset:?}");
        }
    }

    #[test]
    fn a_share_is_in_per_cent() {
        assert_eq!(Share::parse("1%").unwrap(), Share(10_000));
        assert_eq!(Share::parse("0.01%").unwrap(), Share(100));
        for text in ["1", "101%", "-1%", "%", "x%"] {
            assert!(Share::parse(text).is_err(), "{text}");
        }
    }
}
