//! Who has sent batches. The id of a batch is made of entering node, appid and random, so that a random needs no index.

use super::batches::{NewBatch, region};
use super::{Store, StoreError};
use crate::standard::region::Region;
use deadpool_postgres::Transaction;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

/// The senders this process knows to be in the table. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Known(Arc<Mutex<HashSet<Sender>>>);

/// Entering node and appid.
type Sender = (Region, String);

impl Known {
    /// The senders of a group that are not known yet.
    pub(super) fn missing(&self, group: &[NewBatch]) -> HashSet<Sender> {
        // A set, whole even if a holder panicked.
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let senders = group.iter().map(|batch| (batch.origin, batch.appid.clone()));
        senders.filter(|sender| !known.contains(sender)).collect()
    }

    /// Notes senders whose transaction is committed.
    pub(super) fn note(&self, senders: HashSet<Sender>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(senders);
    }
}

pub(super) async fn insert(tx: &Transaction<'_>, senders: &HashSet<Sender>) -> Result<(), StoreError> {
    if senders.is_empty() {
        return Ok(());
    }
    // In one order everywhere, so that two transactions with the same senders do not wait for each other crosswise.
    let mut ordered: Vec<_> = senders.iter().map(|(origin, appid)| (origin.number() as i32, appid.as_str())).collect();
    ordered.sort_unstable();
    let (origins, appids): (Vec<i32>, Vec<&str>) = ordered.into_iter().unzip();
    let statement = "INSERT INTO senders SELECT * FROM unnest($1::int[], $2::text[]) ON CONFLICT DO NOTHING";
    tx.execute(statement, &[&origins, &appids]).await?;
    Ok(())
}

impl Store {
    /// Everyone who has ever sent a batch: entering node and appid. With `appid` those of that name.
    pub async fn senders(&self, appid: Option<&str>) -> Result<Vec<(Region, String)>, StoreError> {
        let client = self.client().await?;
        let rows = match appid {
            Some(appid) => client.query("SELECT origin, appid FROM senders WHERE appid = $1", &[&appid]).await?,
            None => client.query("SELECT origin, appid FROM senders", &[]).await?,
        };
        rows.iter().map(|row| Ok((region(row.get(0))?, row.get(1)))).collect()
    }
}
