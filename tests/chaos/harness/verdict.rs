//! The checker: what was acknowledged against what every tier holds. Pure; it uses nothing of the product.

use super::agreement;
use super::federation::APP;
use super::layout::{PLACES, way};
use super::ledger::{Entry, Kind, Outcome, Sent};
use super::model::{Candidates, Change, replay};
use super::record;
use super::strict::refused;
use super::tier::{Failure, Record, Tier, record_name};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;
use uuid::Uuid;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sort {
    /// Acknowledged, and neither there nor listed as a failure with its body.
    Lost,
    /// It had its effect more than once.
    Doubled,
    /// A record is not what the acknowledged changes make it, or two tiers hold it differently.
    Differs,
    /// There, although nobody sent it or it was refused.
    Invented,
    /// Listed as a failure, although nothing is wrong with it: an outage is no failure.
    Misjudged,
    /// Its sender never learned what became of it, though all faults were healed; or it learned two things.
    Unsettled,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub sort: Sort,
    /// The node where it was seen.
    pub node: usize,
    /// Batch or record, and what is wrong with it.
    pub text: String,
}

/// What the checker says.
#[derive(Debug, Default)]
pub struct Verdict {
    pub differences: Vec<Difference>,
    /// Open failures that are as they must be: of batches that modify what was never added.
    pub listed: usize,
    /// Open failures of a node whose rule refuses a record that others take.
    pub refused: usize,
    /// Records of each tier.
    pub records: Vec<usize>,
}

impl Verdict {
    /// How many differences are of a sort.
    pub fn count(&self, sort: Sort) -> usize {
        self.differences.iter().filter(|difference| difference.sort == sort).count()
    }

    pub(super) fn add(&mut self, sort: Sort, node: usize, text: String) {
        self.differences.push(Difference { sort, node, text });
    }
}

/// An acknowledged batch.
pub(super) struct Acknowledged<'l> {
    /// Its place in the ledger.
    place: usize,
    pub(super) entry: &'l Entry,
    id: Uuid,
}

/// Judges all tiers, in the order of [`PLACES`].
pub fn judge(entries: &[Entry], tiers: &[Tier]) -> Verdict {
    let mut verdict = Verdict::default();
    let mut acknowledged = Vec::new();
    for (place, entry) in entries.iter().enumerate() {
        match &entry.outcome {
            Outcome::Acknowledged(id) => acknowledged.push(Acknowledged { place, entry, id: *id }),
            Outcome::Unknown => verdict.add(
                Sort::Unsettled,
                entry.sent.entry,
                format!("{} was never answered for sure, sent {} times in vain", words(entry), entry.unknown),
            ),
            Outcome::Refused(message)
                if entry.sent.kind != Kind::Invalid && refused(&entry.sent, entry.sent.entry).is_none() =>
            {
                verdict.add(Sort::Unsettled, entry.sent.entry, format!("{} was refused: {message}", words(entry)));
            }
            Outcome::Refused(_) => {}
        }
    }
    let known: HashSet<Uuid> = acknowledged.iter().map(|batch| batch.id).collect();
    for (node, tier) in tiers.iter().enumerate() {
        let passing: Vec<&Acknowledged<'_>> =
            acknowledged.iter().filter(|batch| way(batch.entry.sent.entry).any(|at| at == node)).collect();
        judge_batches(&mut verdict, node, tiers, &passing);
        judge_failures(&mut verdict, node, tier, &acknowledged);
        for (id, row) in tier.batches.iter().filter(|(id, _)| !known.contains(*id)) {
            verdict.add(Sort::Invented, node, format!("batch {id} of random {} was never acknowledged", row.random));
        }
        judge_records(&mut verdict, node, tiers, &passing);
        verdict.records.push(tier.records.len());
    }
    agreement::judge(&mut verdict, tiers, &acknowledged);
    verdict
}

/// The node on a batch's way to `node` that lists it as a failure, so that it may be missing from there on.
fn stopped_at(batch: &Acknowledged<'_>, node: usize, tiers: &[Tier]) -> Option<usize> {
    let beyond = PLACES[node].parent;
    let stops = |at: &usize| {
        let explains_one = unapplied(batch, *at, &tiers[*at]).is_some();
        tiers[*at].kept(batch.id).any(|failure| !(explains_one && is_refusal(failure)))
    };
    way(batch.entry.sent.entry).take_while(|at| Some(*at) != beyond).find(stops)
}

/// The place of the record that a batch is committed without at a node, whose rule refuses it. Only a listed failure of that batch,
/// with its body, explains it.
pub(super) fn unapplied(batch: &Acknowledged<'_>, node: usize, tier: &Tier) -> Option<usize> {
    let place = refused(&batch.entry.sent, node)?;
    (tier.kept(batch.id).any(is_refusal) && tier.batches.contains_key(&batch.id)).then_some(place)
}

/// Whether a failure says that records break the rules of the node.
pub(super) fn is_refusal(failure: &Failure) -> bool {
    failure.reason == "INVALID_RECORDS" && failure.step == "persist"
}

fn judge_batches(verdict: &mut Verdict, node: usize, tiers: &[Tier], passing: &[&Acknowledged<'_>]) {
    let tier = &tiers[node];
    for batch in passing {
        let name = || format!("batch {} ({})", batch.id, words(batch.entry));
        let sent = &batch.entry.sent;
        let history = tier.history.get(&batch.id).map_or(&[][..], Vec::as_slice);
        match tier.batches.get(&batch.id) {
            None if stopped_at(batch, node, tiers).is_none() => {
                verdict.add(
                    Sort::Lost,
                    node,
                    format!("{} is neither committed here nor listed as a failure on its way", name()),
                );
            }
            None if !history.is_empty() => {
                verdict.add(Sort::Invented, node, format!("{} failed, and yet has a history", name()));
            }
            None => {}
            Some(_) if sent.kind == Kind::Orphan => {
                verdict.add(Sort::Invented, node, format!("{} modifies what was never added, and was applied", name()));
            }
            Some(row) => {
                if (row.appid.as_str(), row.random.as_str()) != (APP, sent.random.as_str())
                    || row.records as usize != sent.keys.len()
                {
                    verdict.add(Sort::Differs, node, format!("{} is kept as another one", name()));
                }
                judge_history(verdict, node, batch, history, unapplied(batch, node, tier));
            }
        }
    }
}

/// Each record of a batch stands in the history once, but for the one that it is committed without.
fn judge_history(
    verdict: &mut Verdict,
    node: usize,
    batch: &Acknowledged<'_>,
    history: &[(i32, String)],
    unapplied: Option<usize>,
) {
    let sent = &batch.entry.sent;
    let region = PLACES[sent.entry].region;
    let applied = sent.keys.iter().enumerate().filter(|(at, _)| Some(*at) != unapplied);
    let expected: Vec<_> = applied.map(|(at, key)| (at as i32, record_name(region, key))).collect();
    let named = |place: usize| history.iter().any(|(at, _)| *at as usize == place);
    if let Some(place) = refused(sent, node).filter(|place| named(*place)) {
        let text = format!(
            "batch {} ({}): record {place}, which this node's rule refuses, was applied",
            batch.id,
            words(batch.entry)
        );
        verdict.add(Sort::Invented, node, text);
        return;
    }
    if expected == history {
        return;
    }
    let places: BTreeSet<i32> = history.iter().map(|(place, _)| *place).collect();
    let (sort, what) = match history.len() {
        count if count > places.len() => (Sort::Doubled, "more than once"),
        count if count < expected.len() => (Sort::Lost, "not wholly"),
        _ => (Sort::Differs, "otherwise"),
    };
    let text = format!(
        "batch {} ({}) stands {what} in the history: {} rows for {} records",
        batch.id,
        words(batch.entry),
        history.len(),
        expected.len()
    );
    verdict.add(sort, node, text);
}

fn judge_failures(verdict: &mut Verdict, node: usize, tier: &Tier, acknowledged: &[Acknowledged<'_>]) {
    let by_id: HashMap<Uuid, &Sent> = acknowledged.iter().map(|batch| (batch.id, &batch.entry.sent)).collect();
    for failure in &tier.failures {
        let sent = failure.batch.and_then(|batch| by_id.get(&batch).copied());
        let is_orphan = |sent: &Sent| sent.kind == Kind::Orphan && sent.entry == node;
        if sent.is_some_and(is_orphan) && failure.reason == "MISSING_KEY" {
            verdict.listed += 1;
            continue;
        }
        if sent.is_some_and(|sent| refused(sent, node).is_some()) && is_refusal(failure) && failure.body_bytes > 0 {
            verdict.refused += 1;
            continue;
        }
        let batch = failure.batch.map_or_else(|| "an unreadable message".to_owned(), |id| format!("batch {id}"));
        let text = format!(
            "{batch} is listed as a failure of {} ({}, {}): {}",
            failure.step, failure.reason, failure.state, failure.detail
        );
        verdict.add(Sort::Misjudged, node, text);
    }
}

/// What every record of a tier must be. What is listed as a failure on its way here has no effect here.
fn judge_records(verdict: &mut Verdict, node: usize, tiers: &[Tier], passing: &[&Acknowledged<'_>]) {
    let tier = &tiers[node];
    let mut changes: BTreeMap<(&str, &str), Vec<Change<'_>>> = BTreeMap::new();
    for batch in passing.iter().filter(|batch| stopped_at(batch, node, tiers).is_none()) {
        let (sent, unapplied) = (&batch.entry.sent, unapplied(batch, node, tier));
        for (ordinal, key) in sent.keys.iter().enumerate().filter(|(ordinal, _)| Some(*ordinal) != unapplied) {
            changes.entry((PLACES[sent.entry].region, key)).or_default().push(sent.change(batch.place, ordinal));
        }
    }
    let mut expected = HashSet::new();
    for ((region, key), changes) in changes {
        let name = record_name(region, key);
        let candidates = replay(changes);
        judge_record(verdict, node, tier, (region, key), &candidates);
        expected.insert(name);
    }
    for name in tier.records.keys().filter(|name| !expected.contains(*name)) {
        verdict.add(Sort::Invented, node, format!("record {name} was never sent"));
    }
}

fn judge_record(verdict: &mut Verdict, node: usize, tier: &Tier, (region, key): (&str, &str), candidates: &Candidates) {
    let name = record_name(region, key);
    let found = tier.records.get(&name).filter(|record| record.is_added);
    let is_right = candidates.iter().any(|candidate| match (candidate, found) {
        (None, None) => true,
        (Some(state), Some(found)) => {
            state.deleted == found.deleted && record::fields(region, key, state) == found.fields
        }
        _ => false,
    });
    if !is_right {
        let must = candidates.iter().next().and_then(Option::as_ref).map(|state| {
            let fields = record::fields(region, key, state);
            Record { is_added: true, deleted: state.deleted, fields, versions: String::new() }
        });
        let mut text = format!("record {name} {}", difference(found, must.as_ref()));
        if candidates.len() > 1 {
            text.push_str(&format!(" (or as in {} other orders of one SJGXSJ)", candidates.len() - 1));
        }
        verdict.add(Sort::Differs, node, text);
    }
}

/// In what a record is not what it must be.
pub(super) fn difference(found: Option<&Record>, must: Option<&Record>) -> String {
    let (found, must) = match (found, must) {
        (Some(found), Some(must)) => (found, must),
        (Some(_), None) => return "is there, and was never added".to_owned(),
        (None, _) => return "is missing".to_owned(),
    };
    let names: BTreeSet<&String> = found.fields.keys().chain(must.fields.keys()).collect();
    let unlike = names.into_iter().filter(|name| found.fields.get(*name) != must.fields.get(*name));
    let mut differences: Vec<String> = unlike
        .map(|name| format!("{name} is {:?}, must be {:?}", found.fields.get(name), must.fields.get(name)))
        .collect();
    if found.deleted != must.deleted {
        differences.push(format!("deleted is {}, must be {}", found.deleted, must.deleted));
    }
    if differences.is_empty() {
        differences.push(format!("has other versions: {} instead of {}", found.versions, must.versions));
    }
    differences.join("; ")
}

/// A batch in words.
fn words(entry: &Entry) -> String {
    let sent = &entry.sent;
    let effect = match sent.effect {
        super::model::Effect::Add(_) => "add",
        super::model::Effect::Modify(_) => "modify",
        super::model::Effect::Delete => "delete",
    };
    let (region, first) = (PLACES[sent.entry].region, sent.keys.first().map_or("", |key| key));
    let word = sent.barred.map_or_else(String::new, |place| format!(", the word in record {place}"));
    format!(
        "{effect} of {} records from {first} on, SJGXSJ {}, {:?}, at {region}{word}",
        sent.keys.len(),
        record::civil(sent.at),
        sent.kind
    )
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} at {}: {}", self.sort, PLACES[self.node].region, self.text)
    }
}
