//! The state of a record: per-field last-writer-wins.

use super::{Effect, Fields, Version};
use std::collections::BTreeMap;

/// All that must be kept of a record's past to merge any change into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// Version of the newest add; `None` while only modifies or deletes have come: incomplete, and hidden.
    pub added: Option<Version>,
    /// Version of the newest delete.
    pub deleted: Option<Version>,
    /// Versions of the fields modified since the add.
    pub modified: BTreeMap<String, Version>,
    /// The fields as they are now.
    pub fields: Fields,
}

/// What a merge did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The state is another now.
    Applied,
    /// Everything the change says is older than what is there; the log reports STALE.
    Stale,
    /// The change was there already.
    Repeated,
}

impl Default for State {
    fn default() -> Self {
        Self { added: None, deleted: None, modified: BTreeMap::new(), fields: Fields::empty() }
    }
}

impl State {
    /// Whether queries show the record: its add has come.
    pub fn is_complete(&self) -> bool {
        self.added.is_some()
    }

    /// Whether the deleted mark (SCBZ) is set: the newest delete is newer than the newest add.
    pub fn is_deleted(&self) -> bool {
        self.deleted > self.added
    }

    /// The version of the newest change of any kind; `None` before the first.
    pub fn newest(&self) -> Option<Version> {
        self.modified.values().copied().chain(self.added).chain(self.deleted).max()
    }

    /// Merges one change. Commutative, associative and idempotent over any set of changes (invariant 3).
    pub fn merge(&mut self, version: Version, effect: &Effect) -> Outcome {
        match effect {
            Effect::Add(fields) => self.merge_add(version, fields),
            Effect::Modify(changes) => self.merge_modify(version, changes),
            Effect::Delete => newer(&mut self.deleted, version),
        }
    }

    fn merge_add(&mut self, version: Version, fields: &Fields) -> Outcome {
        let outcome = newer(&mut self.added, version);
        if outcome == Outcome::Applied {
            self.modified.retain(|_, modified| *modified > version);
            self.fields = if self.modified.is_empty() {
                fields.clone()
            } else {
                let now = self.fields.members().unwrap_or_default();
                let kept = self.modified.keys().map(|name| (name.as_str(), now.get(name).map(String::as_str)));
                fields.with(kept)
            };
        }
        outcome
    }

    fn merge_modify(&mut self, version: Version, changes: &[(Box<str>, Option<Box<str>>)]) -> Outcome {
        if self.added > Some(version) {
            return Outcome::Stale;
        }
        let mut effective = Vec::with_capacity(changes.len());
        let mut repeated = true;
        for (name, value) in changes {
            match self.modified.get(name.as_ref()) {
                Some(known) if *known >= version => repeated &= *known == version,
                _ => effective.push((name.as_ref(), value.as_deref())),
            }
        }
        if effective.is_empty() {
            return if repeated { Outcome::Repeated } else { Outcome::Stale };
        }
        for (name, _) in &effective {
            self.modified.insert((*name).to_owned(), version);
        }
        self.fields = self.fields.with(effective);
        Outcome::Applied
    }
}

/// Keeps the newer of two versions.
fn newer(known: &mut Option<Version>, version: Version) -> Outcome {
    match *known {
        Some(known) if known > version => Outcome::Stale,
        Some(known) if known == version => Outcome::Repeated,
        _ => {
            *known = Some(version);
            Outcome::Applied
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::standard::moment::Moment;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn version(source: i64) -> Version {
        Version {
            source: Moment::from_micros(source),
            accepted: Moment::from_micros(0),
            batch: Uuid::nil(),
            ordinal: 0,
        }
    }

    fn add(members: &[(&'static str, &'static str)]) -> Effect {
        Effect::Add(Fields::from_members(members.iter().copied()))
    }

    fn modify(changes: &[(&str, Option<&str>)]) -> Effect {
        Effect::Modify(changes.iter().map(|(name, value)| ((*name).into(), value.map(Into::into))).collect())
    }

    fn merged(changes: &[(i64, Effect)]) -> State {
        let mut state = State::default();
        for (source, effect) in changes {
            state.merge(version(*source), effect);
        }
        state
    }

    /// Changes with distinct versions, as the ordinal guarantees within a batch and the batch id across batches.
    fn changes() -> impl Strategy<Value = Vec<(i64, Effect)>> {
        let name = prop_oneof![Just("A"), Just("B"), Just("C")];
        let value = prop_oneof![Just("1"), Just("2"), Just("3")];
        let effect = prop_oneof![
            proptest::collection::btree_map(name.clone(), value.clone(), 0..3)
                .prop_map(|members| add(&members.into_iter().collect::<Vec<_>>())),
            proptest::collection::btree_map(name, proptest::option::of(value), 1..3)
                .prop_map(|members| modify(&members.into_iter().collect::<Vec<_>>())),
            Just(Effect::Delete),
        ];
        proptest::collection::vec(effect, 0..9)
            .prop_map(|effects| effects.into_iter().enumerate().map(|(at, effect)| (at as i64, effect)).collect())
    }

    proptest! {
        /// Invariant 3: the same set of changes gives the same state whatever the order and repetition.
        #[test]
        fn order_and_repetition_do_not_matter(
            (one, other) in changes().prop_flat_map(|changes| {
                let repeated = changes.iter().cloned().chain(changes.iter().cloned()).collect::<Vec<_>>();
                (Just(changes), Just(repeated).prop_shuffle())
            })
        ) {
            prop_assert_eq!(merged(&one), merged(&other));
        }

        /// What comes out is what a reader of the contract expects when changes come in their own order.
        #[test]
        fn in_order_the_last_word_on_each_field_counts(changes in changes()) {
            let state = merged(&changes);
            let mut expected: Option<(BTreeMap<String, String>, bool)> = None;
            let first_add = changes.iter().position(|(_, effect)| matches!(effect, Effect::Add(_)));
            for (_, effect) in changes.iter().skip(first_add.unwrap_or(changes.len())) {
                match (effect, &mut expected) {
                    (Effect::Add(fields), expected) => *expected = Some((fields.members().unwrap(), false)),
                    (Effect::Modify(changes), Some((fields, _))) => for (name, value) in changes {
                        match value {
                            Some(value) => fields.insert(name.to_string(), value.to_string()),
                            None => fields.remove(name.as_ref()),
                        };
                    },
                    (Effect::Delete, Some((_, deleted))) => *deleted = true,
                    (_, None) => {}
                }
            }
            let seen = state.is_complete().then(|| (state.fields.members().unwrap(), state.is_deleted()));
            prop_assert_eq!(seen, expected);
        }
    }

    #[test]
    fn an_older_change_is_stale_and_a_known_one_repeated() {
        let mut state = merged(&[(5, add(&[("A", "1")])), (7, modify(&[("A", Some("2"))]))]);
        let before = state.clone();
        assert_eq!(state.merge(version(4), &add(&[("A", "0")])), Outcome::Stale);
        assert_eq!(state.merge(version(5), &add(&[("A", "1")])), Outcome::Repeated);
        assert_eq!(state.merge(version(6), &modify(&[("A", Some("9"))])), Outcome::Stale);
        assert_eq!(state.merge(version(7), &modify(&[("A", Some("2"))])), Outcome::Repeated);
        assert_eq!(state, before);
        assert_eq!(state.merge(version(8), &Effect::Delete), Outcome::Applied);
        assert_eq!(state.merge(version(8), &Effect::Delete), Outcome::Repeated);
    }

    #[test]
    fn a_modify_leaves_the_deleted_mark_and_an_add_clears_it() {
        let mut state = merged(&[(1, add(&[("A", "1")])), (2, Effect::Delete), (3, modify(&[("A", Some("2"))]))]);
        assert!(state.is_deleted());
        state.merge(version(4), &add(&[("A", "3")]));
        assert!(!state.is_deleted());
    }

    #[test]
    fn without_its_add_a_record_stays_hidden() {
        let mut state = merged(&[(3, modify(&[("A", Some("2")), ("B", None)])), (4, Effect::Delete)]);
        assert!(!state.is_complete());
        state.merge(version(1), &add(&[("A", "1"), ("B", "1"), ("C", "1")]));
        assert!(state.is_complete() && state.is_deleted());
        assert_eq!(state.fields.as_json(), r#"{"A":"2","C":"1"}"#);
    }
}
