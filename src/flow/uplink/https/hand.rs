//! What a link has in hand of one queue: batches that wait to be sent, or to be sent again after a pause. No I/O; the time is given.

use super::outcome::{Outage, OutageKind};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// What is in hand of one queue, as far as it is not under way.
pub(super) struct Hand<T> {
    waiting: VecDeque<Held<T>>,
    /// Exchanges under way at once, while all is well.
    window: usize,
    pause: Pause,
}

/// One batch in hand.
pub(super) struct Held<T> {
    pub(super) item: T,
    /// When it was taken.
    since: Instant,
    /// How many verdicts the parent had given on others when nothing usable came back on this one.
    verdicts: Option<u64>,
    /// How often nothing usable came back on this one, although the parent had given verdicts on others since the time before.
    misses: u32,
    /// When the last of these was counted.
    missed: Option<Instant>,
}

/// Between outage and next try: growing from half a second to half a minute.
#[derive(Default)]
struct Pause {
    last: Duration,
    until: Option<Instant>,
}

/// Taken beyond the window, so that one batch that gets no answer does not stand before all others.
pub(super) const SPARE: usize = 1;
const SHORTEST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(30);
/// A peer may ask for a longer wait than our own; not for any.
const LONGEST_ASKED: Duration = Duration::from_secs(60);
/// So often a batch may get no usable answer, while others do, before it is held to be at fault itself.
const MOST_MISSES: u32 = 5;
/// Misses sooner than this after another are one: a peer half of whose servers are down answers every other request.
const BETWEEN_MISSES: Duration = Duration::from_secs(10);

impl<T> Hand<T> {
    pub(super) fn new(window: usize) -> Self {
        Self { waiting: VecDeque::new(), window, pause: Pause::default() }
    }

    /// Whether there is room for one more.
    pub(super) fn has_room(&self, under_way: usize) -> bool {
        self.waiting.len() + under_way < self.window + SPARE
    }

    pub(super) fn take(&mut self, item: T, now: Instant) {
        self.waiting.push_back(Held { item, since: now, verdicts: None, misses: 0, missed: None });
    }

    /// When the next of those that wait will have been in hand for this long.
    pub(super) fn held_until(&self, hold: Duration) -> Option<Instant> {
        self.waiting.iter().map(|held| held.since + hold).min()
    }

    /// One that waits and has been in hand for this long, taken out.
    pub(super) fn take_held(&mut self, hold: Duration, now: Instant) -> Option<T> {
        let at = self.waiting.iter().position(|held| now.duration_since(held.since) >= hold)?;
        self.waiting.remove(at).map(|held| held.item)
    }

    /// The next to send, if one may be sent now. After an outage one goes alone, to try.
    pub(super) fn next(&mut self, under_way: usize, now: Instant) -> Option<Held<T>> {
        let window = if self.pause.last.is_zero() { self.window } else { 1 };
        let rests = self.pause.until.is_some_and(|until| now < until);
        if rests || under_way >= window {
            return None;
        }
        self.waiting.pop_front()
    }

    /// Until when nothing is sent, where something waits.
    pub(super) fn rests_until(&self) -> Option<Instant> {
        self.pause.until.filter(|_| !self.waiting.is_empty())
    }

    /// The parent has given a verdict.
    pub(super) fn works(&mut self) {
        self.pause = Pause::default();
    }

    /// There was none: the batch goes to the end, and the link pauses. `verdicts` counts those given on any batch so far.
    /// Gives the batch back where it is the batch that is at fault.
    pub(super) fn put_back(&mut self, mut held: Held<T>, outage: &Outage, verdicts: u64, now: Instant) -> Option<T> {
        if outage.kind == OutageKind::Mute {
            let is_soon = held.missed.is_some_and(|last| now.duration_since(last) < BETWEEN_MISSES);
            if !is_soon && held.verdicts.is_some_and(|before| verdicts > before) {
                (held.misses, held.missed) = (held.misses + 1, Some(now));
            }
            held.verdicts = Some(verdicts);
        }
        if held.misses >= MOST_MISSES {
            return Some(held.item);
        }
        self.waiting.push_back(held);
        self.pause.grow(outage, now);
        None
    }
}

impl Pause {
    fn grow(&mut self, outage: &Outage, now: Instant) {
        // Several that were under way meet one outage: it counts once.
        if self.until.is_none_or(|until| now >= until) {
            self.last = (self.last * 2).clamp(SHORTEST, LONGEST);
        }
        let asked = match outage.kind {
            OutageKind::Busy(asked) => asked.unwrap_or_default().min(LONGEST_ASKED),
            OutageKind::Away | OutageKind::Mute => Duration::ZERO,
        };
        self.until = Some(now + self.last.max(asked));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outage(kind: OutageKind) -> Outage {
        Outage { kind, reason: String::new() }
    }

    fn seconds(hand: &Hand<u32>, now: Instant) -> f32 {
        hand.rests_until().map_or(0.0, |until| (until - now).as_secs_f32())
    }

    #[test]
    fn pauses_grow_up_to_half_a_minute_and_end_with_the_first_verdict() {
        let (mut hand, mut now) = (Hand::new(4), Instant::now());
        hand.take(1, now);
        let mut pauses = Vec::new();
        for _ in 0..9 {
            let held = hand.next(0, now).unwrap();
            assert!(hand.put_back(held, &outage(OutageKind::Away), 0, now).is_none());
            assert!(hand.next(0, now).is_none(), "it rests");
            pauses.push(seconds(&hand, now));
            now = hand.rests_until().unwrap();
        }
        assert_eq!(pauses, [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]);
        hand.take(2, now);
        let tried = hand.next(0, now).unwrap();
        assert!(hand.next(1, now).is_none(), "one goes alone to try");
        hand.works();
        assert!(hand.next(1, now).is_some());
        assert!(hand.put_back(tried, &outage(OutageKind::Busy(Some(Duration::from_secs(7)))), 0, now).is_none());
        assert_eq!(seconds(&hand, now), 7.0, "as long as the peer asks for");
        let other = Held { item: 3, since: now, verdicts: None, misses: 0, missed: None };
        assert!(hand.put_back(other, &outage(OutageKind::Busy(Some(Duration::MAX))), 0, now).is_none());
        assert_eq!(seconds(&hand, now), 60.0, "and no longer than a minute");
    }

    #[test]
    fn several_that_meet_one_outage_make_one_pause() {
        let (mut hand, now) = (Hand::new(4), Instant::now());
        (0..4).for_each(|item| hand.take(item, now));
        let under_way: Vec<_> = (0..4).map(|at| hand.next(at, now).unwrap()).collect();
        for held in under_way {
            assert!(hand.put_back(held, &outage(OutageKind::Mute), 0, now).is_none());
        }
        assert_eq!(seconds(&hand, now), 0.5);
    }

    #[test]
    fn the_hand_is_bounded_by_the_window_and_a_spare() {
        let mut hand = Hand::new(2);
        assert!(hand.has_room(2) && !hand.has_room(3));
        hand.take(1, Instant::now());
        assert!(hand.has_room(1) && !hand.has_room(2));
    }

    #[test]
    fn invariant_6_what_has_been_held_for_long_is_put_back_before_the_broker_takes_it() {
        let (mut hand, now, hold) = (Hand::new(2), Instant::now(), Duration::from_secs(600));
        hand.take(1, now);
        hand.take(2, now + hold / 2);
        assert_eq!(hand.take_held(hold, now + hold / 2), None);
        assert_eq!(hand.take_held(hold, now + hold), Some(1));
        assert_eq!(hand.take_held(hold, now + hold), None, "the other came later");
    }

    #[test]
    fn invariant_6_a_peer_that_flaps_has_no_batch_at_fault() {
        let (mut hand, mut now) = (Hand::new(1), Instant::now());
        hand.take(7, now);
        for verdicts in 0..60 {
            now += SHORTEST;
            let held = hand.next(0, now).unwrap();
            assert_eq!(
                hand.put_back(held, &outage(OutageKind::Mute), verdicts, now),
                None,
                "it misses often, but not for long"
            );
            hand.works();
        }
    }

    /// Invariant 6: a batch over which the parent breaks down each time does not stand before the others for ever; and while nothing
    /// passes, no batch is at fault.
    #[test]
    fn invariant_6_only_a_batch_that_gets_no_answer_while_others_do_is_at_fault() {
        let (mut hand, mut now, mut verdicts) = (Hand::new(1), Instant::now(), 0);
        hand.take(7, now);
        let mut miss = |verdicts: u64, kind| {
            now += LONGEST_ASKED;
            let held = hand.next(0, now).unwrap();
            hand.put_back(held, &outage(kind), verdicts, now)
        };
        for _ in 0..100 {
            assert_eq!(miss(verdicts, OutageKind::Mute), None, "nothing passes");
        }
        for kind in [OutageKind::Away, OutageKind::Busy(None)] {
            for _ in 0..100 {
                verdicts += 1;
                assert_eq!(miss(verdicts, kind), None, "it was not sent, or not judged");
            }
        }
        for _ in 1..MOST_MISSES {
            verdicts += 1;
            assert_eq!(miss(verdicts, OutageKind::Mute), None);
        }
        verdicts += 1;
        assert_eq!(miss(verdicts, OutageKind::Mute), Some(7));
    }
}
