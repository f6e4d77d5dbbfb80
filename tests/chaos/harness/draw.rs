//! What a sender sends next: drawn from the seed, before it is sent.

use super::chance::Chance;
use super::ledger::{Kind, Sent};
use super::model::Effect;
use super::record::{OPTIONAL, REQUIRED};
use super::strict::REMARK;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// SJGXSJ goes on by so many seconds from batch to batch of a region, so that there is room between two for a stale one.
const STEP: i64 = 4;
/// Batches of this sender that later ones may come back to.
const REMEMBERED: usize = 120;
/// Of a hundred batches that add or modify, so many have a record that one node's rule refuses.
const BARRED: usize = 8;
/// A sender's batches of that kind: each is tried again every few seconds as long as the run lasts.
const MOST_BARRED: usize = 5;
/// Records that all senders of a region write, whatever the others do.
pub const SHARED: usize = 40;

/// What to do next.
pub enum Next {
    /// Send a new batch; with `at_once` to two processes at the same time.
    Batch { sent: Sent, at_once: bool },
    /// Send a batch that must fail, and after a while the one that mends it.
    Early { early: Sent, mends: Sent, after: Duration },
    /// Send an acknowledged envelope again as it is: its place in the ledger, and what it was.
    Repeat(usize, Arc<Sent>),
}

/// The draws of one sender.
pub struct Draw {
    chance: Chance,
    /// Its name, the beginning of its keys.
    name: String,
    entry: usize,
    clock: Arc<AtomicI64>,
    drawn: usize,
    keys: usize,
    /// Keys whose add was acknowledged.
    added: Vec<Arc<str>>,
    remembered: VecDeque<(usize, Arc<Sent>)>,
    /// Batches so far with a record that one node's rule refuses.
    barred: usize,
    /// Size of the first batch.
    first: usize,
}

impl Draw {
    /// Of a sender; all senders of a region share the clock of SJGXSJ.
    pub fn new(seed: u64, sender: usize, entry: usize, clock: Arc<AtomicI64>, first: usize) -> Self {
        Self {
            chance: Chance::new(seed, 1 + sender as u64),
            name: format!("S{sender}"),
            entry,
            clock,
            drawn: 0,
            keys: 0,
            added: Vec::new(),
            remembered: VecDeque::new(),
            barred: 0,
            first,
        }
    }

    /// The records that all senders of the region write: added by one of them before anything else.
    pub fn shared(&mut self) -> Sent {
        let keys = (0..SHARED).map(shared_key).collect();
        self.sent(Kind::Plain, keys, |draw| draw.add())
    }

    /// Learns that a batch was acknowledged, so that later ones may build on it.
    pub fn learn(&mut self, place: usize, sent: Arc<Sent>) {
        if sent.kind == Kind::Plain && matches!(sent.effect, Effect::Add(_)) {
            self.added.extend(sent.keys.iter().filter(|key| key.starts_with(&self.name)).cloned());
        }
        // Others would follow it where its records are not there yet.
        if !matches!(sent.kind, Kind::Orphan | Kind::Early) {
            self.remembered.push_back((place, sent));
        }
        if self.remembered.len() > REMEMBERED {
            self.remembered.pop_front();
        }
    }

    /// A pause before the next batch.
    pub fn pause(&mut self) -> Duration {
        if self.chance.percent(25) { Duration::ZERO } else { self.chance.millis(50, 1_200) }
    }

    /// What to send next.
    pub fn next(&mut self) -> Next {
        self.drawn += 1;
        if self.added.is_empty() || self.remembered.is_empty() {
            let size = self.first;
            let keys = self.new_keys(size);
            return Next::Batch { sent: self.sent(Kind::Plain, keys, |draw| draw.add()), at_once: false };
        }
        let at_once = self.chance.percent(4);
        let sent = match self.chance.below(100) {
            0..=28 => {
                let keys = self.new_keys_drawn();
                self.sent(Kind::Plain, keys, |draw| draw.add())
            }
            29..=34 => return self.early(),
            35..=44 => self.change(|draw| draw.add()),
            45..=69 => self.change(|draw| draw.modify()),
            70..=77 => self.change(|_| Effect::Delete),
            78..=84 => {
                let (place, sent) = self.earlier();
                return Next::Repeat(place, sent);
            }
            85..=88 => self.again(),
            89..=94 => self.of_earlier(Kind::Stale, 1),
            95..=96 => self.of_earlier(Kind::Tie, 0),
            97..=98 => {
                let keys = self.new_keys_drawn();
                // A required field that is empty breaks a rule of the dictionary.
                self.sent(Kind::Invalid, keys, |_| Effect::Modify(vec![(REQUIRED, None)]))
            }
            _ => {
                let keys = self.new_keys(1);
                self.sent(Kind::Orphan, keys, |draw| draw.modify())
            }
        };
        let sent = if self.chance.percent(BARRED) { self.barred(sent) } else { sent };
        Next::Batch { sent, at_once }
    }

    /// Puts the word that one node's rule refuses into a remark of an add or modify.
    fn barred(&mut self, mut sent: Sent) -> Sent {
        match &mut sent.effect {
            _ if sent.kind != Kind::Plain || self.barred == MOST_BARRED => return sent,
            Effect::Add(fields) if fields.iter().all(|(name, _)| *name != REMARK) => fields.push((REMARK, self.text())),
            Effect::Modify(fields) => {
                fields.retain(|(name, _)| *name != REMARK);
                fields.push((REMARK, Some(self.text())));
            }
            Effect::Add(_) => {}
            Effect::Delete => return sent,
        }
        self.barred += 1;
        sent.barred = Some(self.chance.below(sent.keys.len()));
        sent
    }

    fn sent(&mut self, kind: Kind, keys: Vec<Arc<str>>, effect: impl FnOnce(&mut Self) -> Effect) -> Sent {
        let at = self.clock.fetch_add(STEP, Ordering::Relaxed);
        let effect = effect(self);
        Sent { kind, entry: self.entry, at, effect, keys, barred: None, random: self.random() }
    }

    /// Modifies of new records and their add, whose SJGXSJ comes first and which is sent last. In between, the modifies fail for
    /// some attempts, or some rounds.
    fn early(&mut self) -> Next {
        let size = 1 + self.chance.below(20);
        let keys = self.new_keys(size);
        let mends = self.sent(Kind::Plain, keys.clone(), |draw| draw.add());
        let early = self.sent(Kind::Early, keys, |draw| draw.modify());
        Next::Early { early, mends, after: self.chance.millis(0, 8_000) }
    }

    /// A change of records that were added before: the sender's own, or shared ones.
    fn change(&mut self, effect: impl FnOnce(&mut Self) -> Effect) -> Sent {
        let size = self.size();
        let keys = if self.chance.percent(30) {
            (0..size.min(SHARED)).map(|_| shared_key(self.chance.below(SHARED))).collect()
        } else {
            // Drawn with replacement: the same record twice in a batch is allowed, the later wins.
            let count = size.min(self.added.len());
            (0..count).map(|_| self.added[self.chance.below(self.added.len())].clone()).collect()
        };
        self.sent(Kind::Plain, keys, effect)
    }

    fn again(&mut self) -> Sent {
        let (_, earlier) = self.earlier();
        Sent { kind: Kind::Again, random: self.random(), ..(*earlier).clone() }
    }

    /// Other content for the records of an earlier batch, its SJGXSJ so much later.
    fn of_earlier(&mut self, kind: Kind, later: i64) -> Sent {
        let (_, earlier) = self.earlier();
        let effect = if self.chance.percent(50) { self.add() } else { self.modify() };
        Sent {
            kind,
            entry: self.entry,
            at: earlier.at + later,
            effect,
            keys: earlier.keys.clone(),
            barred: None,
            random: self.random(),
        }
    }

    fn earlier(&mut self) -> (usize, Arc<Sent>) {
        let at = self.chance.below(self.remembered.len());
        self.remembered[at].clone()
    }

    fn add(&mut self) -> Effect {
        let mut fields = vec![(REQUIRED, self.text())];
        for name in OPTIONAL {
            if self.chance.percent(60) {
                fields.push((name, self.text()));
            }
        }
        Effect::Add(fields)
    }

    fn modify(&mut self) -> Effect {
        let mut fields = Vec::new();
        for name in OPTIONAL {
            if self.chance.percent(50) {
                fields.push((name, self.chance.percent(75).then(|| self.text())));
            }
        }
        if fields.is_empty() || self.chance.percent(30) {
            fields.push((REQUIRED, Some(self.text())));
        }
        Effect::Modify(fields)
    }

    /// A value that nothing else has.
    fn text(&mut self) -> String {
        format!("{}-{}", self.name, self.drawn)
    }

    /// No second run on the same servers may have it.
    fn random(&mut self) -> String {
        uuid::Uuid::new_v4().to_string()
    }

    fn new_keys_drawn(&mut self) -> Vec<Arc<str>> {
        let size = self.size();
        self.new_keys(size)
    }

    fn new_keys(&mut self, count: usize) -> Vec<Arc<str>> {
        let first = self.keys;
        self.keys += count;
        (first..self.keys).map(|n| format!("{}-{n}", self.name).into()).collect()
    }

    /// All sizes up to 2,000 (§6.4), mostly small ones, and now and then one beyond.
    fn size(&mut self) -> usize {
        match self.chance.below(1_000) {
            0..=749 => self.chance.between(1, 10),
            750..=919 => self.chance.between(11, 100),
            920..=979 => self.chance.between(101, 600),
            980..=995 => self.chance.between(601, 2_000),
            _ => self.chance.between(2_001, 5_000),
        }
    }
}

fn shared_key(number: usize) -> Arc<str> {
    format!("ALL-{number}").into()
}
