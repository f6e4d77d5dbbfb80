use super::*;
use proptest::prelude::*;

const HOUR: i64 = 3_600_000_000;
const START: Moment = Moment::from_micros(1_700_000_000_000_000);

fn rule() -> Rule {
    Rule { failures: NonZeroUsize::new(3).unwrap(), pause: Duration::from_secs(24 * 3_600) }
}

fn at(hours: i64) -> Moment {
    START.plus_micros(hours * HOUR)
}

/// A standing with failures at these hours, and the last verdict.
fn failed(hours: &[i64]) -> (Standing, Verdict) {
    let mut standing = Standing::default();
    let mut verdict = Verdict::Counted(0);
    for (nonce, hour) in hours.iter().enumerate() {
        verdict = standing.fail(rule(), at(*hour), nonce as i32);
    }
    (standing, verdict)
}

#[test]
fn clause_7_4_the_third_failure_in_a_row_marks_a_transfer_for_24_hours() {
    assert_eq!(failed(&[0]).1, Verdict::Counted(1));
    assert_eq!(failed(&[0, 1]).1, Verdict::Counted(2));
    let (standing, verdict) = failed(&[0, 1, 2]);
    assert_eq!(verdict, Verdict::Marked { until: at(26) });
    assert_eq!(standing.marked_until(rule(), at(2)), Some(at(26)));
    assert_eq!(standing.marked_until(rule(), at(26).plus_micros(-1)), Some(at(26)));
    assert_eq!(standing.marked_until(rule(), at(26)), None);
}

#[test]
fn clause_7_4_further_bad_tries_do_not_lengthen_a_mark() {
    assert_eq!(failed(&[0, 0, 0, 1, 5, 23]).1, Verdict::StillMarked { until: at(24) });
    assert_eq!(failed(&[0, 0, 0, 1, 5, 23]).0, failed(&[0, 0, 0]).0);
}

#[test]
fn clause_7_4_after_the_pause_it_is_verified_and_counted_anew() {
    assert_eq!(failed(&[0, 0, 0, 24]).1, Verdict::Counted(1));
    assert_eq!(failed(&[0, 0, 0, 24, 25, 26]).1, Verdict::Marked { until: at(50) });
    // Two failures that led to no mark are forgotten after the same time.
    assert_eq!(failed(&[0, 1, 25]).1, Verdict::Counted(1));
    assert_eq!(failed(&[0, 1, 24]).1, Verdict::Marked { until: at(48) });
}

#[test]
fn clause_7_4_a_right_signature_clears_count_and_mark() {
    let (mut standing, _) = failed(&[0, 1]);
    standing.clear(at(2));
    assert!(standing.is_clear());
    assert_eq!(
        standing.fail(rule(), at(2), 9),
        Verdict::Counted(1),
        "in the same microsecond, and after it all the same"
    );
    let (mut standing, _) = failed(&[0, 1, 2]);
    standing.clear(at(3));
    assert_eq!((standing.marked_until(rule(), at(3)), standing.is_clear()), (None, true));
    assert_eq!(standing.fail(rule(), at(4), 9), Verdict::Counted(1));
}

#[test]
fn a_clock_that_was_set_back_neither_loses_nor_revives_failures() {
    let (mut standing, _) = failed(&[5, 6]);
    assert_eq!(standing.fail(rule(), at(2), 9), Verdict::Marked { until: at(30) });
    standing.clear(at(1));
    assert!(standing.is_clear(), "failures of a clock that was ahead are over too");
    assert_eq!(standing.fail(rule(), at(1), 9), Verdict::Counted(1));
}

#[test]
fn what_counts_no_more_is_spent() {
    assert!(Standing::default().is_spent(rule(), at(0)));
    let (mut standing, _) = failed(&[0]);
    assert!(!standing.is_spent(rule(), at(24).plus_micros(-1)) && standing.is_spent(rule(), at(24)));
    // What was cleared is kept as long, so that other processes learn of it.
    standing.clear(at(3));
    assert!(!standing.is_spent(rule(), at(26)) && standing.is_spent(rule(), at(27)));
    assert_eq!(rule().spent_before(at(24)), at(0));
}

#[test]
fn failures_seen_by_several_processes_count_together_and_once() {
    let (mut one, _) = failed(&[0]);
    let mut other = Standing::default();
    other.fail(rule(), at(0), 77);
    other.fail(rule(), at(1), 78);
    let both = one.merge(&other, rule());
    assert_eq!(both.marked_until(rule(), at(1)), Some(at(25)), "two of the same microsecond are two");
    assert_eq!(both.merge(&other, rule()), both);
    one.clear(at(2));
    assert!(one.merge(&both, rule()).is_clear(), "what one process cleared, it cleared for all");
}

#[test]
fn the_count_is_a_setting() {
    let strict = Rule { failures: NonZeroUsize::MIN, ..rule() };
    let mut standing = Standing::default();
    assert_eq!(standing.fail(strict, at(0), 0), Verdict::Marked { until: at(24) });
}

/// Standings as processes may hold them, of few moments so that they meet.
fn standings() -> impl Strategy<Value = Standing> {
    let failures = prop::collection::vec((0..8_i64, 0..3_i32), 0..6);
    (prop::option::of(0..8_i64), failures).prop_map(|(floor, failures)| {
        let failures = failures.into_iter().map(|(hour, nonce)| Failure { at: at(hour), nonce }).collect();
        Standing::new(floor.map(at), failures, rule())
    })
}

proptest! {
    #[test]
    fn invariant_3_merging_does_not_care_for_order_and_repetition(a in standings(), b in standings(), c in standings()) {
        let merge = |a: &Standing, b: &Standing| a.merge(b, rule());
        prop_assert_eq!(merge(&a, &b), merge(&b, &a));
        prop_assert_eq!(merge(&merge(&a, &b), &c), merge(&a, &merge(&b, &c)));
        prop_assert_eq!(merge(&a, &a), a);
    }

    /// Any run of failures and right signatures, against the rule in its plainest words.
    #[test]
    fn clause_7_4_as_the_standard_says_it(events in prop::collection::vec((0..30_i64, any::<bool>()), 0..40)) {
        let (mut standing, mut now) = (Standing::default(), at(0));
        let (mut row, mut marked): (Vec<Moment>, Option<Moment>) = (Vec::new(), None);
        for (nonce, (hours, is_right)) in events.into_iter().enumerate() {
            now = now.plus_micros(hours * HOUR + 1);
            if is_right {
                standing.clear(now);
                (row, marked) = (Vec::new(), None);
                continue;
            }
            let verdict = standing.fail(rule(), now, nonce as i32);
            if marked.is_some_and(|until| now < until) {
                prop_assert_eq!(verdict, Verdict::StillMarked { until: marked.unwrap() });
                continue;
            }
            if marked.take().is_some() || row.last().is_some_and(|last| last.plus_micros(24 * HOUR) <= now) {
                row.clear();
            }
            row.push(now);
            if row.len() == 3 {
                marked = Some(now.plus_micros(24 * HOUR));
                prop_assert_eq!(verdict, Verdict::Marked { until: marked.unwrap() });
            } else {
                prop_assert_eq!(verdict, Verdict::Counted(row.len()));
            }
        }
    }
}
