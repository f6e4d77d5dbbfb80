//! The number of connections open at once, and who goes when it is reached.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// The slots of one listener.
#[derive(Clone)]
pub(super) struct Slots {
    free: Arc<Semaphore>,
    line: Arc<Mutex<Line>>,
}

/// The connections that rest, those first that have rested longest.
#[derive(Default)]
struct Line {
    next: u64,
    resting: BTreeMap<u64, CancellationToken>,
    /// Someone waits for a slot: whoever rests next makes room.
    wanted: bool,
}

/// One connection's slot. It rests at first, and whenever no request is being worked on.
pub(super) struct Slot {
    _permit: OwnedSemaphorePermit,
    line: Arc<Mutex<Line>>,
    place: Mutex<Option<u64>>,
    /// Cancelled when the connection must make room.
    leave: CancellationToken,
}

impl Slots {
    pub(super) fn new(most: usize) -> Self {
        let most = most.min(Semaphore::MAX_PERMITS);
        Self { free: Arc::new(Semaphore::new(most)), line: Arc::default() }
    }

    /// A free slot, if there is one.
    pub(super) fn free(&self) -> Option<Slot> {
        let permit = self.free.clone().try_acquire_owned().ok()?;
        // The one listener asks again for whatever it still lacks; its newcomer must not pay for what it lacked before.
        lock(&self.line).wanted = false;
        Some(self.slot(permit))
    }

    /// Asks the connection that has rested longest to make room, and waits for a slot.
    pub(super) async fn make_room(&self) -> Option<Slot> {
        self.evict();
        let permit = self.free.clone().acquire_owned().await.ok()?;
        lock(&self.line).wanted = false;
        Some(self.slot(permit))
    }

    /// Asks the connection that has rested longest to go; where none rests, the next that does.
    pub(super) fn evict(&self) {
        let mut line = lock(&self.line);
        match line.resting.pop_first() {
            Some((_, leave)) => leave.cancel(),
            None => line.wanted = true,
        }
    }

    fn slot(&self, permit: OwnedSemaphorePermit) -> Slot {
        let (line, leave) = (self.line.clone(), CancellationToken::new());
        let slot = Slot { _permit: permit, line, place: Mutex::new(None), leave };
        slot.rest();
        slot
    }
}

impl Slot {
    /// Completes when the connection must make room.
    pub(super) fn leave(&self) -> &CancellationToken {
        &self.leave
    }

    /// A request is being worked on: the connection must not go.
    pub(super) fn work(&self) {
        let mut line = lock(&self.line);
        if let Some(place) = lock(&self.place).take() {
            line.resting.remove(&place);
        }
    }

    /// No request is being worked on.
    pub(super) fn rest(&self) {
        let mut line = lock(&self.line);
        if std::mem::take(&mut line.wanted) {
            self.leave.cancel();
            return;
        }
        let place = line.next;
        line.next += 1;
        line.resting.insert(place, self.leave.clone());
        if let Some(before) = lock(&self.place).replace(place) {
            line.resting.remove(&before);
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.work();
    }
}

/// The locks guard plain data, which is whole even if a holder panicked.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[tokio::test]
    async fn the_one_that_has_rested_longest_makes_room() {
        let slots = Slots::new(3);
        let [first, second, third] = std::array::from_fn(|_| slots.free().unwrap());
        assert!(slots.free().is_none());
        first.work();
        first.rest();
        second.work();
        // Resting are the third, and then the first; the second works.
        assert!(slots.make_room().now_or_never().is_none());
        assert!(third.leave().is_cancelled() && !first.leave().is_cancelled() && !second.leave().is_cancelled());
        drop(third);
        assert!(slots.make_room().now_or_never().is_some_and(|slot| slot.is_some()));
    }

    #[tokio::test]
    async fn where_all_work_the_first_to_rest_makes_room_and_only_that() {
        let slots = Slots::new(2);
        let [first, second] = std::array::from_fn(|_| slots.free().unwrap());
        first.work();
        second.work();
        let waiting = tokio::spawn({
            let slots = slots.clone();
            async move { slots.make_room().await.is_some() }
        });
        while !lock(&slots.line).wanted {
            tokio::task::yield_now().await;
        }
        second.rest();
        assert!(second.leave().is_cancelled() && !first.leave().is_cancelled());
        drop(second);
        assert!(waiting.await.unwrap());
        first.rest();
        assert!(!first.leave().is_cancelled());
    }

    #[tokio::test]
    async fn what_was_wanted_before_does_not_end_a_newcomer() {
        let slots = Slots::new(2);
        let working = slots.free().unwrap();
        working.work();
        // As when the operating system gives no more files: nobody rests, and a slot is free.
        slots.evict();
        let newcomer = slots.free().unwrap();
        assert!(!newcomer.leave().is_cancelled());
        working.rest();
        assert!(!working.leave().is_cancelled());
    }
}
