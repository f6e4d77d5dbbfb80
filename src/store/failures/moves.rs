//! What happens to failures that are there.

use super::{DueFailure, standing};
use crate::failure::{Attempt, Event, Rule, STEPS, Standing, Step, Then};
use crate::standard::moment::Moment;
use crate::store::{Store, StoreError, batches};
use deadpool_postgres::Transaction;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;
use time::OffsetDateTime;
use tokio_postgres::types::{Json, ToSql};
use uuid::Uuid;

/// Lets an event happen to each of these failures, and says what follows of those that it means something to. `note` is added to
/// the past of each of those.
pub(super) async fn move_each(
    tx: &Transaction<'_>,
    events: &[(Uuid, Event)],
    note: Option<Value>,
    rule: &Rule,
    now: Moment,
) -> Result<Vec<(Uuid, Step)>, StoreError> {
    let mut happened: HashMap<Uuid, Vec<Event>> = HashMap::new();
    for (id, event) in events {
        happened.entry(*id).or_default().push(*event);
    }
    let ids: Vec<Uuid> = happened.keys().copied().collect();
    let select = "SELECT id, state, round, attempts FROM failures WHERE id = ANY($1) ORDER BY id FOR UPDATE";
    let rows = tx.query(&tx.prepare_cached(select).await?, &[&ids]).await?;
    let (mut steps, mut writes) = (Vec::new(), Writes::default());
    for row in rows {
        let id: Uuid = row.get(0);
        let mut at = standing(row.get(1), row.get(2), row.get(3));
        for event in happened.get(&id).into_iter().flatten() {
            let step = at.on(*event, rule);
            if step.to.is_some() || step.then != Then::Nothing {
                at = step.to.unwrap_or(at);
                writes.push(id, at, next(at, step.then, rule, now));
                steps.push((id, step));
            }
        }
    }
    writes.run(tx, note).await?;
    Ok(steps)
}

/// When something happens to a failure next, by itself. An attempt that is under way counts as due now: it is overdue when
/// nothing has been heard of it for long.
pub(super) fn next(at: Standing, then: Then, rule: &Rule, now: Moment) -> Option<OffsetDateTime> {
    let pause = match then {
        Then::Wait(pause) => rule.length(pause),
        Then::Try(_) => Duration::ZERO,
        Then::Nothing if at.state.is_waiting() => Duration::ZERO,
        Then::Nothing => return None,
    };
    let micros = i64::try_from(pause.as_micros()).unwrap_or(i64::MAX);
    Some(OffsetDateTime::from(now.plus_micros(micros)))
}

#[derive(Default)]
struct Writes {
    ids: Vec<Uuid>,
    states: Vec<&'static str>,
    rounds: Vec<i32>,
    attempts: Vec<i32>,
    next: Vec<Option<OffsetDateTime>>,
}

impl Writes {
    fn push(&mut self, id: Uuid, at: Standing, next: Option<OffsetDateTime>) {
        self.ids.push(id);
        self.states.push(at.state.as_str());
        self.rounds.push(at.last.round as i32);
        self.attempts.push(at.last.attempt as i32);
        self.next.push(next);
    }

    /// One new version of each row: most of its indices have an entry for each.
    async fn run(&self, tx: &Transaction<'_>, note: Option<Value>) -> Result<(), StoreError> {
        if self.ids.is_empty() {
            return Ok(());
        }
        let update = "UPDATE failures f SET state = u.state, round = u.round, attempts = u.attempts, next_at = u.next_at, \
             past = CASE WHEN $6::jsonb IS NULL THEN f.past ELSE f.past || $6::jsonb END \
             FROM unnest($1::uuid[], $2::text[], $3::int[], $4::int[], $5::timestamptz[]) \
             AS u(id, state, round, attempts, next_at) WHERE f.id = u.id";
        let update = tx.prepare_cached(update).await?;
        let note = note.map(|entry| Json(json!([entry])));
        tx.execute(&update, &[&self.ids, &self.states, &self.rounds, &self.attempts, &self.next, &note]).await?;
        Ok(())
    }
}

/// Marks the failures of these ids as resolved, wherever they stood ([`Event::Succeeded`]): their batch has been committed.
pub(in crate::store) async fn resolve(tx: &Transaction<'_>, ids: &[Uuid]) -> Result<(), StoreError> {
    let update = "UPDATE failures SET state = 'resolved', next_at = NULL WHERE id IN \
         (SELECT id FROM failures WHERE id = ANY($1) AND state <> 'resolved' ORDER BY id FOR UPDATE) RETURNING batch";
    let rows = tx.query(&tx.prepare_cached(update).await?, &[&ids]).await?;
    batches::note_resolved(tx, &rows.iter().filter_map(|row| row.get(0)).collect::<Vec<Uuid>>()).await
}

/// The messages of those that are to be tried.
pub(super) async fn due(tx: &Transaction<'_>, steps: &[(Uuid, Step)]) -> Result<Vec<DueFailure>, StoreError> {
    let tries: HashMap<Uuid, Attempt> = steps
        .iter()
        .filter_map(|(id, step)| match step.then {
            Then::Try(attempt) => Some((*id, attempt)),
            Then::Nothing | Then::Wait(_) => None,
        })
        .collect();
    if tries.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = tries.keys().copied().collect();
    let select = tx
        .prepare_cached(
            "SELECT id, step, routing_key, headers, octet_length(body), reason FROM failures WHERE id = ANY($1)",
        )
        .await?;
    let rows = tx.query(&select, &[&ids]).await?;
    let due = rows.iter().filter_map(|row| {
        let id = row.get(0);
        Some(DueFailure {
            id,
            step: row.get(1),
            reason: row.get::<_, &str>(5).parse().ok(),
            attempt: *tries.get(&id)?,
            routing_key: row.get(2),
            headers: row.get::<_, Json<BTreeMap<String, String>>>(3).0,
            body_bytes: row.get::<_, i32>(4) as usize,
        })
    });
    Ok(due.collect())
}

impl Store {
    /// Marks a failure as resolved, if there is one of this id.
    pub async fn resolve_failure(&self, id: Uuid) -> Result<(), StoreError> {
        let mut client = self.client().await?;
        let tx = client.transaction().await?;
        resolve(&tx, &[id]).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The failures whose pause has passed, of these tokens; a token that is stale brings nothing back.
    pub async fn failures_returned(
        &self,
        tokens: &[(Uuid, Attempt)],
        rule: &Rule,
        now: Moment,
    ) -> Result<Vec<DueFailure>, StoreError> {
        let mut client = self.client().await?;
        let tx = client.transaction().await?;
        let events: Vec<(Uuid, Event)> = tokens.iter().map(|(id, token)| (*id, Event::Returned(*token))).collect();
        let steps = move_each(&tx, &events, None, rule, now).await?;
        let due = due(&tx, &steps).await?;
        tx.commit().await?;
        Ok(due)
    }

    /// The bodies of the messages of these failures, zstd; of those that are still there.
    pub async fn failure_bodies(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, Vec<u8>>, StoreError> {
        let client = self.client().await?;
        let select = client.prepare_cached("SELECT id, body FROM failures WHERE id = ANY($1)").await?;
        let rows = client.query(&select, &[&ids]).await?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    /// The steps at which failures were due before `before`.
    pub async fn steps_overdue(&self, before: Moment) -> Result<Vec<String>, StoreError> {
        let client = self.client().await?;
        let select = "SELECT step FROM unnest($2::text[]) AS s(step) \
             WHERE EXISTS (SELECT FROM failures f WHERE f.step = s.step AND next_at <= $1)";
        let parameters: [&(dyn ToSql + Sync); 2] = [&OffsetDateTime::from(before), &STEPS.as_slice()];
        let rows = client.query(&client.prepare_cached(select).await?, &parameters).await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// Takes failures of a step that were due before `before`. No other process takes them for as long again.
    pub async fn failures_overdue(
        &self,
        step: &str,
        before: Moment,
        limit: i64,
        rule: &Rule,
        now: Moment,
    ) -> Result<Vec<DueFailure>, StoreError> {
        let mut client = self.client().await?;
        let tx = client.transaction().await?;
        let select = "SELECT id FROM failures WHERE step = $1 AND next_at <= $2 ORDER BY next_at LIMIT $3 \
             FOR UPDATE SKIP LOCKED";
        let before = OffsetDateTime::from(before);
        let rows = tx.query(&tx.prepare_cached(select).await?, &[&step, &before, &limit]).await?;
        let events: Vec<(Uuid, Event)> = rows.iter().map(|row| (row.get(0), Event::Overdue)).collect();
        let steps = move_each(&tx, &events, None, rule, now).await?;
        let due = due(&tx, &steps).await?;
        tx.commit().await?;
        Ok(due)
    }

    /// Lets failures that were taken, and could not be published, be due again at `at`; one that something has happened to
    /// since is left.
    pub async fn put_off_failures(&self, ids: &[Uuid], taken: Moment, at: Moment) -> Result<(), StoreError> {
        if ids.is_empty() {
            return Ok(());
        }
        let client = self.client().await?;
        client
            .execute(
                "UPDATE failures SET next_at = $3 WHERE id = ANY($1) AND next_at = $2",
                &[&ids, &OffsetDateTime::from(taken), &OffsetDateTime::from(at)],
            )
            .await?;
        Ok(())
    }
}
