//! The pace of a link (§7.3): a batch that is there already is never refused, it waits.

use super::rate::Rate;
use std::num::NonZeroU32;

/// How fast a link may go.
#[derive(Default)]
pub struct Pace {
    messages: Option<Rate>,
    bytes: Option<Rate>,
}

impl Pace {
    /// So many messages and bytes a second; what is not given is not limited.
    pub fn new(messages: Option<NonZeroU32>, bytes: Option<NonZeroU32>) -> Self {
        Self { messages: messages.map(|n| Rate::of_things(n, n)), bytes: bytes.map(|n| Rate::of_bytes(n, n.get())) }
    }

    /// Whether there is any limit.
    pub fn is_limited(&self) -> bool {
        self.messages.is_some() || self.bytes.is_some()
    }

    /// Waits until a message of so many bytes may go.
    pub async fn wait(&self, bytes: usize) {
        if let Some(rate) = &self.messages {
            rate.wait().await;
        }
        if let Some(rate) = &self.bytes {
            rate.wait_bytes(bytes).await;
        }
    }
}
