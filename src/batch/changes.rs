//! From the text of a busilist to changes of records.

use crate::dataset::{Dataset, FieldFault};
use crate::record::{Change, Effect, Fields, RecordId, Version};
use crate::standard::busilist::{FlatObject, Shape, split};
use crate::standard::code::Action;
use crate::standard::moment::Moment;
use crate::standard::region::Region;
use serde_json::value::RawValue;
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// What is the same for every change of a batch.
#[derive(Debug, Clone, Copy)]
pub struct Stamp {
    /// The batch.
    pub batch: Uuid,
    /// When the entering node accepted it.
    pub accepted: Moment,
    /// XZQHDM of a modify or delete that leaves it out.
    pub home: Region,
    /// The latest source time that is not in the future.
    pub latest: Moment,
}

/// What is wrong with one record of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordFault {
    /// The record's place in the busilist, from 1; 0 where the list as a whole is at fault.
    pub index: usize,
    /// The field at fault; empty where the record as a whole is.
    pub field: String,
    /// The rule broken.
    pub rule: String,
    /// The reason in Chinese.
    pub error: String,
}

/// What the door finds in a busilist. It keeps none of the records: their fields take several times the room of their text.
#[derive(Debug, Default)]
pub struct Findings {
    /// How many records are good.
    pub good: usize,
    /// Every fault of every record, up to a bound.
    pub faults: Vec<RecordFault>,
    /// The regions of all records that tell one, bad records included.
    pub regions: BTreeSet<Region>,
}

/// Holds every record against every rule of the dictionary: at the door.
pub fn check_records(dataset: &Dataset, action: Action, elements: &[&RawValue], stamp: &Stamp) -> Findings {
    let mut findings = Findings::default();
    if elements.is_empty() {
        let error = "busilist 为空：新增、修改、删除至少要有一条记录".to_owned();
        findings.faults.push(whole("minItems", error));
    }
    for (at, element) in elements.iter().enumerate() {
        let checked = shaped(element, at).and_then(|object| {
            let faults = dataset.check(action, &object).into_iter().map(|fault| of_field(at + 1, fault)).collect();
            identify(dataset, action, &object, at, stamp, faults, &mut findings.regions)
        });
        match checked {
            Ok(_) => findings.good += 1,
            Err(of_record) => findings.faults.extend(of_record),
        }
        if findings.faults.len() > MOST_FAULTS {
            break;
        }
    }
    findings
}

/// Reads the changes of a batch, held only against what merging needs: the key, the region, the shape. The rules of the door
/// have held below; this tier's may differ.
///
/// A record that stands twice in a batch keeps the order of the batch: the later one's version is never the smaller.
///
/// # Errors
/// With the faults of its records, up to a bound; never with none.
pub fn read_changes(
    dataset: &Dataset,
    action: Action,
    busilist: &str,
    stamp: &Stamp,
) -> Result<Vec<Change>, Vec<RecordFault>> {
    let elements = split(busilist).map_err(|error| vec![whole("type", error.to_string())])?;
    let (mut changes, mut faults) = (Vec::with_capacity(elements.len()), Vec::new());
    for (at, element) in elements.iter().enumerate() {
        let read = shaped(element, at).and_then(|object| {
            let (id, version) = identify(dataset, action, &object, at, stamp, Vec::new(), &mut BTreeSet::new())?;
            Ok(Change { id, version, effect: effect(dataset, action, &object) })
        });
        match read {
            Ok(change) => changes.push(change),
            Err(of_record) => faults.extend(of_record),
        }
        if faults.len() > MOST_FAULTS {
            break;
        }
    }
    if changes.is_empty() && faults.is_empty() {
        faults.push(whole("minItems", "the list is empty".to_owned()));
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    keep_order(&mut changes);
    Ok(changes)
}

/// The list as a whole is at fault.
fn whole(rule: &str, error: String) -> RecordFault {
    RecordFault { index: 0, field: String::new(), rule: rule.to_owned(), error }
}

/// Beyond this many faults nobody reads on; a batch that is wrong throughout must not fill the memory.
const MOST_FAULTS: usize = 1_000;

/// The record as a flat object, or what is wrong with its shape.
fn shaped(element: &RawValue, at: usize) -> Result<FlatObject<'_>, Vec<RecordFault>> {
    FlatObject::read(element).map_err(|shapes| {
        let faults = shapes.into_iter().map(|s| {
            let (rule, error) = (shape_rule(s.shape).to_owned(), shape_error(s.shape).to_owned());
            RecordFault { index: at + 1, field: s.field, rule, error }
        });
        faults.collect()
    })
}

/// Which record is meant, and in which version, where the dictionary has found no `faults`.
fn identify(
    dataset: &Dataset,
    action: Action,
    object: &FlatObject<'_>,
    at: usize,
    stamp: &Stamp,
    mut faults: Vec<RecordFault>,
    regions: &mut BTreeSet<Region>,
) -> Result<(RecordId, Version), Vec<RecordFault>> {
    let fault = |field: &str, rule: &str, error: String| RecordFault {
        index: at + 1,
        field: field.to_owned(),
        rule: rule.to_owned(),
        error,
    };
    let region =
        region_of(dataset, action, object, stamp).map_err(|error| fault(dataset.region_field(), "region", error));
    regions.extend(region.as_ref().ok());
    let source = source_of(dataset, object, stamp);
    if source > stamp.latest {
        let error = format!("数据更新时间 {} 超前当前时间10分钟以上", source.to_civil());
        faults.push(fault(dataset.time_field(), "future", error));
    }
    let key = dataset.key_of(object).map_err(|e| fault("", "key", e.to_string()));
    match (region, key) {
        (Ok(region), Ok(key)) if faults.is_empty() => {
            let id = RecordId { busicode: dataset.code(), region, key: key.as_str().into() };
            Ok((id, Version { source, accepted: stamp.accepted, batch: stamp.batch, ordinal: at as u32 }))
        }
        (region, key) => {
            // The dictionary has named a missing key or region by its field already.
            let found = faults.is_empty();
            faults.extend([region.err(), key.err()].into_iter().flatten().filter(|_| found));
            Err(faults)
        }
    }
}

fn region_of(dataset: &Dataset, action: Action, object: &FlatObject<'_>, stamp: &Stamp) -> Result<Region, String> {
    match object.given(dataset.region_field()) {
        Some(text) => Region::parse(text).map_err(|e| e.to_string()),
        None if action != Action::Add => Ok(stamp.home),
        None => Err("缺少所属行政区划代码".to_owned()),
    }
}

/// The same at every tier, whenever it is asked: it must depend on what the batch carries alone.
fn source_of(dataset: &Dataset, object: &FlatObject<'_>, stamp: &Stamp) -> Moment {
    let given = object.given(dataset.time_field()).and_then(|text| Moment::parse_civil(text).ok());
    given.unwrap_or(stamp.accepted)
}

fn effect(dataset: &Dataset, action: Action, object: &FlatObject<'_>) -> Effect {
    // The deleted mark is the node's own; in a write it is ignored.
    let applied = object.members().filter(|(name, _)| *name != "SCBZ");
    match action {
        Action::Add => {
            Effect::Add(Fields::from_members(applied.filter_map(|(name, value)| Some((name, value.given()?)))))
        }
        Action::Modify => {
            // Key and region say which record is meant; the record keeps them as they were added.
            let set =
                applied.filter(|(name, _)| *name != dataset.region_field() && !dataset.key().iter().any(|k| k == name));
            Effect::Modify(set.map(|(name, value)| (name.into(), value.given().map(Into::into))).collect())
        }
        Action::Delete | Action::Query => Effect::Delete,
    }
}

/// Lifts the source time of a record's later change to that of its earlier one in the same batch.
fn keep_order(changes: &mut [Change]) {
    let mut latest: HashMap<&RecordId, Moment> = HashMap::with_capacity(changes.len());
    let mut lifted = Vec::new();
    for (at, change) in changes.iter().enumerate() {
        let source = latest.entry(&change.id).or_insert(change.version.source);
        *source = (*source).max(change.version.source);
        if *source != change.version.source {
            lifted.push((at, *source));
        }
    }
    for (at, source) in lifted {
        changes[at].version.source = source;
    }
}

fn of_field(index: usize, fault: FieldFault) -> RecordFault {
    RecordFault { index, field: fault.field, rule: fault.rule, error: fault.error }
}

fn shape_rule(shape: Shape) -> &'static str {
    match shape {
        Shape::NotAnObject | Shape::Boolean | Shape::Nested => "type",
        Shape::RepeatedKey => "uniqueKeys",
        Shape::LoneSurrogate | Shape::Nul => "unicode",
        Shape::TooManyMembers => "maxProperties",
    }
}

fn shape_error(shape: Shape) -> &'static str {
    match shape {
        Shape::NotAnObject => "记录不是 JSON 对象",
        Shape::Boolean => "值不能是 true 或 false，应为字符串或数字",
        Shape::Nested => "值不能是对象或数组，应为字符串或数字",
        Shape::RepeatedKey => "字段重复出现",
        Shape::LoneSurrogate => "含有不成对的代理字符（\\uD800 至 \\uDFFF），不是合法的 Unicode 文本",
        Shape::Nul => "含有空字符（\\u0000）",
        Shape::TooManyMembers => "字段过多",
    }
}
