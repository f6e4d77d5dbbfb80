//! What has been handed to the broker and not been settled by it.
//!
//! Exchanges are counted apart: one whose queue never confirms (its quorum is lost, say) must not close the others, whose
//! queues work. Nor does one queue close its own exchange for ever, for an exchange may lead to several: while an exchange is
//! stalled, one publish is let through at once and then one in every five patiences, to see. Where a queue that works settles
//! it, the stall is over. Seldom, because whoever sends it waits for as long as for a broker of which nothing is known.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// From one publish that is let through in spite of a stall to the next, in patiences.
const PROBE_PATIENCES: u32 = 5;

/// Counts publishes under way, and tells when the broker has settled none of an exchange's for too long.
pub(super) struct Flights {
    /// Without it, nothing is ever too long.
    patience: Option<Duration>,
    /// By exchange: a node publishes to a handful.
    states: Mutex<HashMap<String, State>>,
}

struct State {
    under_way: usize,
    /// When one was settled last, or the first of those under way was handed over.
    since: Instant,
    /// When one was last let through in spite of this stall.
    probed: Option<Instant>,
}

/// A publish under way. Dropping it says that it is settled.
pub(super) struct Flight<'a> {
    flights: &'a Flights,
    exchange: &'a str,
}

impl Flights {
    pub(super) fn new(patience: Option<Duration>) -> Self {
        Self { patience, states: Mutex::default() }
    }

    /// Lets a publish begin, unless the exchange is stalled and has been probed lately.
    pub(super) fn begin<'a>(&'a self, exchange: &'a str) -> Option<Flight<'a>> {
        let now = Instant::now();
        let mut states = self.lock();
        if !states.contains_key(exchange) {
            states.insert(exchange.to_owned(), State { under_way: 0, since: now, probed: None });
        }
        let state = states.get_mut(exchange)?;
        if state.under_way == 0 {
            state.since = now;
        } else if self.is_long(state.since) {
            if state.probed.is_some_and(|probed| !self.is_longer(probed, PROBE_PATIENCES)) {
                return None;
            }
            state.probed = Some(now);
        }
        state.under_way += 1;
        Some(Flight { flights: self, exchange })
    }

    /// Whether something is under way to the exchange and nothing of it has been settled for longer than the patience.
    pub(super) fn stalled(&self, exchange: &str) -> bool {
        self.lock().get(exchange).is_some_and(|state| state.under_way > 0 && self.is_long(state.since))
    }

    fn is_long(&self, since: Instant) -> bool {
        self.is_longer(since, 1)
    }

    fn is_longer(&self, since: Instant, patiences: u32) -> bool {
        self.patience.is_some_and(|patience| since.elapsed() > patience * patiences)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, State>> {
        // Plain data, whole even if a holder panicked.
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        if let Some(state) = self.flights.lock().get_mut(self.exchange) {
            state.under_way -= 1;
            state.since = Instant::now();
            state.probed = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_millis(20);

    fn let_it_pass() {
        std::thread::sleep(PATIENCE + Duration::from_millis(1));
    }

    #[test]
    fn only_an_exchange_of_which_nothing_is_settled_is_stalled() {
        let flights = Flights::new(Some(PATIENCE));
        assert!(!flights.stalled("log"));
        let first = flights.begin("log");
        let_it_pass();
        assert!(flights.stalled("log"));
        drop(first);
        assert!(!flights.stalled("log"));
        let never = Flights::new(None);
        let _held = never.begin("log");
        let_it_pass();
        assert!(!never.stalled("log") && never.begin("log").is_some());
    }

    #[test]
    fn invariant_6_an_exchange_that_never_settles_closes_no_other() {
        let flights = Flights::new(Some(PATIENCE));
        let _lost = flights.begin("log");
        let_it_pass();
        assert!(flights.stalled("log") && !flights.stalled("county"));
        assert!((0..10).all(|_| flights.begin("county").is_some()));
    }

    #[test]
    fn invariant_6_a_queue_that_works_reopens_an_exchange_that_leads_also_to_one_that_does_not() {
        // Long enough that a busy machine does not let it pass between two lines.
        let flights = Flights::new(Some(Duration::from_millis(300)));
        let _lost = flights.begin("county");
        std::thread::sleep(Duration::from_millis(301));
        let probe = flights.begin("county");
        assert!(probe.is_some() && flights.begin("county").is_none(), "one is let through");
        drop(probe);
        assert!(!flights.stalled("county") && flights.begin("county").is_some());
    }

    #[test]
    fn a_probe_that_is_not_settled_is_followed_by_another() {
        let flights = Flights::new(Some(PATIENCE));
        let _lost = flights.begin("county");
        let mut probes = Vec::new();
        for _ in 0..3 {
            (0..PROBE_PATIENCES).for_each(|_| let_it_pass());
            probes.push(flights.begin("county"));
        }
        assert!(probes.iter().all(Option::is_some) && flights.stalled("county"));
    }
}
