//! What the ingress works with.

use super::budget::Budget;
use super::child::Children;
use super::journal::Journal;
use super::randoms::Randoms;
use crate::apps::Directory;
use crate::batch::NodeIdentity;
use crate::broker::{Names, Publisher};
use crate::clock::Clock;
use crate::config::InterfaceSettings;
use crate::dataset::InUse;
use crate::interface::Documents;
use crate::marks::Guard;
use crate::standard::region::RegionTable;
use crate::standard::volume::Volume;
use crate::store::Store;
use crate::volume::Gate;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

/// The limits of one request (§7.3).
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of a body.
    pub body_bytes: usize,
    /// Records of an exchange.
    pub records: usize,
    /// How long a sender may be silent.
    pub patience: Duration,
    /// How long an answer waits for the broker's confirm.
    pub confirm: Duration,
}

/// Looks into wrong signatures that a process affords, a second and at once: anyone who knows the appid of an app under test
/// can cause one.
const DIAGNOSES: Volume = Volume {
    max_records: None,
    max_body_bytes: None,
    exchanges_per_second: NonZeroU32::new(5),
    exchanges_burst: NonZeroU32::new(20),
    bytes_per_second: None,
    max_concurrent: None,
};

/// Everything a request may need.
pub struct Door {
    pub(super) node: NodeIdentity,
    pub(super) apps: Directory,
    /// The nodes below, which hand over batches.
    pub(super) children: Children,
    pub(super) dictionary: InUse,
    pub(super) regions: Arc<RegionTable>,
    pub(super) publisher: Publisher,
    pub(super) names: Names,
    pub(super) store: Store,
    pub(super) clock: Clock,
    pub(super) journal: Journal,
    pub(super) randoms: Randoms,
    /// The transfers that failed here, and at the doors of the node's other processes.
    pub(super) marks: Guard,
    pub(super) budget: Budget,
    pub(super) limits: Limits,
    /// The limits of all callers together.
    pub(super) gate: Gate,
    /// How often a wrong signature is looked into.
    pub(super) diagnoses: Gate,
    /// The documents of the interface, and its addresses.
    pub(super) documents: Arc<Documents>,
    pub(super) always_ok: bool,
}

impl Door {
    /// Builds the door.
    #[expect(clippy::too_many_arguments, reason = "built once, by hand, where a node is wired together")]
    pub fn new(
        node: NodeIdentity,
        apps: Directory,
        children: Children,
        dictionary: InUse,
        regions: Arc<RegionTable>,
        publisher: Publisher,
        names: Names,
        store: Store,
        clock: Clock,
        journal: Journal,
        documents: Arc<Documents>,
        marks: Guard,
        settings: &InterfaceSettings,
    ) -> Self {
        let patience = Duration::from_secs(settings.patience_secs);
        Self {
            node,
            apps,
            children,
            dictionary,
            regions,
            publisher,
            names,
            store,
            clock,
            journal,
            randoms: Randoms::new(),
            marks,
            budget: Budget::new(settings.budget_bytes, patience),
            limits: Limits {
                body_bytes: settings.max_body_bytes,
                records: settings.max_records,
                patience,
                confirm: Duration::from_millis(settings.confirm_millis),
            },
            gate: Gate::new(&settings.limits.volume(), settings.max_body_bytes),
            diagnoses: Gate::new(&DIAGNOSES, 0),
            documents,
            always_ok: settings.always_ok,
        }
    }
}
