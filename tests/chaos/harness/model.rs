//! What every record must be in the end, told apart from the product's code: the contract's words, read in order of source
//! time, one after another.
//!
//! `sesame` merges changes as they arrive and keeps versions of fields to get them right. Nothing of that is here: the
//! checker waits until all changes are known, sorts them by SJGXSJ, and does what each says. 01 replaces every field and clears
//! the deleted mark; 02 sets and clears the given fields and leaves the mark; 03 sets the mark and applies no field; what
//! comes before the first 01 leaves no trace. Two batches of one SJGXSJ are ordered by when a node accepted them, which callers
//! do not learn: then either order is right, and there are several states to choose from.

use super::strict::{REMARK, WORD};
use std::collections::{BTreeMap, BTreeSet};

/// What a change does, but for what is the same in all records of the load.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// 01 with these fields.
    Add(Vec<(&'static str, String)>),
    /// 02 of these fields; `None` clears one.
    Modify(Vec<(&'static str, Option<String>)>),
    /// 03.
    Delete,
}

/// A change of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change<'a> {
    /// SJGXSJ, in seconds of the load's own time.
    pub at: i64,
    /// The batch that carries it.
    pub batch: usize,
    /// Its place in the batch, from 0. Values carry it, so that two records of one batch differ.
    pub ordinal: usize,
    /// Whether its remark has the word that one node's rule refuses.
    pub is_barred: bool,
    /// What it does.
    pub effect: &'a Effect,
}

/// A record that has been added.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct State {
    /// The deleted mark.
    pub deleted: bool,
    /// SJGXSJ of the last change that set fields.
    pub updated: i64,
    /// The fields that the load varies.
    pub fields: BTreeMap<&'static str, String>,
}

/// Every state that is right; `None` is a record that was never added.
pub type Candidates = BTreeSet<Option<State>>;

/// A value as a record of a batch carries it.
pub fn value(name: &str, text: &str, ordinal: usize, is_barred: bool) -> String {
    let word = if is_barred && name == REMARK { WORD } else { "" };
    format!("{text}.{ordinal}{word}")
}

/// What becomes of one record by these changes.
pub fn replay(mut changes: Vec<Change<'_>>) -> Candidates {
    changes.sort_by_key(|change| (change.at, change.batch, change.ordinal));
    let mut candidates = Candidates::from([None]);
    for together in changes.chunk_by(|one, other| one.at == other.at) {
        let orders = orders(together);
        candidates = candidates
            .iter()
            .flat_map(|before| {
                orders.iter().map(move |order| {
                    let changes = order.iter().flat_map(|batch| batch.iter());
                    changes.fold(before.clone(), |state, change| apply(state, change))
                })
            })
            .collect();
    }
    candidates
}

/// The orders in which batches of one SJGXSJ may have been accepted. Batches that say the same need no order.
fn orders<'c, 'a>(together: &'c [Change<'a>]) -> Vec<Vec<&'c [Change<'a>]>> {
    let mut different: Vec<&'c [Change<'a>]> = Vec::new();
    for batch in together.chunk_by(|one, other| one.batch == other.batch) {
        let says = |changes: &[Change<'a>]| -> Vec<(usize, bool, &'a Effect)> {
            changes.iter().map(|change| (change.ordinal, change.is_barred, change.effect)).collect()
        };
        if !different.iter().any(|known| says(known) == says(batch)) {
            different.push(batch);
        }
    }
    permutations(&different)
}

fn permutations<'c, 'a>(batches: &[&'c [Change<'a>]]) -> Vec<Vec<&'c [Change<'a>]>> {
    if batches.is_empty() {
        return vec![Vec::new()];
    }
    let first_and_rest = (0..batches.len()).flat_map(|first| {
        let rest: Vec<_> = batches.iter().enumerate().filter(|(at, _)| *at != first).map(|(_, batch)| *batch).collect();
        permutations(&rest).into_iter().map(move |mut order| {
            order.insert(0, batches[first]);
            order
        })
    });
    first_and_rest.collect()
}

fn apply(state: Option<State>, change: &Change<'_>) -> Option<State> {
    let with = |name: &str, text: &str| value(name, text, change.ordinal, change.is_barred);
    match (change.effect, state) {
        (Effect::Add(fields), _) => {
            let fields = fields.iter().map(|(name, text)| (*name, with(name, text))).collect();
            Some(State { deleted: false, updated: change.at, fields })
        }
        (_, None) => None,
        (Effect::Modify(fields), Some(mut state)) => {
            for (name, text) in fields {
                match text {
                    Some(text) => state.fields.insert(name, with(name, text)),
                    None => state.fields.remove(name),
                };
            }
            Some(State { updated: change.at, ..state })
        }
        (Effect::Delete, Some(state)) => Some(State { deleted: true, ..state }),
    }
}
