//! Every standing that can be reached, and every event in each.

use super::*;
use std::collections::HashSet;
use std::time::Duration;

const RULE: Rule =
    Rule { retry: [Duration::from_secs(2), Duration::from_secs(10)], park: Duration::from_secs(24 * 3600), rounds: 3 };

fn of(round: u32, attempt: u32) -> Attempt {
    Attempt { round, attempt }
}

fn attempts() -> impl Iterator<Item = Attempt> {
    (1..=5).flat_map(|round| (0..=Attempt::LAST).map(move |attempt| of(round, attempt)))
}

fn events() -> Vec<Event> {
    let of_attempts = attempts().flat_map(|attempt| {
        [
            Event::Failed(attempt),
            Event::Poisoned(attempt),
            Event::Returned(attempt),
            Event::Replayed(attempt),
            Event::Discarded(attempt),
        ]
    });
    of_attempts.chain([Event::Overdue, Event::Succeeded]).collect()
}

/// All standings that any sequence of events leads to.
fn reachable() -> HashSet<Standing> {
    reachable_by(&events())
}

/// The same, of some events alone.
fn reachable_by(events: &[Event]) -> HashSet<Standing> {
    let (mut found, mut look) = (HashSet::from([Standing::NEW]), vec![Standing::NEW]);
    while let Some(standing) = look.pop() {
        for event in events {
            if let Some(to) = standing.on(*event, &RULE).to.filter(|to| to.last.round <= 5)
                && found.insert(to)
            {
                look.push(to);
            }
        }
    }
    found
}

#[test]
fn clause_7_4_three_failures_mark_it_24_hours_bring_it_back_and_after_the_last_round_it_is_kept() {
    let (mut standing, mut attempt, mut waits, mut tries) = (Standing::NEW, Attempt::FIRST, Vec::new(), 1);
    loop {
        let step = standing.on(Event::Failed(attempt), &RULE);
        standing = step.to.unwrap();
        let Then::Wait(pause) = step.then else { break };
        waits.push(RULE.length(pause).as_secs());
        let Then::Try(next) = standing.on(Event::Returned(attempt), &RULE).then else { panic!("{standing:?}") };
        (attempt, tries) = (next, tries + 1);
    }
    assert_eq!(waits, [2, 10, 86_400, 2, 10, 86_400, 2, 10]);
    assert_eq!((standing.state, standing.last, tries), (State::Abandoned, of(3, 3), 9));
}

#[test]
fn clause_7_4_marked_only_after_three_failures_and_abandoned_only_after_all_rounds() {
    let harmless: Vec<Event> = events().into_iter().filter(|event| !matches!(event, Event::Poisoned(_))).collect();
    for Standing { state, last } in reachable_by(&harmless) {
        match state {
            State::Parked => assert!(last.attempt == 3 && last.round < RULE.rounds, "{last:?}"),
            State::Abandoned => assert!(last.attempt == 3 && last.round >= RULE.rounds, "{last:?}"),
            State::Retrying => assert!(last.attempt < 3, "{last:?}"),
            State::Discarded | State::Resolved => {}
        }
    }
}

#[test]
fn invariant_2_no_event_counts_twice_and_none_leads_back() {
    for standing in reachable() {
        for event in events() {
            let Some(to) = standing.on(event, &RULE).to else { continue };
            assert!(to.last >= standing.last, "{standing:?} {event:?} {to:?}");
            assert_eq!(to.on(event, &RULE).to, None, "{standing:?} {event:?} twice");
            let is_stale = |token: Attempt| token < to.last;
            for token in attempts().filter(|token| is_stale(*token)) {
                assert_eq!(to.on(Event::Returned(token), &RULE), Step::NOTHING, "{to:?}: a stale token of {token:?}");
                assert_eq!(to.on(Event::Failed(token), &RULE), Step::NOTHING, "{to:?}: a late verdict on {token:?}");
                assert_eq!(to.on(Event::Poisoned(token), &RULE), Step::NOTHING, "{to:?}: a late harm of {token:?}");
            }
        }
    }
}

#[test]
fn invariant_1_what_waits_comes_back_whatever_was_lost() {
    for standing in reachable() {
        let overdue = standing.on(Event::Overdue, &RULE);
        let expected = if standing.state.is_waiting() { Then::Try(standing.last.following()) } else { Then::Nothing };
        assert_eq!(overdue, Step { to: None, then: expected }, "{standing:?}");
        if let Some(pause) = standing.pause() {
            let again = standing.on(Event::Failed(standing.last), &RULE);
            assert_eq!(again, Step { to: None, then: Then::Wait(pause) }, "a token that never reached its queue");
        }
    }
}

#[test]
fn a_replay_has_its_effect_once_and_the_parked_token_none_after_it() {
    for standing in reachable() {
        let step = standing.on(Event::Replayed(standing.last), &RULE);
        assert_eq!(step.to.is_some(), standing.may_replay(), "{standing:?}");
        let Some(to) = step.to else { continue };
        assert_eq!(step.then, Then::Try(of(standing.last.round + 1, 1)));
        assert_eq!(to.on(Event::Returned(standing.last), &RULE), Step::NOTHING, "the parked copy");
        assert_eq!(to.on(Event::Replayed(to.last), &RULE), Step::NOTHING, "asked for again, by whoever sees it now");
    }
}

#[test]
fn what_did_harm_is_not_tried_again_until_an_operator_wants_it() {
    for standing in reachable() {
        for attempt in attempts().filter(|attempt| *attempt >= standing.last) {
            let step = standing.on(Event::Poisoned(attempt), &RULE);
            assert_eq!(step.then, Then::Nothing);
            let at = step.to.unwrap_or(standing);
            if matches!(standing.state, State::Resolved | State::Discarded) {
                assert_eq!(step.to, None, "{standing:?}");
                continue;
            }
            assert_eq!(at, Standing { state: State::Abandoned, last: attempt });
            for nothing in [Event::Overdue, Event::Returned(attempt), Event::Failed(attempt)] {
                assert_eq!(at.on(nothing, &RULE), Step::NOTHING, "{at:?} {nothing:?}");
            }
            let replayed = at.on(Event::Replayed(attempt), &RULE);
            assert_eq!(replayed.then, Then::Try(of(attempt.round + 1, 1)));
        }
    }
}

#[test]
fn what_is_given_up_or_done_stays_so() {
    for standing in reachable() {
        for event in events() {
            let to = standing.on(event, &RULE).to;
            match standing.state {
                State::Resolved => assert_eq!(to, None, "{event:?}"),
                State::Discarded if !matches!(event, Event::Succeeded | Event::Replayed(_)) => {
                    assert_eq!(to, None, "{event:?}");
                }
                _ => {}
            }
        }
    }
}

#[test]
fn states_are_read_as_they_are_written() {
    for state in State::ALL {
        assert_eq!(state.as_str().parse(), Ok(state));
    }
    assert!("failed".parse::<State>().is_err());
}
