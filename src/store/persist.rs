//! One transaction for many batches.

use super::adds::{self, Added};
use super::batches::{self, NewBatch, Resumption};
use super::changes::Changes;
use super::merge::{Records, never_added};
use super::outbox::Upward;
use super::{Store, StoreError, outbox, senders};
use crate::record::{Change, Effect, Outcome, RecordId};
use deadpool_postgres::Transaction;
use futures_util::future::try_join;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;
use uuid::Uuid;

/// What became of one batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Committed now, with so many changes older than what was there.
    Committed {
        /// Number of stale changes.
        stale: u32,
    },
    /// The same batch was committed before, whole (invariant 2).
    Repeated,
    /// It was committed before without some of its records; so many of them are still not applied.
    Resumed {
        /// Number of records left.
        left: u32,
    },
    /// Another batch of this id, with other content, was committed before.
    RandomReused,
    /// Records that were never added, by their place in the batch from 0; nothing of it was applied.
    MissingKeys(Vec<u32>),
}

impl Verdict {
    /// Whether every record of the batch is applied now.
    pub fn is_whole(&self, batch: &NewBatch) -> bool {
        match self {
            Verdict::Committed { .. } => batch.unapplied.is_empty(),
            Verdict::Repeated => true,
            Verdict::Resumed { left } => *left == 0,
            Verdict::RandomReused | Verdict::MissingKeys(_) => false,
        }
    }
}

impl Store {
    /// Commits a group of batches in one transaction and says of each what became of it, in the order given.
    ///
    /// As `upward` says they are noted as to be published to the accepted exchange. A statement that takes longer than
    /// `patience` is ended by PostgreSQL itself, and a lock is waited for a little less long, so that the two can be told apart.
    ///
    /// # Errors
    /// All or nothing: on an error no batch of the group is committed.
    pub async fn persist(
        &self,
        group: &[NewBatch],
        upward: Upward,
        patience: Duration,
    ) -> Result<Vec<Verdict>, StoreError> {
        match self.persist_once(group, upward, patience).await {
            // Months are made ahead; a node that could not make them for so long makes the present one here.
            Err(StoreError::NoMonth(_)) => {
                self.make_present_month().await?;
                self.persist_once(group, upward, patience).await
            }
            result => result,
        }
    }

    async fn persist_once(
        &self,
        group: &[NewBatch],
        upward: Upward,
        patience: Duration,
    ) -> Result<Vec<Verdict>, StoreError> {
        let mut client = self.client().await?;
        let tx = client.transaction().await?;
        let applying = async {
            let mut verdicts = Vec::with_capacity(group.len());
            for part in parts(group) {
                verdicts.extend(apply(&tx, part, upward).await?);
            }
            Ok(verdicts)
        };
        // Sent ahead of the first statement, not waited for.
        let ((), verdicts) = try_join(limit(&tx, patience), applying).await?;
        let new = self.known_senders().missing(group);
        try_join(senders::insert(&tx, &new), unlimit(&tx)).await?;
        tx.commit().await?;
        self.known_senders().note(new);
        Ok(verdicts)
    }
}

/// What of this transaction takes too long is ended by PostgreSQL: then nothing goes on running there unattended.
async fn limit(tx: &Transaction<'_>, patience: Duration) -> Result<(), StoreError> {
    let millis = patience.as_millis();
    let limits = format!("SET LOCAL statement_timeout = {millis}; SET LOCAL lock_timeout = {}", millis * 3 / 4);
    Ok(tx.batch_execute(&limits).await?)
}

/// The commit itself may take as long as it takes: PostgreSQL would end its wait for a synchronous standby, and call it done.
async fn unlimit(tx: &Transaction<'_>) -> Result<(), StoreError> {
    Ok(tx.batch_execute("SET LOCAL statement_timeout = 0").await?)
}

/// The group in parts of which none has two copies of one batch with different records refused at the door: what the second has
/// more is merged after the first.
fn parts(group: &[NewBatch]) -> Vec<&[NewBatch]> {
    // Almost no batch has refused records.
    if group.iter().all(|batch| batch.refused.is_empty()) {
        return vec![group];
    }
    let (mut parts, mut begin) = (Vec::new(), 0);
    for at in 1..group.len() {
        let differs = |other: &NewBatch| other.id == group[at].id && other.refused != group[at].refused;
        if group[begin..at].iter().any(differs) {
            parts.push(&group[begin..at]);
            begin = at;
        }
    }
    parts.push(&group[begin..]);
    parts
}

/// Records worked on at once. A batch of a hundred thousand takes several slices, so that its states and what PostgreSQL is
/// sent of them are in memory for a few thousand at a time.
const SLICE: usize = 4_000;

async fn apply(tx: &Transaction<'_>, group: &[NewBatch], upward: Upward) -> Result<Vec<Verdict>, StoreError> {
    let standings = once(tx, group).await?;
    let fresh: Vec<usize> = (0..group.len()).filter(|at| standings[*at] == Standing::Fresh).collect();
    let resumed: Vec<(usize, &Resumption)> = standings
        .iter()
        .enumerate()
        .filter_map(|(at, standing)| match standing {
            Standing::Resumed(resumption) => Some((at, resumption)),
            _ => None,
        })
        .collect();
    let missing = missing_keys(tx, group, &fresh).await?;
    let withdrawn: Vec<Uuid> = missing.keys().map(|at| group[*at].id).collect();
    if !withdrawn.is_empty() {
        batches::withdraw(tx, &withdrawn).await?;
    }
    let accepted = fresh.iter().filter(|at| !missing.contains_key(at));
    let mut changes: Vec<(usize, &Change)> =
        accepted.flat_map(|at| group[*at].changes.iter().map(|change| (*at, change))).collect();
    for &(at, resumption) in &resumed {
        let left = |change: &&Change| resumption.left.binary_search(&change.version.ordinal).is_ok();
        changes.extend(group[at].changes.iter().filter(left).map(|change| (at, change)));
    }
    // In one order everywhere, so that two transactions with the same records do not wait for each other crosswise. Stable:
    // the changes of one record keep the order of the group.
    changes.sort_by(|(_, one), (_, other)| one.id.cmp(&other.id));
    let mut stale = vec![0; group.len()];
    let mut rest = changes.as_slice();
    while !rest.is_empty() {
        let (slice, after) = rest.split_at(slice_len(rest));
        merge(tx, group, slice, &mut stale).await?;
        rest = after;
    }
    for &(at, resumption) in &resumed {
        batches::note_resumed(tx, group[at].id, resumption, stale[at]).await?;
    }
    let freed = resumed.iter().filter(|(_, resumption)| resumption.refused.is_some()).map(|(at, _)| group[*at].id);
    let freed: Vec<Uuid> = freed.collect();
    outbox::insert(tx, &freed, upward).await?;
    // Of a batch that is merged now: how many records are left out. What was withdrawn has not been committed before: its copy must
    // not be taken for a repetition of anything.
    let of_first = |at: usize, stale: u32| match (&standings[at], missing.get(&at)) {
        (_, Some(places)) => Verdict::MissingKeys(places.clone()),
        (Standing::Resumed(resumption), None) => Verdict::Resumed { left: resumption.unapplied.len() as u32 },
        (_, None) => Verdict::Committed { stale },
    };
    let verdict = |(at, standing): (usize, &Standing)| match standing {
        Standing::Known(verdict) => verdict.clone(),
        Standing::Fresh | Standing::Resumed(_) => of_first(at, stale[at]),
        Standing::CopyOf(first) => match of_first(*first, 0) {
            Verdict::Committed { .. } if group[*first].unapplied.is_empty() => Verdict::Repeated,
            Verdict::Committed { .. } => Verdict::Resumed { left: group[*first].unapplied.len() as u32 },
            verdict => verdict,
        },
    };
    let verdicts: Vec<Verdict> = standings.iter().enumerate().map(verdict).collect();
    note(tx, group, &verdicts, upward).await?;
    Ok(verdicts)
}

/// Whether a batch was there before.
#[derive(PartialEq, Eq)]
enum Standing {
    /// It is decided already.
    Known(Verdict),
    /// It is to be merged.
    Fresh,
    /// It was committed before, but for some of its records.
    Resumed(Resumption),
    /// The same batch as an earlier one of the group, by its place: what becomes of that one becomes of it.
    CopyOf(usize),
}

/// How many of these changes, sorted by record, make the next slice: all changes of a record are in the same.
fn slice_len(changes: &[(usize, &Change)]) -> usize {
    let Some((_, last)) = changes.get(SLICE) else { return changes.len() };
    SLICE + changes[SLICE..].iter().take_while(|(_, change)| change.id == last.id).count()
}

/// Inserts the batches and tells which were there before.
async fn once(tx: &Transaction<'_>, group: &[NewBatch]) -> Result<Vec<Standing>, StoreError> {
    let mut first: HashMap<Uuid, usize> = HashMap::new();
    for (at, batch) in group.iter().enumerate() {
        first.entry(batch.id).or_insert(at);
    }
    let mut distinct: Vec<&NewBatch> =
        group.iter().enumerate().filter(|(at, batch)| first[&batch.id] == *at).map(|(_, batch)| batch).collect();
    // In one order everywhere, so that two transactions with the same batches do not wait for each other crosswise.
    distinct.sort_unstable_by_key(|batch| batch.id);
    let inserted: HashSet<Uuid> = batches::insert(tx, &distinct).await?;
    let earlier: Vec<Uuid> = first.keys().filter(|id| !inserted.contains(*id)).copied().collect();
    let committed = if earlier.is_empty() { HashMap::new() } else { batches::earlier(tx, &earlier).await? };
    let standing = |(at, batch): (usize, &NewBatch)| {
        let first = first[&batch.id];
        match committed.get(&batch.id) {
            Some(earlier) if earlier.digest != batch.digest => Standing::Known(Verdict::RandomReused),
            Some(earlier) => match earlier.resumed_by(batch) {
                None => Standing::Known(Verdict::Repeated),
                Some(resumption) if first == at => Standing::Resumed(resumption),
                Some(_) => Standing::CopyOf(first),
            },
            None if first == at => Standing::Fresh,
            None if group[first].digest == batch.digest => Standing::CopyOf(first),
            None => Standing::Known(Verdict::RandomReused),
        }
    };
    Ok(group.iter().enumerate().map(standing).collect())
}

/// The batches that change records never added, and these records by their place in the batch. A record that an earlier batch
/// of the group adds is there.
async fn missing_keys(
    tx: &Transaction<'_>,
    group: &[NewBatch],
    fresh: &[usize],
) -> Result<BTreeMap<usize, Vec<u32>>, StoreError> {
    let mut missing: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
    if fresh.iter().all(|at| !group[*at].must_exist) {
        return Ok(missing);
    }
    let mut asked: Vec<(usize, &Change)> = Vec::new();
    let mut added: HashMap<&RecordId, usize> = HashMap::new();
    for at in fresh {
        let batch = &group[*at];
        if batch.must_exist {
            asked.extend(batch.changes.iter().map(|change| (*at, change)));
        } else {
            for change in batch.changes.iter().filter(|change| matches!(change.effect, Effect::Add(_))) {
                added.entry(&change.id).or_insert(*at);
            }
        }
    }
    asked.retain(|(at, change)| added.get(&change.id).is_none_or(|adding| adding > at));
    for slice in asked.chunks(SLICE) {
        let ids: Vec<&RecordId> = slice.iter().map(|(_, change)| &change.id).collect();
        for (at, change) in never_added(tx, &ids).await?.into_iter().map(|place| slice[place]) {
            missing.entry(at).or_default().push(change.version.ordinal);
        }
    }
    Ok(missing)
}

/// Merges a slice of changes, sorted by record, and counts for each batch how many were stale.
async fn merge(
    tx: &Transaction<'_>,
    group: &[NewBatch],
    changes: &[(usize, &Change)],
    stale: &mut [u32],
) -> Result<(), StoreError> {
    let mut history = Changes::default();
    let mut rest = Vec::new();
    match adds::plain(changes) {
        Some(adds) => {
            for (add, added) in adds.iter().zip(adds::apply(tx, &adds).await?) {
                match added {
                    Added::New => {}
                    Added::Over(record) => history.push(record, group[add.at].id, add.change.version.ordinal),
                    Added::Not => rest.push((add.at, add.change)),
                }
            }
        }
        None => rest.extend_from_slice(changes),
    }
    let mut records = Records::lock(tx, rest.iter().map(|(_, change)| *change)).await?;
    for (at, change) in rest {
        // `Records::lock` was given every one of them, so the record is there.
        let Some((later_of, outcome)) = records.merge(change) else { continue };
        if let Some(record) = later_of.filter(|_| outcome != Outcome::Repeated) {
            history.push(record, group[at].id, change.version.ordinal);
        }
        stale[at] += u32::from(outcome == Outcome::Stale);
    }
    records.write(tx).await?;
    history.insert(tx).await
}

async fn note(
    tx: &Transaction<'_>,
    group: &[NewBatch],
    verdicts: &[Verdict],
    upward: Upward,
) -> Result<(), StoreError> {
    let (mut committed, mut mended) = (Vec::new(), Vec::new());
    let (mut stale_ids, mut stale_counts) = (Vec::new(), Vec::new());
    for (batch, verdict) in group.iter().zip(verdicts) {
        if verdict.is_whole(batch) {
            mended.extend(batch.failure);
        }
        if let Verdict::Committed { stale } = verdict {
            committed.push(batch.id);
            if *stale > 0 {
                stale_ids.push(batch.id);
                stale_counts.push(*stale as i32);
            }
        }
    }
    if !stale_ids.is_empty() {
        batches::note_stale(tx, &stale_ids, &stale_counts).await?;
    }
    outbox::insert(tx, &committed, upward).await?;
    if mended.is_empty() {
        return Ok(());
    }
    super::failures::resolve(tx, &mended).await
}
