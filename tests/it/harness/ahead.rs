//! A clock that can be put forward.

use sesame::clock::Clock;
use sesame::standard::moment::Moment;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use time::OffsetDateTime;

/// How far ahead of the machine's clock one of a test is.
#[derive(Clone, Default)]
pub struct Ahead(Arc<AtomicI64>);

impl Ahead {
    /// The clock.
    pub fn clock(&self) -> Clock {
        let ahead = self.0.clone();
        Clock::new(move || {
            let now: Moment = OffsetDateTime::now_utc().into();
            now.plus_micros(ahead.load(Ordering::Relaxed))
        })
    }

    /// Puts it so many seconds forward.
    pub fn forward(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000_000, Ordering::Relaxed);
    }
}
