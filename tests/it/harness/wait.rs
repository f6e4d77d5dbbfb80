//! Waiting for a condition, with a deadline.

use std::future::Future;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Generous: a machine may be busy with other tests, and what is waited for takes a second or two.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// Asks until `look` has an answer; panics with `what` when none comes in time.
pub async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, mut look: impl FnMut() -> F) -> T {
    let deadline = Instant::now() + DEADLINE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "not within {} s: {what}", DEADLINE.as_secs());
        sleep(Duration::from_millis(20)).await;
    }
}
