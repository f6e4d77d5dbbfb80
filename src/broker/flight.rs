//! What has been handed to the broker and not been settled by it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Counts publishes under way, and tells when the broker has settled none of them for too long.
pub(super) struct Flights {
    /// Without it, nothing is ever too long.
    patience: Option<Duration>,
    state: Mutex<State>,
}

struct State {
    under_way: usize,
    /// When one was settled last, or the first of those under way was handed over.
    since: Instant,
}

/// A publish under way. Dropping it says that it is settled.
pub(super) struct Flight<'a>(&'a Flights);

impl Flights {
    pub(super) fn new(patience: Option<Duration>) -> Self {
        Self { patience, state: Mutex::new(State { under_way: 0, since: Instant::now() }) }
    }

    pub(super) fn begin(&self) -> Flight<'_> {
        let mut state = self.lock();
        if state.under_way == 0 {
            state.since = Instant::now();
        }
        state.under_way += 1;
        Flight(self)
    }

    /// Whether something is under way and nothing has been settled for longer than the patience.
    pub(super) fn stalled(&self) -> bool {
        let Some(patience) = self.patience else { return false };
        let state = self.lock();
        state.under_way > 0 && state.since.elapsed() > patience
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Plain data, whole even if a holder panicked.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.under_way -= 1;
        state.since = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_broker_that_settles_nothing_is_stalled() {
        let flights = Flights::new(Some(Duration::ZERO));
        assert!(!flights.stalled());
        let first = flights.begin();
        std::thread::sleep(Duration::from_millis(1));
        assert!(flights.stalled());
        drop(first);
        assert!(!flights.stalled());
        let never = Flights::new(None);
        let _held = never.begin();
        assert!(!never.stalled());
    }
}
