//! Wrong signatures, and a clock that can be put forward.

use crate::contract::ask::{App, Reply, Request};
use crate::harness::{TestNode, eventually, records};
use sesame::clock::Clock;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

pub const HOUR: i64 = 3_600_000_000;

/// The machine's clock, and how far it has been put forward.
#[derive(Clone, Default)]
pub struct Shifted(Arc<AtomicI64>);

impl Shifted {
    pub fn clock(&self) -> Clock {
        let (shift, machine) = (self.0.clone(), Clock::system());
        Clock::new(move || machine.now().plus_micros(shift.load(Ordering::Relaxed)))
    }

    pub fn put_forward(&self, micros: i64) {
        self.0.fetch_add(micros, Ordering::Relaxed);
    }
}

/// A good write of three records under this random.
pub fn good(app: &App, random: &str) -> Request {
    app.ask("007", "01", records::checks(random, "370203", "2025-06-01 08:00:00", 3)).random(random)
}

/// The same with a wrong signature.
pub fn bad(app: &App, random: &str) -> Request {
    good(app, random).sign(&"5A".repeat(80))
}

/// Sends it with a wrong signature, and sees that this counts.
pub async fn mismatch(app: &App, random: &str) -> Reply {
    let reply = bad(app, random).send().await;
    reply.assert_refusal(401, "SIGN_MISMATCH");
    reply
}

/// Marks a transfer.
pub async fn mark(app: &App, random: &str) {
    for _ in 0..3 {
        mismatch(app, random).await;
    }
}

/// Sends it with a wrong signature, sees that it is refused as marked, and gives Retry-After.
pub async fn marked(app: &App, random: &str) -> i64 {
    let reply = bad(app, random).send().await;
    reply.assert_refusal(429, "TRANSFER_FAILED");
    assert!(reply.is_unsigned, "whoever cannot sign is not answered as a known caller: {reply:?}");
    reply.headers["retry-after"].to_str().unwrap().parse().unwrap()
}

/// Waits until the node's health names so many marks of the app, or none.
pub async fn alarmed(node: &TestNode, says: Option<&str>) {
    eventually(&format!("health says {says:?}"), || async {
        let check = node.health().checks().marks;
        let is_so = says.map_or(check.ok, |says| !check.ok && check.detail.contains(says));
        is_so.then_some(())
    })
    .await;
}
