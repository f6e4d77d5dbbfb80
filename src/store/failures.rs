//! What could not be applied or forwarded. The row is the truth; what lies on the broker carries only a token.

use super::{Store, StoreError};
use crate::standard::code::{Action, BusinessCode};
use crate::standard::moment::Moment;
use crate::standard::region::Region;
use deadpool_postgres::Transaction;
use std::collections::BTreeMap;
use time::OffsetDateTime;
use tokio_postgres::types::Json;
use uuid::Uuid;

/// Where a failure stands (contract 6.1, STATE).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureState {
    /// Within a round of three attempts.
    Retrying,
    /// Three attempts are used up: marked failed, tried again after 24 hours (§7.4).
    Failed,
}

impl FailureState {
    fn as_str(self) -> &'static str {
        match self {
            FailureState::Retrying => "retrying",
            FailureState::Failed => "failed",
        }
    }
}

/// A failed attempt, ready to be recorded.
#[derive(Debug, Clone)]
pub struct NewFailure {
    /// Derived from the message, so that a redelivery is the same failure.
    pub id: Uuid,
    /// The batch, where the message tells.
    pub batch: Option<Uuid>,
    /// The step at which it failed.
    pub step: &'static str,
    /// A stable code.
    pub reason: &'static str,
    /// The reason for people.
    pub detail: String,
    /// Where it stands after this attempt.
    pub state: FailureState,
    /// The round of this attempt, from 1.
    pub round: u32,
    /// The attempt within the round, from 1.
    pub attempt: u32,
    /// When it is tried again.
    pub next: Moment,
    /// What the message tells of itself.
    pub about: About,
    /// Routing key of the message.
    pub routing_key: String,
    /// Headers of the message.
    pub headers: BTreeMap<String, String>,
    /// Body of the message, zstd.
    pub body: Vec<u8>,
}

/// What a message tells of itself, as far as it can be read.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// The sender's appid at the entering node.
    pub appid: Option<String>,
    /// The sender's random.
    pub random: Option<String>,
    /// The dataset.
    pub busicode: Option<BusinessCode>,
    /// What the batch does.
    pub action: Option<Action>,
    /// The smallest region that covers every record.
    pub region: Option<Region>,
    /// How many records it has.
    pub records: Option<u32>,
    /// When the entering node accepted it.
    pub accepted: Option<Moment>,
}

/// A failure whose time has come.
#[derive(Debug, Clone)]
pub struct DueFailure {
    /// Its id.
    pub id: Uuid,
    /// The step at which it failed.
    pub step: String,
    /// The round of its last attempt.
    pub round: u32,
    /// Its last attempt within the round.
    pub attempt: u32,
    /// Routing key of the message.
    pub routing_key: String,
    /// Headers of the message.
    pub headers: BTreeMap<String, String>,
    /// Body of the message, zstd.
    pub body: Vec<u8>,
}

/// Marks the failures of these ids as resolved: their batch has been committed.
pub(super) async fn resolve(tx: &Transaction<'_>, ids: &[Uuid]) -> Result<(), StoreError> {
    let statement = tx
        .prepare_cached(
            "UPDATE failures SET state = 'resolved', next_at = NULL WHERE id = ANY($1) AND state <> 'resolved' RETURNING batch",
        )
        .await?;
    let rows = tx.query(&statement, &[&ids]).await?;
    super::batches::note_resolved(tx, &rows.iter().filter_map(|row| row.get(0)).collect::<Vec<Uuid>>()).await
}

impl Store {
    /// Records a failed attempt. An attempt already recorded, or older than the last one, changes nothing.
    pub async fn fail(&self, failure: &NewFailure) -> Result<(), StoreError> {
        let client = self.client().await?;
        let about = &failure.about;
        // Whatever a message says of itself, it must be kept: PostgreSQL holds no U+0000.
        let clean = |text: &str| text.replace('\0', "\u{fffd}");
        let headers: BTreeMap<String, String> =
            failure.headers.iter().map(|(name, value)| (clean(name), clean(value))).collect();
        client
            .execute(
                "INSERT INTO failures AS f (id, batch, step, reason, detail, state, attempts, round, next_at, appid, \
                 random, busicode, action, region, records, accepted_at, routing_key, headers, body) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) \
                 ON CONFLICT (id) DO UPDATE SET reason = excluded.reason, detail = excluded.detail, \
                 state = excluded.state, attempts = excluded.attempts, round = excluded.round, \
                 next_at = excluded.next_at, last_at = now() \
                 WHERE (f.round, f.attempts) < (excluded.round, excluded.attempts) AND f.state <> 'resolved'",
                &[
                    &failure.id,
                    &failure.batch,
                    &failure.step,
                    &failure.reason,
                    &clean(&failure.detail),
                    &failure.state.as_str(),
                    &(failure.attempt as i32),
                    &(failure.round as i32),
                    &OffsetDateTime::from(failure.next),
                    &about.appid.as_deref().map(clean),
                    &about.random.as_deref().map(clean),
                    &about.busicode.map(|code| code.number() as i16),
                    &about.action.map(super::batches::action_number),
                    &about.region.map(|region| region.number() as i32),
                    &about.records.map(|records| records as i32),
                    &about.accepted.map(OffsetDateTime::from),
                    &clean(&failure.routing_key),
                    &Json(&headers),
                    &failure.body,
                ],
            )
            .await?;
        Ok(())
    }

    /// Marks a failure as resolved, if there is one of this id.
    pub async fn resolve_failure(&self, id: Uuid) -> Result<(), StoreError> {
        let mut client = self.client().await?;
        let tx = client.transaction().await?;
        resolve(&tx, &[id]).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Takes failures whose time has come, and puts their next time off to `lease` so that no other process takes them
    /// meanwhile and none is forgotten if this one dies.
    pub async fn take_due_failures(
        &self,
        now: Moment,
        lease: Moment,
        limit: i64,
    ) -> Result<Vec<DueFailure>, StoreError> {
        let client = self.client().await?;
        let rows = client
            .query(
                "UPDATE failures f SET next_at = $2 FROM \
                 (SELECT id FROM failures WHERE next_at <= $1 ORDER BY next_at LIMIT $3 FOR UPDATE SKIP LOCKED) due \
                 WHERE f.id = due.id \
                 RETURNING f.id, f.step, f.round, f.attempts, f.routing_key, f.headers, f.body",
                &[&OffsetDateTime::from(now), &OffsetDateTime::from(lease), &limit],
            )
            .await?;
        Ok(rows
            .iter()
            .map(|row| DueFailure {
                id: row.get(0),
                step: row.get(1),
                round: row.get::<_, i32>(2) as u32,
                attempt: row.get::<_, i32>(3) as u32,
                routing_key: row.get(4),
                headers: row.get::<_, Json<BTreeMap<String, String>>>(5).0,
                body: row.get(6),
            })
            .collect())
    }

    /// Puts failures off from the time `taken` they were given when taken; one that has got another verdict since is left.
    pub async fn put_off_failures(&self, ids: &[Uuid], taken: Moment, until: Moment) -> Result<(), StoreError> {
        if ids.is_empty() {
            return Ok(());
        }
        let (taken, until) = (OffsetDateTime::from(taken), OffsetDateTime::from(until));
        let client = self.client().await?;
        client
            .execute("UPDATE failures SET next_at = $3 WHERE id = ANY($1) AND next_at = $2", &[&ids, &taken, &until])
            .await?;
        Ok(())
    }

    /// Failures by step, reason and state, for the metrics.
    pub async fn failure_counts(&self) -> Result<Vec<(String, String, String, i64)>, StoreError> {
        let client = self.client().await?;
        let rows = client
            .query("SELECT step, reason, state, count(*) FROM failures GROUP BY step, reason, state", &[])
            .await?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3))).collect())
    }
}
