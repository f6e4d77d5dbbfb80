//! The state per batch and tier, merged, so that loss, doubling, reordering and delay of receipts do no harm.

use super::Verdict;
use crate::standard::region::Region;
use std::collections::HashMap;

/// Merges what is known of a batch at a node with what is told: commutative, associative and idempotent, since it is the
/// greater of two by a total order ([`Verdict::order`]).
pub fn merge(known: Verdict, told: Verdict) -> Verdict {
    if told.order() > known.order() { told } else { known }
}

/// What has to be known of a node's verdict to tell whether the way up is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// See [`Verdict::is_final`].
    pub is_final: bool,
    /// The node above it.
    pub above: Option<Region>,
}

/// Whether every node from `parent` to the top has the batch whole: each verdict names the node above, so no tier need be there
/// that the federation has not. One that another spoke for, since it has no words of its own, has to have it too.
pub fn is_settled(parent: Region, steps: &HashMap<Region, Step>) -> bool {
    let mut node = parent;
    // No chain is longer than what is known of it; one that goes in a circle ends here.
    for _ in 0..steps.len() {
        match steps.get(&node) {
            Some(Step { is_final: true, above: None }) => {
                return steps.iter().filter(|(node, _)| node.covers(parent)).all(|(_, step)| step.is_final);
            }
            Some(Step { is_final: true, above: Some(above) }) => node = *above,
            _ => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::super::{BadRecord, State};
    use super::*;
    use crate::standard::moment::Moment;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn region(text: &str) -> Region {
        Region::parse(text).unwrap()
    }

    /// Few values of each, so that verdicts meet and tie.
    fn verdict() -> impl Strategy<Value = Verdict> {
        let word = || prop_oneof![Just(String::new()), Just("A".to_owned()), Just("B".to_owned())];
        let bad = || {
            (1_u32..3, word()).prop_map(|(index, error)| BadRecord {
                index,
                field: String::new(),
                rule: String::new(),
                error,
            })
        };
        let above = prop_oneof![Just(None), Just(Some(Region::NATION)), Just(Some(region("370000")))];
        let numbers = (0..5_usize, -1_i64..2, 0_u32..2, 0_u32..2);
        (numbers, above, word(), word(), proptest::collection::vec(bad(), 0..2)).prop_map(
            |((state, at, records, unapplied), above, code, message, bad)| Verdict {
                batch: Uuid::nil(),
                node: region("370200"),
                above,
                state: State::ALL[state],
                at: Moment::from_micros(at),
                records,
                unapplied,
                code,
                message,
                bad,
            },
        )
    }

    proptest! {
        #[test]
        fn merging_is_commutative_associative_and_idempotent(a in verdict(), b in verdict(), c in verdict()) {
            prop_assert_eq!(merge(a.clone(), b.clone()), merge(b.clone(), a.clone()));
            prop_assert_eq!(
                merge(a.clone(), merge(b.clone(), c.clone())),
                merge(merge(a.clone(), b.clone()), c)
            );
            prop_assert_eq!(merge(a.clone(), a.clone()), a.clone());
            prop_assert_eq!(a.order() == b.order(), a == b, "the order is total: equal orders are equal verdicts");
        }

        #[test]
        fn loss_doubling_and_reordering_end_where_the_last_word_is(told in proptest::collection::vec(verdict(), 1..8), seed: u64) {
            let all = told.iter().cloned().reduce(merge).unwrap();
            // Drawn with repetition, in another order, the greatest always among them.
            let picks = (0..20_u64).map(|n| told[(seed.wrapping_mul(n + 1) >> 7) as usize % told.len()].clone());
            prop_assert_eq!(picks.chain([all.clone()]).reduce(merge).unwrap(), all);
        }

        #[test]
        fn what_is_in_the_store_whole_stays_there(done in verdict(), other in verdict(), is_resolved: bool) {
            let state = if is_resolved { State::Resolved } else { State::Persisted };
            let done = Verdict { state, unapplied: 0, ..done };
            prop_assert!(merge(done.clone(), other.clone()).is_final() && merge(other, done).is_final());
        }
    }

    #[test]
    fn a_replay_counts_after_it_was_abandoned_and_a_resolution_always() {
        let base = |state, at| Verdict {
            batch: Uuid::nil(),
            node: region("370200"),
            above: None,
            state,
            at: Moment::from_micros(at),
            records: 0,
            unapplied: 0,
            code: String::new(),
            message: String::new(),
            bad: Vec::new(),
        };
        let states = |a: Verdict, b: Verdict| merge(a, b).state;
        assert_eq!(states(base(State::Abandoned, 1), base(State::Parked, 2)), State::Parked);
        assert_eq!(states(base(State::Parked, 2), base(State::Failed, 1)), State::Parked);
        assert_eq!(states(base(State::Parked, 9), base(State::Resolved, 1)), State::Resolved);
        let in_part = Verdict { unapplied: 1, ..base(State::Persisted, 5) };
        assert_eq!(states(in_part, base(State::Parked, 6)), State::Parked, "applied in part is not settled");
    }

    #[test]
    fn the_way_up_is_settled_when_each_node_of_it_is() {
        let step = |is_final, above: Option<&str>| Step { is_final, above: above.map(region) };
        let [city, province] = [region("370200"), region("370000")];
        let mut steps = HashMap::from([(city, step(true, Some("370000")))]);
        assert!(!is_settled(city, &steps), "the province has said nothing");
        steps.insert(province, step(false, None));
        assert!(!is_settled(city, &steps));
        steps.insert(province, step(true, None));
        assert!(is_settled(city, &steps), "a federation may end at a province");
        steps.insert(province, step(true, Some("000000")));
        assert!(!is_settled(city, &steps));
        steps.insert(Region::NATION, step(true, None));
        assert!(is_settled(city, &steps));
        steps.insert(Region::NATION, step(true, Some("370200")));
        assert!(!is_settled(city, &steps), "a circle");
        assert!(!is_settled(city, &HashMap::new()));
        let mut spoken_for = HashMap::from([(city, step(true, None)), (province, step(false, None))]);
        assert!(!is_settled(city, &spoken_for), "the city could not hand it on");
        spoken_for.insert(province, step(true, None));
        spoken_for.insert(region("370203"), step(false, None));
        assert!(is_settled(city, &spoken_for), "what it says of itself is another matter");
    }
}
