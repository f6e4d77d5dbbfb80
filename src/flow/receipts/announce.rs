//! Sends children what they are to be told, some hundred verdicts in a letter.

use super::answer::Answering;
use super::handle::{Entry, Inbox, What};
use crate::broker::Message;
use crate::flow::Context;
use crate::metrics;
use crate::receipt::{BadRecord, Child, Kind, Letter, MOST_BATCHES, Verdict, seal};
use crate::standard::region::Region;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

/// Takes from the inbox, groups by child, signs, publishes.
pub struct Announcer {
    context: Context,
    inbox: Inbox,
}

/// What is gathered before it is sent, and how long that may take.
const GATHER_MOST: usize = 300;
const GATHER: Duration = Duration::from_millis(200);
/// A broker that confirms nothing for so long must not fill the memory; what was to be told is asked for.
const PATIENCE: Duration = Duration::from_secs(10);

/// What one child is to be told.
#[derive(Default)]
struct Outgoing {
    verdicts: Vec<Verdict>,
    /// Batches to be looked up, with what is known of their bad records.
    wanted: BTreeMap<Uuid, Vec<BadRecord>>,
    unknown: Vec<Uuid>,
}

impl Announcer {
    /// Sends for one process of a node.
    pub fn new(context: Context, inbox: Inbox) -> Self {
        Self { context, inbox }
    }

    /// Starts it on `tasks`.
    pub fn start(mut self, tasks: &TaskTracker) {
        tasks.spawn(async move {
            loop {
                let first = tokio::select! {
                    first = self.inbox.0.recv() => first,
                    () = self.context.stop.cancelled() => return self.finish().await,
                };
                let Some(first) = first else { return };
                let group = self.gather(first).await;
                self.send(group).await;
            }
        });
    }

    /// Gathers what else there is to tell within a short time.
    async fn gather(&mut self, first: Entry) -> Vec<Entry> {
        let mut group = vec![first];
        let deadline = Instant::now() + GATHER;
        while group.len() < GATHER_MOST
            && let Ok(Some(entry)) = timeout_at(deadline, self.inbox.0.recv()).await
        {
            group.push(entry);
        }
        group
    }

    /// Sends what waits when the node stops.
    async fn finish(mut self) {
        let mut group = Vec::new();
        while let Ok(entry) = self.inbox.0.try_recv() {
            group.push(entry);
        }
        let _ = timeout(PATIENCE, self.send(group)).await;
    }

    async fn send(&self, group: Vec<Entry>) {
        let mut outgoing: BTreeMap<Region, Outgoing> = BTreeMap::new();
        for entry in group {
            let for_child = outgoing.entry(entry.child).or_default();
            match entry.what {
                What::Verdict(verdict) => for_child.verdicts.push(*verdict),
                What::Standing(batch, bad) => for_child.want(batch, bad),
                What::Asked(batches) => batches.into_iter().for_each(|batch| for_child.want(batch, Vec::new())),
            }
        }
        for (region, mut outgoing) in outgoing {
            let Some(child) = self.context.receipts.children().0.iter().find(|child| child.region == region) else {
                continue;
            };
            if !outgoing.wanted.is_empty() {
                self.look_up(child, &mut outgoing).await;
            }
            self.publish(child, outgoing).await;
        }
    }

    /// Without the store nothing is said of these batches; the child asks again.
    async fn look_up(&self, child: &Child, outgoing: &mut Outgoing) {
        let mut wanted = std::mem::take(&mut outgoing.wanted);
        let ids: Vec<Uuid> = wanted.keys().copied().collect();
        let standings = match self.context.store.standings(&ids, &child.appid).await {
            Ok(standings) => standings,
            Err(error) => {
                tracing::debug!(%error, child = %child.region, "receipts are asked for later");
                return;
            }
        };
        let receipts = &self.context.receipts;
        let (node, parent, children) = (self.context.node.region, receipts.parent(), receipts.children());
        let answering = Answering { node, parent, children, child: child.region };
        let mut remembered = Vec::new();
        for standing in &standings {
            let bad = wanted.remove(&standing.batch).unwrap_or_default();
            let is_new = !bad.is_empty();
            match answering.verdict(standing, bad) {
                Some(verdict) => {
                    if is_new && verdict.unapplied > 0 {
                        remembered.push(verdict.clone());
                    }
                    outgoing.verdicts.push(verdict);
                    outgoing.verdicts.extend(answering.above(standing));
                }
                None => outgoing.unknown.push(standing.batch),
            }
        }
        if !remembered.is_empty() {
            // Kept for those who ask later. What is not kept is only told without its bad records then.
            if let Err(error) = self.context.store.merge_receipts(remembered, None).await {
                tracing::debug!(%error, "bad records are not kept for later receipts");
            }
        }
    }

    async fn publish(&self, child: &Child, outgoing: Outgoing) {
        let Outgoing { verdicts, unknown, .. } = outgoing;
        let (from, to) = (self.context.node.region, child.region);
        let told = Letter::parts(&verdicts).into_iter().map(|part| (part, &[] as &[Uuid]));
        let not_known = unknown.chunks(MOST_BATCHES).map(|part| (&[] as &[Verdict], part));
        for (part, unknown) in told.chain(not_known) {
            let letter = Letter { from, to, verdicts: part.to_vec(), unknown: unknown.to_vec() };
            match self.publish_letter(child, &letter).await {
                Ok(()) => ::metrics::counter!(metrics::RECEIPTS_SENT).increment(part.len() as u64),
                Err(error) => {
                    ::metrics::counter!(metrics::RECEIPTS_DROPPED).increment(part.len() as u64);
                    tracing::warn!(error, child = %child.region, receipts = part.len(), "receipts were not sent; the child asks again");
                }
            }
        }
    }

    async fn publish_letter(&self, child: &Child, letter: &Letter) -> Result<(), String> {
        let key = child.keys.first().ok_or("the child has no key")?;
        let body = letter.write();
        let headers = seal(Kind::Receipts, self.context.node.cipher.as_ref(), key, &body);
        let message = Message {
            exchange: self.context.names.receipts(),
            routing_key: child.region.to_string(),
            id: Uuid::new_v4(),
            headers,
            body: body.into(),
        };
        match timeout(PATIENCE, self.context.publisher.publish(&message)).await {
            Ok(published) => published.map_err(|error| error.to_string()),
            Err(_) => Err("the broker did not confirm in time".to_owned()),
        }
    }
}

impl Outgoing {
    /// What a failure told of its bad records is not lost to a question for the same batch.
    fn want(&mut self, batch: Uuid, bad: Vec<BadRecord>) {
        let known = self.wanted.entry(batch).or_default();
        if !bad.is_empty() {
            *known = bad;
        }
    }
}
