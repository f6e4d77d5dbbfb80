//! How many messages a consumer takes ahead of its acks: after its connection broke, one at a time for a while; on the link
//! over HTTP, where nothing else sets poison aside, also after the process has started.
//!
//! A message that the client library cannot read breaks the connection whenever it is delivered, and each time RabbitMQ counts
//! a delivery of whatever else was in hand. Taken one at a time, the message at fault reaches the delivery limit alone.

use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// The caution of one consumer.
pub(super) struct Caution {
    usual: u16,
    until: Option<Instant>,
}

/// Longer than it takes to connect again and meet the same message; short enough to be no matter after a broker's restart.
const CAREFUL: Duration = Duration::from_secs(5);

impl Caution {
    /// A consumer that usually takes `usual` messages ahead.
    pub(super) fn new(usual: u16) -> Self {
        Self { usual, until: None }
    }

    /// One that begins as if its connection had broken: perhaps a process has just ended over what comes first.
    pub(super) fn from_start(usual: u16, now: Instant) -> Self {
        Self { usual, until: Some(now + CAREFUL) }
    }

    /// The connection broke.
    pub(super) fn alarm(&mut self, now: Instant) {
        self.until = Some(now + CAREFUL);
    }

    /// What to take ahead now.
    pub(super) fn prefetch(&mut self, now: Instant) -> u16 {
        if self.until.is_some_and(|until| until > now) {
            return 1;
        }
        self.until = None;
        self.usual
    }

    /// Waits until a careful consumer may be replaced by a usual one; for a usual one, for ever.
    pub(super) async fn calm(&self) {
        match self.until {
            Some(until) => sleep_until(until).await,
            None => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_until_things_have_been_calm_for_a_while() {
        let (mut caution, start) = (Caution::new(250), Instant::now());
        assert_eq!(caution.prefetch(start), 250);
        caution.alarm(start);
        assert_eq!(caution.prefetch(start), 1);
        caution.alarm(start + CAREFUL / 2);
        assert_eq!(caution.prefetch(start + CAREFUL), 1);
        assert_eq!(caution.prefetch(start + CAREFUL * 2), 250);
        let mut fresh = Caution::from_start(200, start);
        assert_eq!((fresh.prefetch(start), fresh.prefetch(start + CAREFUL)), (1, 200));
    }
}
