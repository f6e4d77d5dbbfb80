//! Sending in bad weather.

use crate::harness::{TestNode, eventually, records};
use sesame::client::{Answered, Client};
use sesame::standard::code::{Action, BusinessCode};
use sesame::standard::random::Random;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// The default patience for the broker's confirm is 2 s; the rest is the machine's.
const PROMPT: Duration = Duration::from_millis(2_900);

/// One batch of ten records, to be sent as often as need be.
pub struct Batch {
    list: String,
    random: Random,
}

impl Batch {
    pub fn new(name: &str) -> Self {
        let list = records::checks(name, "370203", "2025-06-01 08:00:00", 10);
        Self { list, random: Random::from(Uuid::new_v4()) }
    }

    pub async fn send(&self, client: &Client) -> Answered {
        client.send(BusinessCode::parse("007").unwrap(), Action::Add, &self.list, &self.random).await.unwrap()
    }

    /// Sends it until it is accepted.
    pub async fn accepted(&self, client: &Client) {
        eventually("the batch is accepted", || async { self.send(client).await.success.then_some(()) }).await;
    }

    /// Sends it, and sees that its outcome is called unknown in good time.
    pub async fn unavailable(&self, client: &Client) {
        let asked = Instant::now();
        let answered = self.send(client).await;
        assert_eq!(answered.status, 503, "{answered:?}");
        assert!(answered.message.starts_with("[UNAVAILABLE]"), "{answered:?}");
        assert!(asked.elapsed() < PROMPT, "the answer took {:?}", asked.elapsed());
    }
}

/// Waits until the node holds so many records of 007, and sees that nothing has failed.
pub async fn holds(node: &TestNode, records: i64) {
    eventually(&format!("the node holds {records} records"), || async {
        let tally = node.store().tally(node.config.node.region).await.ok()?;
        (tally.first()?.records == records).then_some(())
    })
    .await;
    assert!(node.store().failure_counts().await.unwrap().is_empty(), "bad weather is no failure");
}
