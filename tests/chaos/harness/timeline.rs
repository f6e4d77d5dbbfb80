//! When what happened to whom, and how soon batches flowed again.

use super::plan::Fault;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use time::OffsetDateTime;

/// A fault as it took place.
#[derive(Debug, Clone)]
pub struct Event {
    pub fault: Fault,
    /// Since the first batch was sent.
    pub began: Duration,
    pub healed: Option<Duration>,
    /// On the clock that nodes stamp batches with.
    pub healed_at: Option<OffsetDateTime>,
    /// When a batch accepted after the heal at every entering node had come to the top.
    pub flowed: Option<Duration>,
}

/// All faults of a run.
pub struct Timeline {
    start: Instant,
    events: Mutex<Vec<Event>>,
}

impl Timeline {
    /// Begins now.
    pub fn new() -> Self {
        Self { start: Instant::now(), events: Mutex::default() }
    }

    /// Since it began.
    pub fn now(&self) -> Duration {
        self.start.elapsed()
    }

    /// Notes that a fault begins; returns its place.
    pub fn begin(&self, fault: Fault) -> usize {
        let began = self.now();
        let mut events = self.lock();
        events.push(Event { fault, began, healed: None, healed_at: None, flowed: None });
        events.len() - 1
    }

    /// Notes that it is healed, and prints it.
    pub fn heal(&self, place: usize) {
        let now = self.now();
        let mut events = self.lock();
        (events[place].healed, events[place].healed_at) = (Some(now), Some(OffsetDateTime::now_utc()));
        println!("{}", events[place]);
    }

    /// When the faults were healed after which nothing is known to have flowed yet.
    pub fn waiting(&self) -> Vec<(usize, OffsetDateTime)> {
        let events = self.lock();
        let waiting = events.iter().enumerate().filter(|(_, event)| event.flowed.is_none());
        waiting.filter_map(|(place, event)| Some((place, event.healed_at?))).collect()
    }

    /// Notes that batches accepted after a heal have come to the top.
    pub fn flow(&self, place: usize) {
        let now = self.now();
        self.lock()[place].flowed = Some(now);
    }

    /// Everything so far.
    pub fn events(&self) -> Vec<Event> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Event>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The longest time from a heal to the flow of batches, among faults that no other one disturbed until then; with the number
/// of faults it was measured of.
pub fn longest_recovery(events: &[Event]) -> (Option<(Duration, &Event)>, usize) {
    let measured: Vec<(Duration, &Event)> = events
        .iter()
        .filter_map(|event| {
            let (healed, flowed) = (event.healed?, event.flowed?);
            let disturbs = |other: &&Event| {
                !std::ptr::eq(*other, event) && other.began < flowed && other.healed.is_none_or(|end| end > healed)
            };
            events.iter().find(disturbs).is_none().then(|| (flowed.saturating_sub(healed), event))
        })
        .collect();
    (measured.iter().max_by_key(|(time, _)| *time).copied(), measured.len())
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (deed, victim) = (self.fault.harm.deed(), self.fault.harm.victim().to_string());
        write!(f, "{:>7.1} s  {deed:<13} {victim:<32}", self.began.as_secs_f64())?;
        match self.healed {
            Some(healed) => write!(f, " {:>5.1} s", (healed.saturating_sub(self.began)).as_secs_f64()),
            None => write!(f, " not healed"),
        }
    }
}
