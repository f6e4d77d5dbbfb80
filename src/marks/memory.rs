//! What one process remembers of transfers: a bounded number, of which the oldest go first.

use super::{Rule, Standing, Transfer, Verdict};
use crate::standard::moment::Moment;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::num::NonZeroUsize;
use std::sync::Arc;

/// Standings by transfer.
pub(super) struct Memory {
    rule: Rule,
    most: NonZeroUsize,
    standings: HashMap<Arc<Transfer>, Standing>,
    /// The same transfers by the last thing that happened to them.
    by_age: BTreeSet<(Moment, Arc<Transfer>)>,
    /// Those of which the store does not know everything yet, in the same order: whoever fails by the thousand does not keep
    /// others' from being told.
    unshared: BTreeSet<(Moment, Arc<Transfer>)>,
}

impl Memory {
    pub(super) fn new(rule: Rule, most: NonZeroUsize) -> Self {
        Self { rule, most, standings: HashMap::new(), by_age: BTreeSet::new(), unshared: BTreeSet::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.standings.is_empty()
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.standings.len()
    }

    /// A wrong signature.
    pub(super) fn fail(&mut self, transfer: Transfer, now: Moment, nonce: i32) -> Verdict {
        let transfer = Arc::new(transfer);
        let mut standing = self.standings.get(&transfer).cloned().unwrap_or_default();
        let verdict = standing.fail(self.rule, now, nonce);
        if !matches!(verdict, Verdict::StillMarked { .. }) {
            self.put(transfer, standing, true);
        }
        verdict
    }

    /// A right signature. True where it ended a mark.
    pub(super) fn pass(&mut self, transfer: Transfer, now: Moment) -> bool {
        let Some(standing) = self.standings.get(&transfer).filter(|standing| !standing.is_clear()) else {
            return false;
        };
        let (was_marked, mut standing) = (standing.marked_until(self.rule, now).is_some(), standing.clone());
        standing.clear(now);
        self.put(Arc::new(transfer), standing, true);
        was_marked
    }

    /// Some of what the store does not know yet.
    pub(super) fn unshared(&self, most: usize) -> Vec<(Arc<Transfer>, Standing)> {
        let some = self.unshared.iter().take(most);
        some.filter_map(|(_, transfer)| Some((transfer.clone(), self.standings.get(transfer)?.clone()))).collect()
    }

    /// What the store knows of a transfer, other processes' part included.
    pub(super) fn learn(&mut self, transfer: Transfer, stored: &Standing, now: Moment) {
        let transfer = Arc::new(transfer);
        let mine = self.standings.get(&transfer).cloned().unwrap_or_default();
        let merged = mine.merge(stored, self.rule);
        let is_shared = merged == *stored;
        if is_shared && (merged.is_clear() || merged.is_spent(self.rule, now)) {
            self.forget(&transfer);
        } else {
            self.put(transfer, merged, !is_shared);
        }
    }

    /// Lets go of what counts no more.
    pub(super) fn let_go(&mut self, now: Moment) {
        while let Some((at, transfer)) = self.by_age.first().cloned()
            && at <= self.rule.spent_before(now)
        {
            self.forget(&transfer);
        }
    }

    /// How many transfers of each app are marked.
    pub(super) fn marked(&self, now: Moment) -> BTreeMap<String, usize> {
        let mut marked = BTreeMap::new();
        for (transfer, standing) in &self.standings {
            if standing.marked_until(self.rule, now).is_some() {
                *marked.entry(transfer.appid.clone()).or_default() += 1;
            }
        }
        marked
    }

    fn put(&mut self, transfer: Arc<Transfer>, standing: Standing, is_unshared: bool) {
        self.forget(&transfer);
        // Nothing ever happened to it: there is nothing to remember.
        let Some(latest) = standing.latest() else { return };
        if is_unshared {
            self.unshared.insert((latest, transfer.clone()));
        }
        self.by_age.insert((latest, transfer.clone()));
        self.standings.insert(transfer, standing);
        while self.standings.len() > self.most.get()
            && let Some((_, oldest)) = self.by_age.first().cloned()
        {
            self.forget(&oldest);
        }
    }

    fn forget(&mut self, transfer: &Arc<Transfer>) {
        if let Some(standing) = self.standings.remove(transfer)
            && let Some(latest) = standing.latest()
        {
            let aged = (latest, transfer.clone());
            self.by_age.remove(&aged);
            self.unshared.remove(&aged);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const DAY: i64 = 86_400_000_000;

    fn rule() -> Rule {
        Rule { failures: NonZeroUsize::new(3).unwrap(), pause: Duration::from_secs(86_400) }
    }

    fn memory(most: usize) -> Memory {
        Memory::new(rule(), NonZeroUsize::new(most).unwrap())
    }

    fn transfer(random: usize) -> Transfer {
        Transfer::new("app", &random.to_string(), [10, 0, 0, 1].into())
    }

    fn at(micros: i64) -> Moment {
        Moment::from_micros(1_700_000_000_000_000 + micros)
    }

    fn fail(memory: &mut Memory, random: usize, times: i32, micros: i64) -> Verdict {
        (0..times).map(|nonce| memory.fail(transfer(random), at(micros), nonce)).last().unwrap()
    }

    #[test]
    fn each_transfer_counts_for_itself() {
        let mut memory = memory(10);
        fail(&mut memory, 1, 3, 0);
        assert_eq!(fail(&mut memory, 2, 2, 0), Verdict::Counted(2));
        let other_source = Transfer::new("app", "1", [10, 0, 0, 2].into());
        assert_eq!(memory.fail(other_source, at(0), 0), Verdict::Counted(1));
        assert_eq!(memory.fail(Transfer::new("other", "1", [10, 0, 0, 1].into()), at(0), 0), Verdict::Counted(1));
        let mapped = Transfer::new("app", "1", "::ffff:10.0.0.1".parse().unwrap());
        assert_eq!(memory.fail(mapped, at(0), 0), Verdict::StillMarked { until: at(DAY) }, "the same address");
        assert_eq!(memory.marked(at(0)), BTreeMap::from([("app".to_owned(), 1)]));
        assert!(memory.marked(at(DAY)).is_empty());
    }

    #[test]
    fn invariant_8_so_many_are_remembered_and_the_oldest_go_first() {
        let mut memory = memory(100);
        for random in 0..1_000 {
            fail(&mut memory, random, 3, random as i64);
        }
        assert_eq!((memory.len(), memory.by_age.len(), memory.unshared.len()), (100, 100, 100));
        assert_eq!(fail(&mut memory, 999, 1, 1_000), Verdict::StillMarked { until: at(999 + DAY) });
        assert_eq!(fail(&mut memory, 0, 1, 1_000), Verdict::Counted(1), "the oldest was forgotten");
        memory.let_go(at(1_000 + DAY));
        assert!(memory.is_empty() && memory.by_age.is_empty() && memory.unshared.is_empty());
    }

    #[test]
    fn what_the_store_knows_too_is_not_told_again() {
        let mut memory = memory(10);
        fail(&mut memory, 1, 3, 0);
        let told = memory.unshared(10);
        assert_eq!(told.len(), 1);
        // Another failure of another process had come to the store before.
        let mut stored = Standing::default();
        stored.fail(rule(), at(-5), 99);
        memory.learn(transfer(1), &stored, at(1));
        assert_eq!(memory.unshared(10).len(), 1, "the store does not know ours yet");
        let merged = told[0].1.merge(&stored, rule());
        memory.learn(transfer(1), &merged, at(1));
        assert!(memory.unshared(10).is_empty());

        assert!(memory.pass(transfer(1), at(2)), "it ended a mark");
        assert!(!memory.pass(transfer(1), at(3)), "nothing is left to end");
        let told = memory.unshared(10);
        assert!(told[0].1.is_clear(), "that it was cleared is to be told");
        memory.learn(transfer(1), &told[0].1, at(4));
        assert!(memory.is_empty() && memory.unshared(10).is_empty(), "and then forgotten");
    }

    #[test]
    fn what_another_process_marked_or_cleared_is_so_here() {
        let (mut memory, mut theirs) = (memory(10), Standing::default());
        fail(&mut memory, 1, 2, 0);
        theirs.fail(rule(), at(1), 50);
        memory.learn(transfer(1), &theirs, at(2));
        assert_eq!(memory.marked(at(2)).len(), 1);
        let mut cleared = memory.unshared(10)[0].1.clone();
        cleared.clear(at(3));
        memory.learn(transfer(1), &cleared, at(3));
        assert_eq!(fail(&mut memory, 1, 1, 4), Verdict::Counted(1));
        let mut long_ago = Standing::default();
        long_ago.fail(rule(), at(0), 51);
        memory.learn(transfer(7), &long_ago, at(DAY));
        assert_eq!(memory.len(), 1, "what is over is not remembered");
    }
}
