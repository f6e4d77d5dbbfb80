//! How old the oldest message of each queue is, as far as this process can tell.
//!
//! RabbitMQ does not tell: it would have to be taken and given back, which counts a delivery. But queues are first in, first
//! out, so what a consumer holds is older than what waits behind it; and while nobody takes anything, it is at least as old
//! as the queue has been seen with something in it.

use crate::batch::Manifest;
use crate::broker::Delivery;
use crate::standard::moment::Moment;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What the consumers of this process hold. Clones share it.
#[derive(Clone, Default)]
pub struct Oldest {
    queues: Arc<Mutex<HashMap<String, Queue>>>,
}

#[derive(Default)]
struct Queue {
    /// When the oldest of each group in hand was accepted.
    held: Vec<Moment>,
    /// Since when something waits and nobody takes it.
    untouched: Option<Moment>,
}

/// A group in hand. Dropping it says that it is done, or given back.
pub(super) struct Held<'a> {
    oldest: &'a Oldest,
    queue: &'a str,
    since: Moment,
}

impl Oldest {
    /// Notes that a group has been taken from a queue. What a message tells of its age is not verified: it is only shown.
    pub(super) fn hold<'a>(&'a self, queue: &'a str, group: &[Delivery], now: Moment) -> Held<'a> {
        let accepted = group.iter().filter_map(|d| Manifest::accepted_in(&d.headers));
        let since = accepted.min().filter(|at| *at <= now).unwrap_or(now);
        self.with(queue, |q| {
            q.held.push(since);
            q.untouched = None;
        });
        Held { oldest: self, queue, since }
    }

    /// Seconds since the oldest message was accepted that waits in the queue or is in hand; `depth` is how many wait.
    pub fn age(&self, queue: &str, depth: u32, now: Moment) -> f64 {
        let since = self.with(queue, |q| {
            let held = q.held.iter().copied().min();
            if depth == 0 || held.is_some() {
                q.untouched = None;
                return held;
            }
            Some(*q.untouched.get_or_insert(now))
        });
        since.map_or(0.0, |since| (now.micros() - since.micros()).max(0) as f64 / 1e6)
    }

    fn with<T>(&self, queue: &str, look: impl FnOnce(&mut Queue) -> T) -> T {
        // Plain data, whole even if a holder panicked.
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        match queues.get_mut(queue) {
            Some(known) => look(known),
            None => look(queues.entry(queue.to_owned()).or_default()),
        }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.oldest.with(self.queue, |q| {
            if let Some(at) = q.held.iter().position(|since| *since == self.since) {
                q.held.swap_remove(at);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Moment {
        Moment::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn a_queue_nobody_takes_from_grows_older_and_an_empty_one_has_no_age() {
        let oldest = Oldest::default();
        assert_eq!(oldest.age("q", 0, at(10)), 0.0);
        assert_eq!(oldest.age("q", 3, at(20)), 0.0);
        assert_eq!(oldest.age("q", 3, at(50)), 30.0);
        assert_eq!(oldest.age("q", 0, at(60)), 0.0);
        assert_eq!(oldest.age("q", 1, at(70)), 0.0);
    }

    #[test]
    fn what_is_in_hand_is_older_than_what_waits_behind_it() {
        let oldest = Oldest::default();
        let held = oldest.hold("q", &[], at(100));
        assert_eq!(oldest.age("q", 5, at(130)), 30.0);
        assert_eq!(oldest.age("q", 0, at(140)), 40.0);
        drop(held);
        assert_eq!(oldest.age("q", 0, at(150)), 0.0);
    }
}
