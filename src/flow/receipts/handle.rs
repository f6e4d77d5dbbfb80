//! Handing over what children are to be told. Never waits: without room it is dropped, and the child asks again.

use crate::batch::Manifest;
use crate::broker::Delivery;
use crate::metrics;
use crate::receipt::{BadLetter, BadRecord, CHILD_HEADER, Child, Children, Kind, Question, State, Verdict, open};
use crate::standard::cipher::Cipher;
use crate::standard::moment::Moment;
use crate::standard::region::Region;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

/// Takes what children are to be told. Clones share the bound on memory.
#[derive(Clone)]
pub struct Receipts {
    shared: Arc<Shared>,
    sender: mpsc::UnboundedSender<Entry>,
    room: Arc<Semaphore>,
}

/// The node that a node shares up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parent {
    /// Which it is.
    pub region: Region,
    /// Whether it tells what becomes of batches there: by https no receipts come.
    pub tells: bool,
}

impl Parent {
    /// The node that has verdicts of its own to tell.
    pub(super) fn telling(parent: Option<Self>) -> Option<Region> {
        parent.filter(|parent| parent.tells).map(|parent| parent.region)
    }
}

struct Shared {
    node: Region,
    parent: Option<Parent>,
    user: String,
    children: Children,
}

/// Where [`super::Announcer`] takes it from.
pub struct Inbox(pub(super) mpsc::UnboundedReceiver<Entry>);

/// Something for a child.
pub(super) struct Entry {
    pub(super) child: Region,
    pub(super) what: What,
    _room: OwnedSemaphorePermit,
}

/// What a child is to be told.
pub(super) enum What {
    /// This verdict.
    Verdict(Box<Verdict>),
    /// What the store says of the batch; of its bad records this much is known already.
    Standing(Uuid, Vec<BadRecord>),
    /// What the store says of the batches it asks for.
    Asked(Vec<Uuid>),
}

/// What waits for the announcer, in KiB. An entry without bad records counts as one.
const ROOM_KIB: usize = 8 * 1024;

impl Receipts {
    /// For a node with these children, that shares up to `parent`; `user` is its own broker user.
    pub fn new(node: Region, parent: Option<Parent>, user: &str, children: Children) -> (Self, Inbox) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared { node, parent, user: user.to_owned(), children });
        (Self { shared, sender, room: Arc::new(Semaphore::new(ROOM_KIB)) }, Inbox(receiver))
    }

    /// The children.
    pub(in crate::flow) fn children(&self) -> &Children {
        &self.shared.children
    }

    /// The node that this one shares up to.
    pub(super) fn parent(&self) -> Option<Parent> {
        self.shared.parent
    }

    /// Whether the tiers above can say what they make of a batch.
    pub(in crate::flow) fn is_awaited(&self) -> bool {
        Parent::telling(self.shared.parent).is_some()
    }

    /// The child that put a message on this node's broker, by the broker's word; of a message that the node itself has published
    /// again, by what it noted when it kept the message.
    pub(in crate::flow) fn child_of(&self, delivery: &Delivery) -> Option<&Child> {
        let user = delivery.user_id.as_deref()?;
        let user = if user == self.shared.user { delivery.headers.get(CHILD_HEADER)? } else { user };
        self.shared.children.of_user(user)
    }

    /// A batch has just been committed whole: its child is told without a look into the store.
    pub(in crate::flow) fn persisted(&self, child: &Child, batch: Uuid, records: u32, at: Moment) {
        let verdict = Verdict {
            batch,
            node: self.shared.node,
            above: Parent::telling(self.shared.parent),
            state: State::Persisted,
            at,
            records,
            unapplied: 0,
            code: String::new(),
            message: String::new(),
            bad: Vec::new(),
        };
        self.offer(child.region, 1, What::Verdict(Box::new(verdict)));
    }

    /// A verdict of a tier above goes on down.
    pub(super) fn pass_on(&self, child: &Child, verdict: Verdict) {
        self.offer(child.region, 1 + verdict.words() / 1024, What::Verdict(Box::new(verdict)));
    }

    /// Something has become of the batch of a delivery, or of whatever it says it is: its child is told what the store says of it.
    /// The one hook of everything that decides about a batch that failed.
    pub(in crate::flow) fn look(&self, delivery: &Delivery, bad: &[BadRecord]) {
        let Some(child) = self.child_of(delivery) else { return };
        if let Ok(manifest) = Manifest::from_headers(&delivery.headers) {
            let words = bad.iter().map(|bad| bad.field.len() + bad.rule.len() + bad.error.len()).sum::<usize>();
            self.offer(child.region, 1 + words / 1024, What::Standing(manifest.batch, bad.to_vec()));
        }
    }

    /// Something has become of a batch on its way up: the child that it came from is told what the store says of it.
    pub(in crate::flow) fn look_onward(&self, delivery: &Delivery) {
        self.look_kept(&delivery.headers);
    }

    /// Something has become of a message that is kept, with these headers, at persist or on its way up: the child that it came from
    /// is told what the store says of its batch.
    pub(in crate::flow) fn look_kept(&self, headers: &BTreeMap<String, String>) {
        let Ok(manifest) = Manifest::from_headers(headers) else { return };
        let children = &self.shared.children;
        // On its way up the last of its way is this node itself.
        let last = manifest.trace.iter().rev().nth(1).and_then(|passage| Region::parse(&passage.region).ok());
        let sender = headers.get(CHILD_HEADER).and_then(|user| children.of_user(user));
        if let Some(child) = sender.or_else(|| children.of_batch(manifest.origin, last)) {
            self.offer(child.region, 1, What::Standing(manifest.batch, Vec::new()));
        }
    }

    /// A child asks.
    pub(in crate::flow) fn asked(&self, cipher: &dyn Cipher, delivery: &Delivery) -> Result<(), BadLetter> {
        let child = self.child_of(delivery).ok_or(BadLetter::Foreign)?;
        let text = open(Kind::Question, cipher, &child.keys, &delivery.headers, &delivery.body)?;
        let Question { batches, .. } = Question::read(text, child.region, self.shared.node)?;
        self.offer(child.region, 1 + batches.len() / 64, What::Asked(batches));
        Ok(())
    }

    fn offer(&self, child: Region, kib: usize, what: What) {
        let room = self.room.clone().try_acquire_many_owned(u32::try_from(kib).unwrap_or(u32::MAX));
        let sent = room.is_ok_and(|room| self.sender.send(Entry { child, what, _room: room }).is_ok());
        if !sent {
            ::metrics::counter!(metrics::RECEIPTS_DROPPED).increment(1);
        }
    }
}
