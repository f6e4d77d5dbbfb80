//! Threads that do not come back: nothing can end one from outside, so they are counted, and bounded.

use crate::metrics;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

/// The threads this process has given up. Clones share the count.
#[derive(Debug, Clone, Default)]
pub struct Stuck {
    count: Arc<AtomicUsize>,
}

/// A process with so many of them works on no further batch: it is to be started anew.
const MOST: usize = 8;

const RUNNING: u8 = 0;
const ENDED: u8 = 1;
const GIVEN_UP: u8 = 2;

/// What a thread and whoever waits for it know of each other. Clones share it.
#[derive(Clone)]
pub(super) struct Watch {
    stuck: Stuck,
    state: Arc<AtomicU8>,
}

impl Stuck {
    /// How many there are now.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Whether there are so many that this process works on no further batch.
    pub fn too_many(&self) -> bool {
        self.count() >= MOST
    }

    /// For a thread that is being started.
    pub(super) fn watch(&self) -> Watch {
        Watch { stuck: self.clone(), state: Arc::new(AtomicU8::new(RUNNING)) }
    }
}

impl Watch {
    /// Nobody waits for the thread any longer.
    pub(super) fn give_up(&self) {
        if self.state.swap(GIVEN_UP, Ordering::AcqRel) == RUNNING {
            self.stuck.count.fetch_add(1, Ordering::Relaxed);
            ::metrics::gauge!(metrics::STUCK_THREADS).increment(1.0);
        }
    }

    /// The thread has come to its end after all.
    pub(super) fn ended(&self) {
        if self.state.swap(ENDED, Ordering::AcqRel) == GIVEN_UP {
            self.stuck.count.fetch_sub(1, Ordering::Relaxed);
            ::metrics::gauge!(metrics::STUCK_THREADS).decrement(1.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_counts_from_when_it_is_given_up_until_it_ends() {
        let stuck = Stuck::default();
        let (late, prompt) = (stuck.watch(), stuck.watch());
        late.give_up();
        prompt.ended();
        prompt.give_up();
        assert_eq!(stuck.count(), 1);
        late.ended();
        assert_eq!(stuck.count(), 0);
        let more: Vec<Watch> = (0..MOST).map(|_| stuck.watch()).collect();
        more.iter().for_each(Watch::give_up);
        assert!(stuck.too_many());
    }
}
