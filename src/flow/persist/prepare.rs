//! From a delivery to a batch that can be committed, or to what is wrong with it. Pure work, done off the async threads.

use super::again::{self, Granted};
use crate::batch::{
    ATTEMPT_HEADER, Against, Changes, Incoming, NodeIdentity, OpenFault, Opened, Passage, Sealed, Stamp, Trust,
    failure_id, open, read_changes, reseal, routing_key, seal,
};
use crate::broker::Delivery;
use crate::dataset::Dictionary;
use crate::failure::{Attempt, Reason};
use crate::flow::Context;
use crate::flow::failures::{Fault, attempt_of, unread};
use crate::receipt::{BadRecord, Verdict};
use crate::standard::code::Action;
use crate::standard::moment::Moment;
use crate::standard::region::{Region, RegionTable};
use crate::store::{About, NewBatch};
use std::sync::Arc;
use uuid::Uuid;

/// Compression level of stored bodies: the fastest; JSON of records shrinks to an eighth already.
const LEVEL: i32 = 1;

/// A batch ready to be committed, and what to publish once it is.
pub(super) struct Prepared {
    pub(super) batch: NewBatch,
    /// What is wrong with the records that it is committed without.
    pub(super) unapplied: Option<Fault>,
    pub(super) onward: Option<Onward>,
}

/// What goes to the accepted exchange.
pub(super) struct Onward {
    pub(super) routing_key: String,
    pub(super) sealed: Sealed,
}

/// What preparing needs of the context, for one group.
pub(super) struct Preparer {
    node: NodeIdentity,
    trust: Arc<Trust>,
    dictionary: Arc<Dictionary>,
    regions: Arc<RegionTable>,
    granted: Arc<Granted>,
    has_parent: bool,
    /// Kept from batch to batch: making one costs more than compressing a small body.
    compressor: Option<zstd::bulk::Compressor<'static>>,
}

impl Preparer {
    pub(super) fn new(context: &Context, granted: Arc<Granted>) -> Self {
        Self {
            node: context.node.clone(),
            trust: context.trust.clone(),
            dictionary: context.dictionary.now(),
            regions: context.regions.clone(),
            granted,
            has_parent: context.has_parent,
            compressor: None,
        }
    }

    /// [`Preparer::prepare`], but a message that makes it panic is a failure like any other, and stops nobody.
    pub(super) fn prepare_surely(&mut self, delivery: &Delivery, now: Moment) -> Result<Prepared, Fault> {
        let prepared = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.prepare(delivery, now)));
        prepared
            .unwrap_or_else(|_| Err(Fault::new(Reason::Internal, "the program panicked; please report it".to_owned())))
    }

    /// Verifies the hop and reads the changes.
    fn prepare(&mut self, delivery: &Delivery, now: Moment) -> Result<Prepared, Fault> {
        let incoming = Incoming {
            user_id: delivery.user_id.as_deref(),
            copied: delivery.copied,
            headers: &delivery.headers,
            body: &delivery.body,
        };
        // What it says of itself is not verified then, but tells whose batches they are when many fail.
        let opened = open(incoming, &self.trust, now)
            .map_err(|fault| Fault::new(reason_of(&fault), fault.to_string()).about(unread(delivery)))?;
        let is_first = attempt_of(&delivery.headers) == Attempt::FIRST;
        let (changes, dataset_version) = self.changes(&opened, is_first, now)?;
        let about = about(&opened);
        let region = self.regions.smallest_covering(changes.regions.iter().copied());
        // A batch of which no record tells its region is the entering node's.
        let region = region.unwrap_or(opened.manifest.origin);
        let key = routing_key(region, opened.busicode, opened.action);
        if key != delivery.routing_key {
            let detail =
                format!("published with routing key {:?}, but its records make it {key:?}", delivery.routing_key);
            return Err(Fault::new(Reason::KeyMismatch, detail).about(about));
        }
        let onward = self.has_parent.then(|| self.onward(&opened, key, &dataset_version, delivery, now));
        let unapplied = (!changes.bad.is_empty()).then(|| refused(&changes));
        Ok(Prepared { batch: self.batch(opened, region, changes, dataset_version, delivery)?, unapplied, onward })
    }

    /// The changes, and the version of the dataset they were held against.
    ///
    /// What has entered here has just passed the rules at the door; tried again, a day later perhaps, it is held against those of
    /// that moment, and against what its app is granted by then. It is applied whole or not at all. What comes from below is held
    /// against this tier's own rules, and applied for its good records.
    fn changes(&self, opened: &Opened<'_>, is_first: bool, now: Moment) -> Result<(Changes, String), Fault> {
        let fault = |reason, detail: String| Fault::new(reason, detail).about(about(opened));
        let Some(dataset) = self.dictionary.get(opened.busicode) else {
            return Err(fault(Reason::UnknownBusicode, format!("this node has no dataset {}", opened.busicode)));
        };
        let stamp = Stamp {
            batch: opened.manifest.batch,
            accepted: opened.manifest.accepted,
            home: opened.manifest.home,
            latest: now.plus_micros(crate::batch::TOLERANCE_MICROS),
        };
        let is_own = opened.manifest.origin == self.node.region;
        let against = if is_own && is_first { Against::Merging } else { Against::Rules };
        let refused_below = &opened.manifest.refused;
        let changes = read_changes(dataset, opened.action, opened.busilist, refused_below, &stamp, against)
            .map_err(|error| fault(Reason::InvalidRecords, error.error))?;
        if is_own && !changes.bad.is_empty() {
            return Err(refused(&changes).about(about(opened)));
        }
        if changes.warnings > 0 {
            let labels = [("busicode", opened.busicode.to_string())];
            ::metrics::counter!(crate::metrics::RECORDS_WARNED, &labels).increment(changes.warnings as u64);
        }
        let foreign = |region: &&Region| !opened.sender_region.covers(**region);
        if let Some(region) = changes.regions.iter().find(foreign) {
            let sender = opened.sender_region;
            let detail = format!("a record of {region} does not lie in the sender's region {sender}");
            return Err(fault(Reason::ForeignRegion, detail));
        }
        if is_own
            && !is_first
            && let Some(grants) = self.granted.get(&opened.manifest.evidence.appid)
        {
            again::check(grants, opened.busicode, opened.action, changes.regions.iter().copied())
                .map_err(|fault| fault.about(about(opened)))?;
        }
        // What this node's door has let in it has held against the version it wrote.
        let version = if against == Against::Merging { &opened.manifest.dataset } else { dataset.version() };
        Ok((changes, version.to_owned()))
    }

    /// The message for the accepted exchange, signed by this node. What it sealed at its door with its present key stays
    /// as it is.
    fn onward(
        &self,
        opened: &Opened<'_>,
        routing_key: String,
        dataset_version: &str,
        delivery: &Delivery,
        now: Moment,
    ) -> Onward {
        let mut manifest = opened.manifest.clone();
        let (region, dataset) = (self.node.region.to_string(), dataset_version.to_owned());
        manifest.trace.push(Passage { region, at: now.to_rfc3339(), dataset });
        let sealed = if opened.manifest.origin == self.node.region && !opened.by_former_key {
            reseal(&self.node, &manifest, &opened.envelope_sign, delivery.body.clone())
        } else {
            seal(&self.node, &manifest, opened.busicode, opened.action, opened.busilist)
        };
        Onward { routing_key, sealed }
    }

    fn failure(&self, delivery: &Delivery) -> Uuid {
        let Delivery { routing_key, headers, body, .. } = delivery;
        failure_id(self.node.cipher.as_ref(), "persist", routing_key, headers, body)
    }

    fn compress(&mut self, text: &str) -> std::io::Result<Vec<u8>> {
        let compressor = match &mut self.compressor {
            Some(compressor) => compressor,
            none => none.insert(zstd::bulk::Compressor::new(LEVEL)?),
        };
        compressor.compress(text.as_bytes())
    }

    fn batch(
        &mut self,
        opened: Opened<'_>,
        region: Region,
        changes: Changes,
        dataset_version: String,
        delivery: &Delivery,
    ) -> Result<NewBatch, Fault> {
        let about = about(&opened);
        let manifest = opened.manifest;
        let body = self
            .compress(opened.busilist.as_str())
            .map_err(|e| Fault::new(Reason::Internal, format!("the body cannot be compressed: {e}")).about(about))?;
        Ok(NewBatch {
            id: manifest.batch,
            origin: manifest.origin,
            appid: manifest.evidence.appid.clone(),
            random: manifest.evidence.random.clone(),
            busicode: opened.busicode,
            action: opened.action,
            region,
            digest: manifest.digest,
            accepted: manifest.accepted,
            home: manifest.home,
            trace: serde_json::json!(manifest.trace),
            evidence: serde_json::json!(manifest.evidence),
            bytes: opened.busilist.as_str().len(),
            body,
            dataset_version,
            refused: manifest.refused,
            records: (changes.good.len() + changes.bad.len()) as u32,
            changes: changes.good,
            unapplied: changes.bad,
            failure: may_have_failed(delivery).then(|| self.failure(delivery)),
            must_exist: opened.action != Action::Add && manifest.origin == self.node.region,
        })
    }
}

/// Some records, or all, break this tier's rules.
fn refused(changes: &Changes) -> Fault {
    let first = changes.faults.first().map(|first| format!("{}, {}: {}", first.index, first.field, first.error));
    let (bad, all) = (changes.bad.len(), changes.bad.len() + changes.good.len());
    let detail = format!("{bad} of {all} records, the first of them no. {}", first.unwrap_or_default());
    let bad = changes.faults.iter().take(Verdict::MOST_BAD).map(|fault| BadRecord {
        index: u32::try_from(fault.index).unwrap_or(u32::MAX),
        field: fault.field.clone(),
        rule: fault.rule.clone(),
        error: fault.error.clone(),
    });
    Fault { bad: bad.collect(), ..Fault::new(Reason::InvalidRecords, detail) }
}

/// Whether a failure of this very message can have been kept. Its id costs a hash of the whole body, and a message seen for the
/// first time has none. (Where a child's uplink sent it twice and the first copy failed, the failure's own next attempt finds
/// the batch committed.)
fn may_have_failed(delivery: &Delivery) -> bool {
    delivery.delivery_count > 0 || delivery.headers.contains_key(ATTEMPT_HEADER)
}

/// The reason that a message which is not taken for a batch fails for.
pub(in crate::flow) fn reason_of(fault: &OpenFault) -> Reason {
    match fault {
        OpenFault::Copied => Reason::Copied,
        OpenFault::Manifest(_) | OpenFault::Envelope(_) => Reason::Malformed,
        OpenFault::UnknownSender(_) => Reason::UnknownSender,
        OpenFault::SenderMismatch { .. } => Reason::SenderMismatch,
        OpenFault::SignMismatch { .. } | OpenFault::OtherBatch { .. } | OpenFault::OtherContent => Reason::SignMismatch,
        OpenFault::ForeignOrigin { .. } => Reason::ForeignRegion,
        OpenFault::Ahead { .. } => Reason::Ahead,
    }
}

/// What a verified batch tells of itself.
fn about(opened: &Opened<'_>) -> About {
    let manifest = &opened.manifest;
    About {
        appid: Some(manifest.evidence.appid.clone()),
        random: Some(manifest.evidence.random.clone()),
        busicode: Some(opened.busicode),
        action: Some(opened.action),
        region: Some(manifest.home),
        records: Some(manifest.records),
        accepted: Some(manifest.accepted),
    }
}
