//! Recording failed attempts.

use super::moves::next;
use super::{NewFailure, standing};
use crate::failure::{Event, Rule, Standing, Then};
use crate::standard::moment::Moment;
use crate::store::{Store, StoreError, batches};
use deadpool_postgres::Transaction;
use futures_util::future::try_join_all;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use time::OffsetDateTime;
use tokio_postgres::Statement;
use tokio_postgres::types::Json;
use uuid::Uuid;

const INSERT: &str = "INSERT INTO failures (id, batch, step, reason, detail, state, attempts, round, next_at, appid, random, \
     busicode, action, region, records, accepted_at, routing_key, headers, body, past, link) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21) \
     ON CONFLICT (id) DO NOTHING";
const UPDATE: &str = "UPDATE failures SET reason = $2, detail = $3, state = $4, attempts = $5, round = $6, next_at = $7, \
     last_at = now(), past = past || $8::jsonb WHERE id = $1";

impl Store {
    /// Records failed attempts in one transaction and says of each, in the order given, what is to follow. An attempt recorded
    /// before, or older than the last one, changes nothing.
    pub async fn fail(&self, failures: &[NewFailure], rule: &Rule, now: Moment) -> Result<Vec<Then>, StoreError> {
        let mut client = self.client().await?;
        let tx = client.transaction().await?;
        let mut standings = locked(&tx, failures).await?;
        let (insert, update) = (tx.prepare_cached(INSERT).await?, tx.prepare_cached(UPDATE).await?);
        let (mut follows, mut writes) = (Vec::with_capacity(failures.len()), Vec::new());
        for failure in failures {
            let before = standings.get(&failure.id).copied();
            let event = match failure.reason.is_final() {
                true => Event::Poisoned(failure.attempt),
                false => Event::Failed(failure.attempt),
            };
            let step = before.unwrap_or(Standing::NEW).on(event, rule);
            if let Some(to) = step.to {
                standings.insert(failure.id, to);
                writes.push((failure, to, before.is_none(), next(to, step.then, rule, now)));
            }
            follows.push(step.then);
        }
        // Sent together, done by PostgreSQL one after the other.
        try_join_all(writes.iter().map(|(failure, to, is_new, next)| async {
            match is_new {
                true => write_new(&tx, &insert, failure, *to, *next, now).await,
                false => write_again(&tx, &update, failure, *to, *next, now).await,
            }
        }))
        .await?;
        tx.commit().await?;
        Ok(follows)
    }
}

async fn locked(tx: &Transaction<'_>, failures: &[NewFailure]) -> Result<HashMap<Uuid, Standing>, StoreError> {
    let ids: Vec<Uuid> = failures.iter().map(|failure| failure.id).collect();
    let select = "SELECT id, state, round, attempts FROM failures WHERE id = ANY($1) ORDER BY id FOR UPDATE";
    let rows = tx.query(&tx.prepare_cached(select).await?, &[&ids]).await?;
    Ok(rows.iter().map(|row| (row.get(0), standing(row.get(1), row.get(2), row.get(3)))).collect())
}

async fn write_new(
    tx: &Transaction<'_>,
    insert: &Statement,
    failure: &NewFailure,
    to: Standing,
    next: Option<OffsetDateTime>,
    now: Moment,
) -> Result<(), StoreError> {
    let about = &failure.about;
    let headers: BTreeMap<String, String> =
        failure.headers.iter().map(|(name, value)| (clean(name), clean(value))).collect();
    tx.execute(
        insert,
        &[
            &failure.id,
            &failure.batch,
            &failure.step,
            &failure.reason.code(),
            &clean(&failure.detail),
            &to.state.as_str(),
            &(to.last.attempt as i32),
            &(to.last.round as i32),
            &next,
            &about.appid.as_deref().map(clean),
            &about.random.as_deref().map(clean),
            &about.busicode.map(|code| code.number() as i16),
            &about.action.map(batches::action_number),
            &about.region.map(|region| region.number() as i32),
            &about.records.map(|records| records as i32),
            &about.accepted.map(OffsetDateTime::from),
            &clean(&failure.routing_key),
            &Json(&headers),
            &failure.body,
            &Json(json!([passed(failure, now)])),
            &clean(&failure.link),
        ],
    )
    .await?;
    Ok(())
}

async fn write_again(
    tx: &Transaction<'_>,
    update: &Statement,
    failure: &NewFailure,
    to: Standing,
    next: Option<OffsetDateTime>,
    now: Moment,
) -> Result<(), StoreError> {
    tx.execute(
        update,
        &[
            &failure.id,
            &failure.reason.code(),
            &clean(&failure.detail),
            &to.state.as_str(),
            &(to.last.attempt as i32),
            &(to.last.round as i32),
            &next,
            &Json(json!([passed(failure, now)])),
        ],
    )
    .await?;
    Ok(())
}

/// What the row keeps of an attempt, so that all of them can be shown.
fn passed(failure: &NewFailure, now: Moment) -> Value {
    json!({
        "at": now.to_rfc3339(),
        "attempt": failure.attempt.token(),
        "reason": failure.reason.code(),
        "detail": clean(&failure.detail),
    })
}

/// Whatever a message says of itself, it must be kept: PostgreSQL holds no U+0000.
fn clean(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
