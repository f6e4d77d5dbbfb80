//! What the door asks about a transfer, answered from memory.

use super::memory::Memory;
use super::{Rule, Standing, Transfer, Verdict};
use crate::config::MarkSettings;
use crate::metrics;
use crate::standard::moment::Moment;
use crate::store::StoredMark;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The marks of this process. Clones are of the same.
#[derive(Clone)]
pub struct Guard {
    memory: Arc<Mutex<Memory>>,
    rule: Rule,
}

impl Guard {
    /// Nothing is marked yet.
    pub fn new(settings: &MarkSettings) -> Self {
        let rule = Self::rule_of(settings);
        Self { memory: Arc::new(Mutex::new(Memory::new(rule, settings.most))), rule }
    }

    /// The rule that settings ask for.
    pub fn rule_of(settings: &MarkSettings) -> Rule {
        Rule { failures: settings.failures, pause: std::time::Duration::from_secs(settings.pause_secs.get()) }
    }

    /// The rule in force.
    pub fn rule(&self) -> Rule {
        self.rule
    }

    /// A wrong signature. The app is named in the log, since metrics never name one.
    pub fn failed(&self, transfer: Transfer, now: Moment) -> Verdict {
        let (appid, random, source) = (transfer.appid.clone(), transfer.random.clone(), transfer.source);
        let verdict = self.memory().fail(transfer, now, rand::random());
        if let Verdict::Marked { until } = verdict {
            ::metrics::counter!(metrics::TRANSFERS_MARKED).increment(1);
            let failures = self.rule.failures;
            tracing::warn!(appid, random, %source, %until, "marked a transfer: {failures} wrong signatures in a row");
        }
        verdict
    }

    /// A right signature: it ends count and mark.
    pub fn passed(&self, appid: &str, random: &str, source: std::net::IpAddr, now: Moment) {
        let mut memory = self.memory();
        // Nearly always, and then nothing needs to be copied for the look.
        if memory.is_empty() {
            return;
        }
        if memory.pass(Transfer::new(appid, random, source), now) {
            tracing::info!(appid, random, %source, "a right signature ended the mark of a transfer");
        }
    }

    /// How many transfers of each app are marked.
    pub fn marked(&self, now: Moment) -> BTreeMap<String, usize> {
        self.memory().marked(now)
    }

    /// Some of what the store does not know yet.
    pub(super) fn unshared(&self, most: usize) -> Vec<StoredMark> {
        let unshared = self.memory().unshared(most);
        unshared.iter().map(|(transfer, standing)| transfer.to_stored(standing)).collect()
    }

    /// What the store knows, and what is over.
    pub(super) fn learn(&self, rows: &[StoredMark], now: Moment) {
        let mut memory = self.memory();
        for row in rows {
            let transfer = Transfer::new(&row.appid, &row.random, row.source);
            memory.learn(transfer, &Standing::of_stored(row, self.rule), now);
        }
        memory.let_go(now);
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        // Nothing that is done under the lock can panic half-way.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
