//! Asks the parent for batches unsettled after ten minutes, and sends again what it does not know or cannot verify.
//!
//! Both are bounded in rate, whatever waits: a question a second for some hundred batches, some batches a second sent again. While
//! the link is away or has a backlog nobody is asked: the parent could only say that it does not know them yet.

use super::key_mark;
use crate::batch::SIZE_HEADER;
use crate::broker::{Availability, Message, Names, Publisher};
use crate::flow::Context;
use crate::flow::outbox::republished;
use crate::metrics;
use crate::receipt::{AGAIN_HEADER, Kind, Question, seal};
use crate::standard::moment::Moment;
use crate::standard::region::Region;
use crate::store::{Due, StoreError};
use std::time::Duration;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

/// Asks for one node.
pub struct Asker {
    context: Context,
    to_parent: Publisher,
    parent: Region,
    /// When a parent that has never sent a receipt was last sent a batch again to see whether it does by now.
    probed: Option<Moment>,
}

/// Between two looks at what is due.
const LOOK: Duration = Duration::from_secs(1);
/// Batches of a question, and of one look to be sent again.
const ASK_MOST: i64 = 500;
const AGAIN_MOST: i64 = 10;
/// Between two probes of a parent that has never sent a receipt.
const PROBE_MICROS: i64 = 600_000_000;
/// What could not be asked for is due again after this time.
const NOT_ASKED: Duration = Duration::from_secs(60);
/// For the parent's confirm of a question.
const PATIENCE: Duration = Duration::from_secs(10);

impl Asker {
    /// Asks `parent`, whose broker `to_parent` publishes to.
    pub fn new(context: Context, to_parent: Publisher, parent: Region) -> Self {
        Self { context, to_parent, parent, probed: None }
    }

    /// Starts it on `tasks`.
    pub fn start(mut self, tasks: &TaskTracker) {
        tasks.spawn(async move {
            while self.context.pause(LOOK).await {
                if let Err(error) = self.look().await {
                    tracing::debug!(%error, "unsettled batches are asked for later");
                }
            }
        });
    }

    async fn look(&mut self) -> Result<(), StoreError> {
        let (store, now) = (&self.context.store, self.context.clock.now());
        let (again, ask) = (store.is_any_due(Due::Again, now).await?, store.is_any_due(Due::Ask, now).await?);
        if !(again || ask) || !self.is_link_free().await {
            return Ok(());
        }
        if again {
            let batches = store.take_unsettled(Due::Again, now, AGAIN_MOST).await?;
            self.send_again(&batches).await?;
        }
        if ask {
            match store.sends_receipts(self.parent).await? {
                true => self.ask(now).await?,
                false => self.probe(now).await?,
            }
        }
        Ok(())
    }

    /// Whether the parent can be reached, and nothing waits for it.
    async fn is_link_free(&self) -> bool {
        let (names, parent) = (self.context.names, Names(self.parent.tier()));
        if self.to_parent.availability(&parent.exchange()) != Availability::Up {
            return false;
        }
        for queue in [names.uplink(), names.uplink_bulk()] {
            if self.context.consuming.depth(&queue).await.unwrap_or(1) > 0 {
                return false;
            }
        }
        true
    }

    async fn ask(&self, now: Moment) -> Result<(), StoreError> {
        let batches = self.context.store.take_unsettled(Due::Ask, now, ASK_MOST).await?;
        if batches.is_empty() {
            return Ok(());
        }
        let message = self.question(batches.clone());
        // On a channel of its own: what a parent refuses must not be told to batches under way.
        let asked = match timeout(PATIENCE, self.to_parent.publish_alone(&message)).await {
            Ok(published) => published.map_err(|error| error.to_string()),
            Err(_) => Err("the parent's broker did not confirm in time".to_owned()),
        };
        match asked {
            Ok(()) => {
                tracing::info!(batches = batches.len(), "asked the parent for receipts");
                ::metrics::counter!(metrics::RECEIPTS_ASKED, "way" => "question").increment(batches.len() as u64);
                Ok(())
            }
            Err(error) => {
                tracing::debug!(error, "the parent cannot be asked");
                self.context.store.give_back_unsettled(&batches, now, NOT_ASKED).await
            }
        }
    }

    fn question(&self, batches: Vec<Uuid>) -> Message {
        let node = &self.context.node;
        let question = Question { from: node.region, to: self.parent, batches };
        let body = question.write();
        let mut headers = seal(Kind::Question, node.cipher.as_ref(), &node.key, &body);
        // The way of small batches: behind those that are asked for.
        headers.insert(SIZE_HEADER.to_owned(), "small".to_owned());
        Message {
            exchange: Names(self.parent.tier()).exchange(),
            routing_key: question.routing_key(),
            id: Uuid::new_v4(),
            headers,
            body: body.into(),
        }
    }

    /// A parent of before receipts would keep a question as a failure, but knows a batch that it has had before; one that sends
    /// receipts answers that with one, and is asked from then on.
    async fn probe(&mut self, now: Moment) -> Result<(), StoreError> {
        if self.probed.is_some_and(|probed| now < probed.plus_micros(PROBE_MICROS)) {
            return Ok(());
        }
        self.probed = Some(now);
        let batches = self.context.store.take_unsettled(Due::Ask, now, 1).await?;
        self.send_again(&batches).await
    }

    /// Sends batches again from the store, under the same id and version, sealed with the present key. Straight to the link: other
    /// takers of accepted batches have had them.
    async fn send_again(&self, batches: &[Uuid]) -> Result<(), StoreError> {
        // One at a time: a body may be tens of megabytes.
        for id in batches {
            let stored = self.context.store.batches(&[*id]).await?;
            let Some(batch) = stored.first() else { continue };
            let message = match republished(&self.context, batch) {
                Ok(message) => message,
                Err(error) => {
                    tracing::error!(error, batch = %id, "cannot be sent again");
                    continue;
                }
            };
            let mut message = Message { exchange: self.context.names.uplink(), ..message };
            message.headers.insert(AGAIN_HEADER.to_owned(), "1".to_owned());
            match self.context.publisher.publish(&message).await {
                Ok(()) => {
                    tracing::info!(batch = %id, "signed anew and sent again");
                    ::metrics::counter!(metrics::RECEIPTS_ASKED, "way" => "again").increment(1);
                    let now = self.context.clock.now();
                    self.context.store.note_again(&[*id], key_mark(&self.context.node), now).await?;
                }
                Err(error) => {
                    tracing::debug!(%error, batch = %id, "is sent again later");
                    let now = self.context.clock.now();
                    self.context.store.give_back_unsettled(&[*id], now, NOT_ASKED).await?;
                }
            }
        }
        Ok(())
    }
}
