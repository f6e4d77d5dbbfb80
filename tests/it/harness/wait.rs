//! Waiting for a condition, with a deadline.

use super::TestNode;
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

/// Waits until the failures of a node are these: the reason, the state, and how many.
pub async fn fail_so(node: &TestNode, expected: &[(&str, &str, i64)]) {
    eventually(&format!("the failures of {} are {expected:?}", node.config.node.region), || async {
        let counts = node.store().failure_counts().await.ok()?;
        let counts: Vec<_> =
            counts.iter().map(|(_, reason, state, count)| (reason.as_str(), state.as_str(), *count)).collect();
        (counts == expected).then_some(())
    })
    .await;
}
