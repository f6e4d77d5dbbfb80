//! Whether the tiers hold the same.

use super::layout::{PLACES, STRICT, way};
use super::tier::{Failure, Tier, record_name};
use super::verdict::{Acknowledged, Sort, Verdict, difference, is_refusal, unapplied};
use std::collections::HashSet;

/// A child's records are its parent's, to the last version; a record that a node has not taken whole is held against the next node
/// above that has. Records of failing batches are left out: they are judged above.
pub(super) fn judge(verdict: &mut Verdict, tiers: &[Tier], acknowledged: &[Acknowledged<'_>]) {
    let partial: Vec<HashSet<String>> =
        tiers.iter().enumerate().map(|(node, tier)| partial(acknowledged, node, tier)).collect();
    let failing = |node: usize| {
        let is_known = |failure: &Failure| failure.reason == "MISSING_KEY" || (node == STRICT && is_refusal(failure));
        tiers[node].failures.iter().any(|failure| !is_known(failure))
    };
    for (node, place) in PLACES.iter().enumerate().filter(|(node, _)| !failing(*node)) {
        for (name, below) in tiers[node].records.iter().filter(|(name, _)| !partial[node].contains(*name)) {
            let Some(above) = way(node).skip(1).find(|above| !partial[*above].contains(name)) else { continue };
            let found = tiers[above].records.get(name);
            if found != Some(below) && !way(node).take_while(|at| *at <= above).any(failing) {
                let text = format!("record {name} is not as at {}: {}", place.region, difference(found, Some(below)));
                verdict.add(Sort::Differs, above, text);
            }
        }
    }
}

/// The records of which a node has not applied every change, by its own rule.
fn partial(acknowledged: &[Acknowledged<'_>], node: usize, tier: &Tier) -> HashSet<String> {
    let name = |batch: &Acknowledged<'_>| {
        let (sent, place) = (&batch.entry.sent, unapplied(batch, node, tier)?);
        Some(record_name(PLACES[sent.entry].region, &sent.keys[place]))
    };
    acknowledged.iter().filter_map(name).collect()
}
