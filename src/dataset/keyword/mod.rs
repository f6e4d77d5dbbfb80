//! Keywords of sesame's own, plugged into the schema library: what JSON Schema cannot say of a record of texts.
//!
//! Their names begin with `x-`, so that other validators leave them alone. A keyword holds where the values it looks at are
//! not given or malformed: that is another rule's business.

mod catalogue;
mod compare;
mod in_force;
mod names;
mod person;
mod range;
mod region_part;

use super::references::References;
use super::view::{RecordJson, RecordNode};
use jsonschema::paths::Location;
use jsonschema::{Keyword, ValidationError, ValidationOptions};
use serde_json::{Map, Value};
use std::sync::Arc;

/// The keywords by name, for messages about misspelt ones.
pub(super) const NAMES: [&str; 10] = [
    "x-compare",
    "x-minimum",
    "x-maximum",
    "x-born",
    "x-sex",
    "x-least-names",
    "x-region-at",
    "x-region-in-force",
    "x-catalogue",
    "x-kind-of",
];

/// Those whose members and values are names of fields.
pub(super) const OF_FIELDS: [&str; 4] = ["x-compare", "x-born", "x-sex", "x-kind-of"];

/// One keyword with its value, read.
trait Holds: Send + Sync + 'static {
    fn holds(&self, node: RecordNode<'_>) -> bool;
}

struct Plugged<K>(K);

impl<'i, K: Holds> Keyword<'i, RecordJson> for Plugged<K> {
    fn validate(&self, node: RecordNode<'i>) -> Result<(), ValidationError<'i>> {
        // The rule it stands in says in Chinese what it wants.
        if self.0.holds(node) {
            Ok(())
        } else {
            Err(ValidationError::custom("a keyword of the dictionary does not hold"))
        }
    }

    fn is_valid(&self, node: RecordNode<'i>) -> bool {
        self.0.holds(node)
    }
}

type Options<'s> = ValidationOptions<'s, Arc<dyn jsonschema::Retrieve>, RecordJson>;

/// Makes the keywords known.
pub(super) fn plug<'s>(options: Options<'s>, references: &References) -> Options<'s> {
    let options = with(options, "x-compare", compare::Compare::read);
    let options = with(options, "x-minimum", range::Bound::least);
    let options = with(options, "x-maximum", range::Bound::most);
    let options = with(options, "x-born", person::Born::read);
    let options = with(options, "x-sex", person::Sex::read);
    let options = with(options, "x-least-names", names::LeastNames::read);
    let options = with_tables(options, "x-region-at", references, region_part::RegionPart::read);
    let options = with_tables(options, "x-region-in-force", references, in_force::InForce::read);
    let options = with_tables(options, "x-catalogue", references, catalogue::Listed::read);
    with_tables(options, "x-kind-of", references, catalogue::KindOf::read)
}

/// Makes a keyword known that looks codes up.
fn with_tables<'s, K: Holds>(
    options: Options<'s>,
    name: &'static str,
    references: &References,
    read: fn(&Value, &References) -> Result<K, String>,
) -> Options<'s> {
    let references = references.clone();
    with(options, name, move |value| read(value, &references))
}

fn with<'s, K: Holds>(
    options: Options<'s>,
    name: &'static str,
    read: impl Fn(&Value) -> Result<K, String> + Send + Sync + 'static,
) -> Options<'s> {
    options.with_keyword(name, move |_: &Map<String, Value>, value: &Value, _: Location| {
        let keyword = read(value).map_err(|reason| ValidationError::custom(format!("{name}: {reason}")))?;
        Ok(Box::new(Plugged(keyword)) as Box<dyn for<'i> Keyword<'i, RecordJson>>)
    })
}

/// The value of a field of the record; `None` where it is not given.
fn given<'r>(node: RecordNode<'r>, field: &str) -> Option<&'r str> {
    match node {
        RecordNode::Record(members) => members.iter().find(|(name, _)| *name == field).map(|(_, value)| *value),
        RecordNode::Text(_) => None,
    }
}

/// Pairs of fields: `{"CSRQ": "ZJHM"}`.
fn pairs(value: &Value) -> Result<Vec<(String, String)>, String> {
    let wanted = || "write {\"FIELD\": \"FIELD\"}".to_owned();
    let members = value.as_object().filter(|members| !members.is_empty()).ok_or_else(wanted)?;
    members.iter().map(|(one, other)| Ok((one.clone(), other.as_str().ok_or_else(wanted)?.to_owned()))).collect()
}

/// A whole number of at least `least`.
fn whole(value: &Value, least: u64) -> Result<usize, String> {
    let number = value.as_u64().filter(|number| (least..=1_000).contains(number));
    number.map(|number| number as usize).ok_or_else(|| format!("write a whole number of at least {least}"))
}
