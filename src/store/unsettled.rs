//! Batches sent up that not every tier above has said it has: when the parent is asked for them, and what is sent again.

use super::{Store, StoreError};
use crate::standard::moment::Moment;
use crate::standard::region::Region;
use std::time::Duration;
use time::OffsetDateTime;
use uuid::Uuid;

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// To be asked for.
    Ask,
    /// To be sent again.
    Again,
}

/// Why a batch is to be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// The parent cannot verify it: it is sent at once, the first time with a key.
    Signed,
    /// The parent does not know it. It may still lie in a queue that the question has overtaken, so it is sent when it would be
    /// asked for again.
    Sent,
}

/// How often a batch is sent again because its parent cannot use it, with the same key: as often, the parent would only find the
/// same fault. A changed key begins anew.
const MOST_AGAIN: i32 = 8;

impl Store {
    /// Whether anything is due.
    pub async fn is_any_due(&self, due: Due, now: Moment) -> Result<bool, StoreError> {
        let client = self.client().await?;
        let select = "SELECT EXISTS (SELECT 1 FROM unsettled WHERE again = $1 AND next_at <= $2)";
        let statement = client.prepare_cached(select).await?;
        Ok(client.query_one(&statement, &[&(due == Due::Again), &OffsetDateTime::from(now)]).await?.get(0))
    }

    /// Takes the batches longest due, and puts each off for twice as long as the last time, a day at the most: no other process
    /// takes them meanwhile, and a parent that stays silent is asked ever less. What is to be sent again is put off so once it has
    /// been ([`Store::note_again`]), and until then for a minute: whoever took it may end before.
    pub async fn take_unsettled(&self, due: Due, now: Moment, limit: i64) -> Result<Vec<Uuid>, StoreError> {
        let client = self.client().await?;
        let update = "UPDATE unsettled u SET asked = u.asked + 1, \
                      next_at = $2::timestamptz + CASE WHEN $1 THEN INTERVAL '1 minute' ELSE \
                      least(INTERVAL '10 minutes' * power(2, least(u.asked + 1, 10)), INTERVAL '1 day') END \
                      FROM (SELECT batch FROM unsettled WHERE again = $1 AND next_at <= $2 ORDER BY next_at LIMIT $3 \
                      FOR UPDATE SKIP LOCKED) due WHERE u.batch = due.batch RETURNING u.batch";
        let rows = client.query(update, &[&(due == Due::Again), &OffsetDateTime::from(now), &limit]).await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// Gives back what was taken and could not be asked for: it is due again after `pause`.
    pub async fn give_back_unsettled(&self, batches: &[Uuid], now: Moment, pause: Duration) -> Result<(), StoreError> {
        let client = self.client().await?;
        let update = "UPDATE unsettled SET asked = greatest(asked - 1, 0), next_at = $2::timestamptz + make_interval(secs => $3) \
                      WHERE batch = ANY($1)";
        client.execute(update, &[&batches, &OffsetDateTime::from(now), &pause.as_secs_f64()]).await?;
        Ok(())
    }

    /// Notes batches that the parent does not know, or whose signature it does not: they are to be sent again, sealed with the key of
    /// mark `key`: the first time with a key as `want` says, after that when they would be asked for, and so often only. Not those
    /// that the parent's broker has refused: their failure brings them back, or an operator has given them up.
    pub async fn want_again(&self, batches: &[Uuid], want: Want, key: i32, now: Moment) -> Result<(), StoreError> {
        if batches.is_empty() {
            return Ok(());
        }
        let client = self.client().await?;
        let update = "UPDATE unsettled SET again = true, \
                      next_at = CASE WHEN $5 AND sealed_with IS DISTINCT FROM $2 THEN $3 ELSE next_at END, \
                      sent_again = CASE WHEN sealed_with IS DISTINCT FROM $2 THEN 0 ELSE sent_again END \
                      WHERE batch = ANY($1) AND NOT again AND (sealed_with IS DISTINCT FROM $2 OR sent_again < $4) \
                      AND NOT EXISTS (SELECT 1 FROM failures f WHERE f.batch = unsettled.batch AND f.step = 'uplink' \
                      AND f.state <> 'resolved')";
        let at_once = want == Want::Signed;
        client.execute(update, &[&batches, &key, &OffsetDateTime::from(now), &MOST_AGAIN, &at_once]).await?;
        Ok(())
    }

    /// Notes batches as sent again, sealed with the key of mark `key`; from here on they are asked for.
    pub async fn note_again(&self, batches: &[Uuid], key: i32, now: Moment) -> Result<(), StoreError> {
        let client = self.client().await?;
        let update = "UPDATE unsettled SET again = false, sent_again = sent_again + 1, sealed_with = $2, \
                      next_at = $3::timestamptz + least(INTERVAL '10 minutes' * power(2, least(asked, 10)), INTERVAL '1 day') \
                      WHERE batch = ANY($1)";
        client.execute(update, &[&batches, &key, &OffsetDateTime::from(now)]).await?;
        Ok(())
    }

    /// How many batches are unsettled, up to `most`.
    pub async fn unsettled(&self, most: i64) -> Result<i64, StoreError> {
        let client = self.client().await?;
        let count = "SELECT count(*) FROM (SELECT 1 FROM unsettled LIMIT $1) counted";
        Ok(client.query_one(count, &[&most]).await?.get(0))
    }

    /// Whether this parent has ever sent a receipt.
    pub async fn sends_receipts(&self, parent: Region) -> Result<bool, StoreError> {
        let client = self.client().await?;
        let select = "SELECT EXISTS (SELECT 1 FROM receipt_peers WHERE node = $1)";
        Ok(client.query_one(select, &[&(parent.number() as i32)]).await?.get(0))
    }

    /// Notes that this parent sends receipts.
    pub async fn note_sends_receipts(&self, parent: Region) -> Result<(), StoreError> {
        let client = self.client().await?;
        let insert = "INSERT INTO receipt_peers (node) VALUES ($1) ON CONFLICT DO NOTHING";
        client.execute(insert, &[&(parent.number() as i32)]).await?;
        Ok(())
    }
}
