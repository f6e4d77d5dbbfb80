//! Takes the tokens that RabbitMQ's clock brings back.

use super::replay::again_all;
use super::token;
use crate::broker::{Availability, Consumer, Delivery, ack_all};
use crate::flow::Context;
use std::time::Duration;
use tokio_util::task::TaskTracker;

/// Publishes failures again whose pause is over, as the return queues tell. Any number of processes may.
pub struct Returner {
    context: Context,
}

/// Tokens taken at once.
const MOST: u16 = 100;
/// Before what could not be done is tried again.
const PAUSE: Duration = Duration::from_secs(1);

enum End {
    Stopped,
    Again,
}

impl Returner {
    /// A returner of one node.
    pub fn new(context: Context) -> Self {
        Self { context }
    }

    /// Starts one task for each step on `tasks`.
    pub fn start(self, tasks: &TaskTracker) {
        let mut steps = vec!["persist"];
        if self.context.has_parent {
            steps.push("uplink");
        }
        for step in steps {
            let returner = Self { context: self.context.clone() };
            tasks.spawn(returner.run(step));
        }
    }

    async fn run(self, step: &'static str) {
        let context = &self.context;
        let queue = context.names.returned(step);
        // What is taken while RabbitMQ takes nothing would have to be given back, and count a delivery each time.
        while self.can_publish().await
            && let Some(mut consumer) = context.consumer(&context.consuming, &queue, MOST).await
        {
            let end = self.serve(&mut consumer).await;
            // What is not acked lies in the queue again. While nothing can be taken the sweeper brings back what is due.
            consumer.close().await;
            if matches!(end, End::Stopped) {
                return;
            }
            if !context.pause(PAUSE).await {
                return;
            }
        }
    }

    /// Waits until what is brought back can be published. False when told to stop meanwhile.
    async fn can_publish(&self) -> bool {
        let context = &self.context;
        while context.publisher.availability(&context.names.persist()) != Availability::Up {
            if !context.pause(PAUSE).await {
                return false;
            }
        }
        true
    }

    async fn serve(&self, consumer: &mut Consumer) -> End {
        loop {
            let first = tokio::select! {
                first = consumer.next() => first,
                () = self.context.stop.cancelled() => return End::Stopped,
            };
            let Ok(first) = first else { return End::Again };
            let mut taken = vec![first];
            while taken.len() < usize::from(MOST)
                && let Some(Ok(delivery)) = consumer.arrived()
            {
                taken.push(delivery);
            }
            if let Err(error) = self.bring_back(&taken).await {
                tracing::warn!(error, "failures are brought back later");
                return End::Again;
            }
            if ack_all(&taken).await.is_err() {
                return End::Again;
            }
        }
    }

    /// A token that is stale, or none of ours, is dropped: the row is the truth.
    async fn bring_back(&self, taken: &[Delivery]) -> Result<(), String> {
        let context = &self.context;
        if context.publisher.availability(&context.names.persist()) != Availability::Up {
            return Err("RabbitMQ takes nothing".to_owned());
        }
        let tokens: Vec<_> = taken.iter().filter_map(token::read).collect();
        let now = context.clock.now();
        let due = context.store.failures_returned(&tokens, &context.rule, now).await.map_err(|e| e.to_string())?;
        again_all(context, &due, now).await.map_err(|e| e.to_string())
    }
}
