//! The model and the verdict, without servers: what they must let pass, and what they must find.

use crate::harness::ledger::{Entry, Kind, Outcome, Sent};
use crate::harness::model::{Candidates, Change, Effect, State, replay};
use crate::harness::strict::refused;
use crate::harness::tier::{Batch, Failure, Record, Tier, record_name};
use crate::harness::verdict::{Sort, Verdict, judge};
use crate::harness::{federation::APP, layout, plan, record};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use uuid::Uuid;

fn add(text: &str) -> Effect {
    Effect::Add(vec![("JCRY", text.to_owned()), ("BZ", text.to_owned())])
}

fn modify(name: &'static str, text: Option<&str>) -> Effect {
    Effect::Modify(vec![(name, text.map(str::to_owned))])
}

/// Changes of one record, each of a batch of its own, by SJGXSJ.
fn replayed(changes: &[(i64, &Effect)]) -> Candidates {
    let changes = changes.iter().enumerate();
    replay(
        changes.map(|(batch, (at, effect))| Change { at: *at, batch, ordinal: 0, is_barred: false, effect }).collect(),
    )
}

fn state(deleted: bool, updated: i64, fields: &[(&'static str, &str)]) -> Option<State> {
    let fields = fields.iter().map(|(name, text)| (*name, (*text).to_owned())).collect();
    Some(State { deleted, updated, fields })
}

#[test]
fn the_last_word_by_source_time_counts_whatever_came_first() {
    let (one, two, clear) = (add("one"), add("two"), modify("BZ", None));
    let expected = Candidates::from([state(false, 3, &[("JCRY", "two.0")])]);
    for changes in [[(3, &clear), (1, &one), (2, &two)], [(2, &two), (3, &clear), (1, &one)]] {
        assert_eq!(replayed(&changes), expected);
    }
    let stale = modify("JCRY", Some("old"));
    assert_eq!(
        replayed(&[(2, &two), (1, &stale)]),
        Candidates::from([state(false, 2, &[("JCRY", "two.0"), ("BZ", "two.0")])])
    );
}

#[test]
fn a_delete_marks_a_modify_leaves_the_mark_and_an_add_clears_it() {
    let (one, change) = (add("one"), modify("BZ", Some("new")));
    let marked = state(true, 3, &[("JCRY", "one.0"), ("BZ", "new.0")]);
    assert_eq!(replayed(&[(1, &one), (2, &Effect::Delete), (3, &change)]), Candidates::from([marked]));
    assert_eq!(
        replayed(&[(1, &Effect::Delete), (2, &one)]),
        Candidates::from([state(false, 2, &[("JCRY", "one.0"), ("BZ", "one.0")])])
    );
    assert_eq!(replayed(&[(1, &change), (2, &Effect::Delete)]), Candidates::from([None]), "never added");
}

#[test]
fn a_tie_may_go_either_way_until_something_newer_decides() {
    let (one, two) = (add("one"), add("two"));
    let either = [
        state(false, 1, &[("JCRY", "one.0"), ("BZ", "one.0")]),
        state(false, 1, &[("JCRY", "two.0"), ("BZ", "two.0")]),
    ];
    assert_eq!(replayed(&[(1, &one), (1, &two)]), Candidates::from(either.clone()));
    assert_eq!(replayed(&[(1, &one), (1, &two), (1, &one)]), Candidates::from(either));
    assert_eq!(replayed(&[(1, &one), (1, &one)]).len(), 1, "the same content again is no tie");
    assert_eq!(replayed(&[(1, &one), (1, &two), (2, &one)]).len(), 1);
}

#[test]
fn of_the_same_record_twice_in_a_batch_the_later_wins() {
    let effect = add("x");
    let changes = [1, 0].map(|ordinal| Change { at: 1, batch: 0, ordinal, is_barred: false, effect: &effect });
    assert_eq!(replay(changes.to_vec()), Candidates::from([state(false, 1, &[("JCRY", "x.1"), ("BZ", "x.1")])]));
}

/// Acknowledged batches: adds and a newer modify of two counties, an orphan, and an add of which the city refuses record E.
fn entries() -> Vec<Entry> {
    let entry = |kind, entry, at, effect, keys: &[&str]| Entry {
        sent: Sent {
            kind,
            entry,
            at,
            effect,
            keys: keys.iter().map(|key| (*key).into()).collect(),
            barred: None,
            random: Uuid::new_v4().to_string(),
        },
        outcome: Outcome::Acknowledged(Uuid::new_v4()),
        unknown: 0,
    };
    vec![
        entry(Kind::Plain, 0, 10, add("first"), &["A", "B"]),
        entry(Kind::Plain, 0, 20, modify("BZ", Some("second")), &["A"]),
        entry(Kind::Plain, 1, 10, add("third"), &["A"]),
        entry(Kind::Orphan, 0, 30, modify("BZ", Some("fourth")), &["C"]),
        barred(entry(Kind::Plain, 1, 40, add("fifth"), &["D", "E"]), 1),
        entry(Kind::Plain, 1, 50, modify("JCRY", Some("sixth")), &["E"]),
    ]
}

fn barred(mut entry: Entry, place: usize) -> Entry {
    entry.sent.barred = Some(place);
    entry
}

fn id(entry: &Entry) -> Uuid {
    match entry.outcome {
        Outcome::Acknowledged(id) => id,
        _ => Uuid::nil(),
    }
}

/// What sesame must make of them.
fn tiers(entries: &[Entry]) -> Vec<Tier> {
    let tiers = layout::PLACES.iter().enumerate().map(|(node, _)| {
        let effective = || {
            let passes = |entry: &&Entry| layout::way(entry.sent.entry).any(|at| at == node);
            entries.iter().filter(|entry| entry.sent.kind != Kind::Orphan).filter(passes)
        };
        let (mut batches, mut history) = (HashMap::new(), HashMap::new());
        let mut changes: BTreeMap<(&str, &str), Vec<Change<'_>>> = BTreeMap::new();
        for (place, entry) in effective().enumerate() {
            let (sent, region) = (&entry.sent, layout::PLACES[entry.sent.entry].region);
            let (appid, random, records) = (APP.to_owned(), sent.random.clone(), sent.keys.len() as i32);
            batches.insert(id(entry), Batch { appid, random, records });
            let applied = || sent.keys.iter().enumerate().filter(|(at, _)| Some(*at) != refused(sent, node));
            let rows = applied().map(|(at, key)| (at as i32, record_name(region, key)));
            history.insert(id(entry), rows.collect());
            for (ordinal, key) in applied() {
                changes.entry((region, key)).or_default().push(sent.change(place, ordinal));
            }
        }
        let records = changes.into_iter().map(|((region, key), changes)| {
            let state = replay(changes).into_iter().next().flatten();
            let fields = state.as_ref().map(|state| record::fields(region, key, state)).unwrap_or_default();
            let (is_added, deleted) = (state.is_some(), state.is_some_and(|state| state.deleted));
            (record_name(region, key), Record { is_added, deleted, fields, versions: String::new() })
        });
        let records = records.collect();
        let orphans = entries.iter().filter(|entry| entry.sent.kind == Kind::Orphan && entry.sent.entry == node);
        let missing = orphans.map(|entry| failure(id(entry), "MISSING_KEY"));
        let partial = effective().filter(|entry| refused(&entry.sent, node).is_some());
        let failures = missing.chain(partial.map(|entry| failure(id(entry), "INVALID_RECORDS"))).collect();
        Tier { batches, history, records, failures }
    });
    tiers.collect()
}

fn failure(batch: Uuid, reason: &str) -> Failure {
    Failure {
        batch: Some(batch),
        step: "persist".to_owned(),
        reason: reason.to_owned(),
        detail: String::new(),
        state: "failed".to_owned(),
        body_bytes: 1,
    }
}

/// The sorts of differences found once something has been done to the tiers.
fn found(spoil: impl FnOnce(&[Entry], &mut Vec<Tier>)) -> BTreeSet<Sort> {
    let entries = entries();
    let mut tiers = tiers(&entries);
    spoil(&entries, &mut tiers);
    judge(&entries, &tiers).differences.iter().map(|difference| difference.sort).collect()
}

#[test]
fn what_is_as_it_must_be_passes() {
    let entries = entries();
    let Verdict { differences, listed, refused, records } = judge(&entries, &tiers(&entries));
    assert_eq!((differences, listed, refused, records), (Vec::new(), 1, 1, vec![2, 3, 5, 5]));
}

#[test]
fn a_batch_that_is_nowhere_is_lost_and_one_listed_with_its_body_is_not() {
    let forget = |entries: &[Entry], tiers: &mut Vec<Tier>| {
        tiers[3].batches.remove(&id(&entries[2]));
        tiers[3].history.remove(&id(&entries[2]));
        tiers[3].records.remove(&record_name("370211", "A"));
    };
    assert!(found(forget).contains(&Sort::Lost));
    let listed = found(|entries, tiers| {
        forget(entries, tiers);
        tiers[3].failures.push(failure(id(&entries[2]), "REFUSED_BY_STORE"));
    });
    assert_eq!(
        listed,
        BTreeSet::from([Sort::Misjudged]),
        "explained, and wrong all the same: nothing is wrong with it"
    );
    let without_body = found(|entries, tiers| {
        forget(entries, tiers);
        let failure = failure(id(&entries[2]), "REFUSED_BY_STORE");
        tiers[3].failures.push(Failure { body_bytes: 0, ..failure });
    });
    assert!(without_body.contains(&Sort::Lost));
}

#[test]
fn an_orphan_that_is_not_listed_is_lost() {
    assert_eq!(found(|_, tiers| tiers[0].failures.clear()), BTreeSet::from([Sort::Lost]));
}

#[test]
fn what_came_before_its_add_must_have_gone_through_in_the_end() {
    let mut entries = entries();
    entries[1].sent.kind = Kind::Early;
    let mut tiers = tiers(&entries);
    assert!(judge(&entries, &tiers).differences.is_empty());
    tiers[0].failures.push(failure(id(&entries[1]), "MISSING_KEY"));
    assert_eq!(judge(&entries, &tiers).count(Sort::Misjudged), 1);
}

#[test]
fn a_second_row_of_the_history_is_a_double_and_a_missing_one_a_loss() {
    let double = |entries: &[Entry], tiers: &mut Vec<Tier>| {
        let history = tiers[2].history.get_mut(&id(&entries[0])).expect("its history");
        history.insert(0, history[0].clone());
    };
    assert_eq!(found(double), BTreeSet::from([Sort::Doubled]));
    let half = |entries: &[Entry], tiers: &mut Vec<Tier>| {
        tiers[2].history.get_mut(&id(&entries[0])).expect("its history").pop();
    };
    assert_eq!(found(half), BTreeSet::from([Sort::Lost]));
}

/// The place of the batch of which the city refuses record E.
const STRICTLY: usize = 4;

#[test]
fn what_a_rule_refuses_may_lack_where_that_rule_is_and_only_while_it_is_listed() {
    let unlisted = |_: &[Entry], tiers: &mut Vec<Tier>| tiers[2].failures.clear();
    assert_eq!(found(unlisted), BTreeSet::from([Sort::Lost, Sort::Differs]));
    let without_body = |entries: &[Entry], tiers: &mut Vec<Tier>| {
        tiers[2].failures = vec![Failure { body_bytes: 0, ..failure(id(&entries[STRICTLY]), "INVALID_RECORDS") }];
    };
    assert_eq!(found(without_body), BTreeSet::from([Sort::Lost, Sort::Differs, Sort::Misjudged]));
    let of_another = |entries: &[Entry], tiers: &mut Vec<Tier>| {
        tiers[2].failures = vec![failure(id(&entries[0]), "INVALID_RECORDS")];
    };
    assert!(found(of_another).is_superset(&BTreeSet::from([Sort::Lost, Sort::Misjudged])));
    let for_another_reason = |entries: &[Entry], tiers: &mut Vec<Tier>| {
        tiers[2].failures = vec![failure(id(&entries[STRICTLY]), "SIGN_MISMATCH")];
    };
    assert!(found(for_another_reason).contains(&Sort::Misjudged));
}

#[test]
fn what_one_rule_refuses_must_be_everywhere_else() {
    let lacks_above = |entries: &[Entry], tiers: &mut Vec<Tier>| {
        tiers[3].history.get_mut(&id(&entries[STRICTLY])).expect("its history").pop();
        tiers[3].records.remove(&record_name("370211", "E"));
    };
    assert_eq!(found(lacks_above), BTreeSet::from([Sort::Lost, Sort::Differs]));
    let lacks_a_good_one = |entries: &[Entry], tiers: &mut Vec<Tier>| {
        tiers[2].history.get_mut(&id(&entries[STRICTLY])).expect("its history").clear();
        tiers[2].records.remove(&record_name("370211", "D"));
    };
    assert_eq!(found(lacks_a_good_one), BTreeSet::from([Sort::Lost, Sort::Differs]));
    let other_version = |_: &[Entry], tiers: &mut Vec<Tier>| {
        tiers[3].records.get_mut(&record_name("370211", "E")).expect("the record").versions = "other".to_owned();
    };
    assert_eq!(found(other_version), BTreeSet::from([Sort::Differs]), "the county's and the province's are the same");
}

#[test]
fn what_a_rule_refuses_must_not_be_applied_where_that_rule_is() {
    let applied = |entries: &[Entry], tiers: &mut Vec<Tier>| {
        let name = record_name("370211", "E");
        let (history, above) = (tiers[3].history[&id(&entries[STRICTLY])].clone(), tiers[3].records[&name].clone());
        tiers[2].history.insert(id(&entries[STRICTLY]), history);
        tiers[2].records.insert(name, above);
    };
    assert_eq!(found(applied), BTreeSet::from([Sort::Invented, Sort::Differs]));
    let mut entries = entries();
    entries.truncate(STRICTLY + 1);
    let tiers = tiers(&entries[..STRICTLY]);
    (entries[STRICTLY].sent.entry, entries[STRICTLY].outcome) = (2, Outcome::Refused("[INVALID_RECORDS]".to_owned()));
    assert!(judge(&entries, &tiers).differences.is_empty(), "refused whole, at the door of that node");
    entries[STRICTLY].sent.entry = 1;
    assert_eq!(judge(&entries, &tiers).count(Sort::Unsettled), 1, "no other door may refuse it");
}

#[test]
fn an_older_state_over_a_newer_one_differs() {
    let older = |_: &[Entry], tiers: &mut Vec<Tier>| {
        let record = tiers[3].records.get_mut(&record_name("370203", "A")).expect("the record");
        record.fields.insert("BZ".to_owned(), "first.0".to_owned());
    };
    assert_eq!(found(older), BTreeSet::from([Sort::Differs]));
    let marked = |_: &[Entry], tiers: &mut Vec<Tier>| {
        tiers[0].records.get_mut(&record_name("370203", "B")).expect("the record").deleted = true;
    };
    assert_eq!(found(marked), BTreeSet::from([Sort::Differs]));
}

#[test]
fn tiers_that_hold_another_version_of_the_same_state_differ() {
    let version = |_: &[Entry], tiers: &mut Vec<Tier>| {
        tiers[2].records.get_mut(&record_name("370211", "A")).expect("the record").versions = "other".to_owned();
    };
    assert_eq!(found(version), BTreeSet::from([Sort::Differs]));
}

#[test]
fn what_nobody_sent_is_invented() {
    let stranger = |_: &[Entry], tiers: &mut Vec<Tier>| {
        let batch = Batch { appid: APP.to_owned(), random: "R".to_owned(), records: 0 };
        tiers[1].batches.insert(Uuid::new_v4(), batch);
    };
    assert_eq!(found(stranger), BTreeSet::from([Sort::Invented]));
}

#[test]
fn a_batch_whose_outcome_stayed_unknown_or_that_was_refused_is_told() {
    for outcome in [Outcome::Unknown, Outcome::Refused("[NOT_GRANTED]".to_owned())] {
        let mut entries = entries();
        let tiers = tiers(&entries);
        entries[3].outcome = outcome;
        assert!(judge(&entries, &tiers).count(Sort::Unsettled) == 1);
    }
}

#[test]
fn a_plan_is_its_seeds_and_has_every_kind_of_fault_among_the_first_thirteen() {
    assert_eq!(plan::plan(7, 200), plan::plan(7, 200));
    assert_ne!(plan::plan(7, 200), plan::plan(8, 200));
    for seed in 0..20 {
        let plan = plan::plan(seed, 13);
        let kinds: HashSet<_> = plan.iter().map(|fault| std::mem::discriminant(&fault.harm)).collect();
        assert_eq!(kinds.len(), 13);
    }
}
