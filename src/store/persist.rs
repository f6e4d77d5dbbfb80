//! One transaction for many batches.

use super::batches::{self, NewBatch};
use super::changes::Changes;
use super::merge::Records;
use super::{Store, StoreError, outbox};
use crate::record::Outcome;
use deadpool_postgres::Transaction;
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// What became of one batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Committed now, with so many changes older than what was there.
    Committed {
        /// Number of stale changes.
        stale: u32,
    },
    /// The same batch was committed before (invariant 2).
    Repeated,
    /// Another batch of this id, with other content, was committed before.
    RandomReused,
    /// Records that were never added, by their place in the batch from 0; nothing of it was applied.
    MissingKeys(Vec<u32>),
}

impl Store {
    /// Commits a group of batches in one transaction and says of each what became of it, in the order given.
    ///
    /// With `outbox` the batches are noted as to be published to the accepted exchange.
    ///
    /// # Errors
    /// All or nothing: on an error no batch of the group is committed.
    pub async fn persist(&self, group: &[NewBatch], outbox: bool) -> Result<Vec<Verdict>, StoreError> {
        let mut client = self.client().await?;
        let tx = client.transaction().await?;
        let verdicts = apply(&tx, group, outbox).await?;
        tx.commit().await?;
        Ok(verdicts)
    }
}

async fn apply(tx: &Transaction<'_>, group: &[NewBatch], outbox: bool) -> Result<Vec<Verdict>, StoreError> {
    let mut verdicts = once(tx, group).await?;
    let fresh: Vec<usize> = verdicts.iter().enumerate().filter(|(_, v)| v.is_none()).map(|(at, _)| at).collect();
    let changes: Vec<_> = fresh.iter().flat_map(|at| &group[*at].changes).collect();
    let mut records = Records::lock(tx, &changes).await?;
    let mut history = Changes::default();
    let mut withdrawn = Vec::new();
    for at in fresh {
        let batch = &group[at];
        let missing = missing_keys(batch, &records);
        verdicts[at] = Some(if missing.is_empty() {
            Verdict::Committed { stale: merge(batch, &mut records, &mut history) }
        } else {
            withdrawn.push(batch.id);
            Verdict::MissingKeys(missing)
        });
    }
    records.write(tx).await?;
    history.insert(tx).await?;
    if !withdrawn.is_empty() {
        batches::withdraw(tx, &withdrawn).await?;
    }
    // Every place was filled: by `once`, or by the loop over the rest.
    let verdicts: Vec<Verdict> = verdicts.into_iter().flatten().collect();
    note(tx, group, &verdicts, outbox).await?;
    Ok(verdicts)
}

/// Inserts the batches and answers those that were there before; `None` for what is to be merged.
async fn once(tx: &Transaction<'_>, group: &[NewBatch]) -> Result<Vec<Option<Verdict>>, StoreError> {
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
    let digests = if earlier.is_empty() { HashMap::new() } else { batches::digests(tx, &earlier).await? };
    Ok(group
        .iter()
        .enumerate()
        .map(|(at, batch)| {
            let known = match digests.get(&batch.id) {
                Some(digest) => digest.as_slice(),
                None if first[&batch.id] == at => return None,
                None => group[first[&batch.id]].digest.as_slice(),
            };
            Some(if known == batch.digest { Verdict::Repeated } else { Verdict::RandomReused })
        })
        .collect())
}

fn missing_keys(batch: &NewBatch, records: &Records) -> Vec<u32> {
    if !batch.must_exist {
        return Vec::new();
    }
    let missing = batch.changes.iter().filter(|change| !records.is_complete(&change.id));
    missing.map(|change| change.version.ordinal).collect()
}

/// Merges the changes of one batch; returns how many were stale.
fn merge(batch: &NewBatch, records: &mut Records, history: &mut Changes) -> u32 {
    let mut stale = 0;
    for change in &batch.changes {
        // `Records::lock` was given every change of the group, so the record is there.
        let Some((record, outcome)) = records.merge(change) else { continue };
        history.push(record, batch.id, change.version.ordinal);
        stale += u32::from(outcome == Outcome::Stale);
    }
    stale
}

async fn note(tx: &Transaction<'_>, group: &[NewBatch], verdicts: &[Verdict], outbox: bool) -> Result<(), StoreError> {
    let (mut committed, mut mended) = (Vec::new(), Vec::new());
    let (mut stale_ids, mut stale_counts) = (Vec::new(), Vec::new());
    for (batch, verdict) in group.iter().zip(verdicts) {
        if matches!(verdict, Verdict::Committed { .. } | Verdict::Repeated) {
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
    if outbox && !committed.is_empty() {
        outbox::insert(tx, &committed).await?;
    }
    if mended.is_empty() {
        return Ok(());
    }
    super::failures::resolve(tx, &mended).await
}
