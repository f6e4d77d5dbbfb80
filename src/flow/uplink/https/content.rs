//! What a message of the uplink queues says, opened for a peer that takes records and knows nothing of batches.

use crate::batch::{Against, Incoming, Manifest, Stamp, TOLERANCE_MICROS, open, read_changes};
use crate::broker::Delivery;
use crate::dataset::Dictionary;
use crate::failure::Reason;
use crate::flow::Context;
use crate::flow::failures::Fault;
use crate::flow::persist::reason_of;
use crate::record::{Change, RecordId, Version};
use crate::standard::code::{Action, BusinessCode};
use std::sync::Arc;
use uuid::Uuid;

/// A batch, and the changes it makes.
pub(super) struct Content {
    pub(super) batch: Uuid,
    pub(super) busicode: BusinessCode,
    pub(super) action: Action,
    /// The text of the array.
    pub(super) busilist: String,
    /// What its records do, but for those that no tier merges: each change's ordinal is its record's place in the array.
    pub(super) changes: Vec<Change>,
    /// By which keys are found.
    pub(super) dictionary: Arc<Dictionary>,
}

impl Content {
    /// Opens a message, off the async threads.
    pub(super) async fn open(context: &Context, delivery: &Delivery) -> Result<Self, Fault> {
        let (context, headers, body) = (context.clone(), delivery.headers.clone(), delivery.body.clone());
        let opening = tokio::task::spawn_blocking(move || {
            let own = Some(context.node.appid.as_str());
            let incoming = Incoming { user_id: own, copied: false, headers: &headers, body: &body };
            read(&context, incoming)
        });
        let panicked = |_| Fault::new(Reason::Internal, "the program panicked; please report it".to_owned());
        opening.await.map_err(panicked)?
    }

    /// Which records it changes, and in which versions.
    pub(super) fn versions(&self) -> Vec<(&RecordId, Version)> {
        self.changes.iter().map(|change| (&change.id, change.version)).collect()
    }
}

fn read(context: &Context, incoming: Incoming<'_>) -> Result<Content, Fault> {
    let now = context.clock.now();
    let opened =
        open(incoming, &context.trust, now).map_err(|fault| Fault::new(reason_of(&fault), fault.to_string()))?;
    let Manifest { batch, accepted, home, refused, .. } = &opened.manifest;
    let dictionary = context.dictionary.now();
    let Some(dataset) = dictionary.get(opened.busicode) else {
        let detail = format!("this node has no dataset {}", opened.busicode);
        return Err(Fault::new(Reason::UnknownBusicode, detail));
    };
    let latest = now.plus_micros(TOLERANCE_MICROS);
    let stamp = Stamp { batch: *batch, accepted: *accepted, home: *home, latest };
    let changes = read_changes(dataset, opened.action, opened.busilist, refused, &stamp, Against::Merging)
        .map_err(|fault| Fault::new(Reason::InvalidRecords, fault.error))?;
    Ok(Content {
        batch: *batch,
        busicode: opened.busicode,
        action: opened.action,
        changes: changes.good,
        busilist: opened.busilist.as_str().to_owned(),
        dictionary,
    })
}
