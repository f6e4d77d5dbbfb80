//! What the ingress works with.

use super::budget::Budget;
use super::journal::Journal;
use super::randoms::Randoms;
use crate::apps::Directory;
use crate::batch::NodeIdentity;
use crate::broker::{Names, Publisher};
use crate::clock::Clock;
use crate::config::InterfaceSettings;
use crate::dataset::InUse;
use crate::standard::region::RegionTable;
use crate::standard::volume::Volume;
use crate::store::Store;
use crate::volume::Gate;
use std::collections::BTreeMap;
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
    pub(super) dictionary: InUse,
    pub(super) regions: Arc<RegionTable>,
    pub(super) publisher: Publisher,
    pub(super) names: Names,
    pub(super) store: Store,
    pub(super) clock: Clock,
    pub(super) journal: Journal,
    pub(super) randoms: Randoms,
    pub(super) budget: Budget,
    pub(super) limits: Limits,
    /// The limits of all callers together.
    pub(super) gate: Gate,
    /// How often a wrong signature is looked into.
    pub(super) diagnoses: Gate,
    pub(super) service: String,
    flags: BTreeMap<String, InterFlag>,
    pub(super) always_ok: bool,
}

/// The `<interFlag>` of §6.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InterFlag {
    /// Business data.
    Exchange,
    /// The interface log (§6.1).
    Log,
    /// Records are checked and not sent.
    Validate,
}

impl InterFlag {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "exchange" => Some(InterFlag::Exchange),
            "log" => Some(InterFlag::Log),
            "validate" => Some(InterFlag::Validate),
            _ => None,
        }
    }
}

impl Door {
    /// Builds the door.
    ///
    /// # Errors
    /// When an alias stands for no interFlag.
    #[expect(clippy::too_many_arguments, reason = "built once, by hand, where a node is wired together")]
    pub fn new(
        node: NodeIdentity,
        apps: Directory,
        dictionary: InUse,
        regions: Arc<RegionTable>,
        publisher: Publisher,
        names: Names,
        store: Store,
        clock: Clock,
        journal: Journal,
        settings: &InterfaceSettings,
    ) -> Result<Self, String> {
        let mut flags: BTreeMap<String, InterFlag> = ["exchange", "log", "validate"]
            .iter()
            .filter_map(|f| Some(((*f).to_owned(), InterFlag::parse(f)?)))
            .collect();
        for (alias, target) in &settings.aliases {
            let flag = InterFlag::parse(target)
                .ok_or_else(|| format!("[interface.aliases] {alias}: {target:?} is none of exchange, log, validate"))?;
            flags.insert(alias.clone(), flag);
        }
        let patience = Duration::from_secs(settings.patience_secs);
        Ok(Self {
            node,
            apps,
            dictionary,
            regions,
            publisher,
            names,
            store,
            clock,
            journal,
            randoms: Randoms::new(),
            budget: Budget::new(settings.budget_bytes, patience),
            limits: Limits {
                body_bytes: settings.max_body_bytes,
                records: settings.max_records,
                patience,
                confirm: Duration::from_millis(settings.confirm_millis),
            },
            gate: Gate::new(&settings.limits.volume(), settings.max_body_bytes),
            diagnoses: Gate::new(&DIAGNOSES, 0),
            service: settings.service.clone(),
            flags,
            always_ok: settings.always_ok,
        })
    }

    /// The interFlag of a path, if it is one of the service's.
    pub(super) fn flag(&self, path: &str) -> Option<InterFlag> {
        let flag = path.strip_prefix('/')?.strip_prefix(self.service.as_str())?.strip_prefix('/')?;
        self.flags.get(flag).copied()
    }
}
