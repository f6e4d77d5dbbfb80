//! Carrying out operators' acts, a few failures at a time. One process works on an act at a time; what it has begun and not ended
//! another one finds as it is.

use super::acts::{ActEvent, ActKind, ActRow, ActState, COLUMNS, NewAct, Progress, row_of};
use super::moves::{due, move_each};
use super::{DueFailure, acts};
use crate::failure::{Attempt, Event, Rule};
use crate::standard::moment::Moment;
use crate::store::{Store, StoreError};
use deadpool_postgres::Transaction;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashSet};
use time::OffsetDateTime;
use tokio_postgres::types::{Json, ToSql};
use uuid::Uuid;

/// What was done of an act.
#[derive(Debug, Clone)]
pub struct Carried {
    /// The act, as it stands now.
    pub act: ActRow,
    /// How many of its failures were begun now.
    pub begun: u32,
    /// The messages that are to be published now.
    pub due: Vec<DueFailure>,
    /// The headers of those that were discarded now: whoever sent them is to know.
    pub discarded: Vec<BTreeMap<String, String>>,
}

/// What was begun of an act's failures.
#[derive(Default)]
struct Begun {
    due: Vec<DueFailure>,
    discarded: Vec<BTreeMap<String, String>>,
}

/// Published and not settled failures of one act, at most: more would only lie in a queue before fresh batches.
const MOST_UNDER_WAY: u32 = 1_000;

impl Store {
    /// The acts under way, oldest first, each with the most it may begin in a second; also those that begin no more, while
    /// something is not known yet of what they have begun.
    pub async fn open_acts(&self) -> Result<Vec<(Uuid, u32)>, StoreError> {
        let sql = "SELECT id, per_second FROM desk_acts WHERE state IN ('canary', 'running') OR sent > 0 ORDER BY asked_at, id";
        let rows = self.client().await?.query(sql, &[]).await?;
        Ok(rows.iter().map(|row| (row.get(0), row.get::<_, i32>(1) as u32)).collect())
    }

    /// Settles what is known of an act's failures and begins up to `most` more. `None` while another process has it, or nothing is
    /// to be done about it.
    pub async fn carry_act(
        &self,
        id: Uuid,
        most: u32,
        rule: &Rule,
        now: Moment,
    ) -> Result<Option<Carried>, StoreError> {
        let mut client = self.client().await?;
        let tx = client.transaction().await?;
        let select = format!("SELECT {COLUMNS} FROM desk_acts WHERE id = $1 FOR UPDATE SKIP LOCKED");
        let Some(row) = tx.query_opt(&select, &[&id]).await? else { return Ok(None) };
        let mut act = acts::row_of(&row)?;
        if !act.state.goes_on() && act.progress.sent == 0 {
            return Ok(None);
        }
        settle(&tx, &mut act).await?;
        judge_canary(&mut act, now);
        let waiting = act.progress.waiting();
        let mut begun_now = Begun::default();
        if act.state.goes_on() {
            begun_now = begin(&tx, &mut act, most, rule, now).await?;
        }
        let begun = waiting - act.progress.waiting();
        if !act.state.is_over() && act.progress.waiting() == 0 && act.progress.sent == 0 {
            (act.state, act.ended) = (ActState::Done, Some(now));
        }
        let act = write(&tx, &act).await?;
        tx.commit().await?;
        let Begun { due, discarded } = begun_now;
        Ok(Some(Carried { act, begun, due, discarded }))
    }
}

/// Takes the verdicts on what was published.
async fn settle(tx: &Transaction<'_>, act: &mut ActRow) -> Result<(), StoreError> {
    if act.progress.sent == 0 {
        return Ok(());
    }
    let update = "UPDATE desk_items i SET state = CASE f.state WHEN 'resolved' THEN 'resolved' ELSE 'failed' END FROM failures f \
         WHERE i.act = $1 AND i.state = 'sent' AND f.id = i.failure \
         AND (f.state <> 'retrying' OR f.attempts > 0 OR f.round > i.round + 1) RETURNING i.state";
    for row in tx.query(&tx.prepare_cached(update).await?, &[&act.asked.id]).await? {
        act.progress.sent -= 1;
        match row.get::<_, &str>(0) {
            "resolved" => act.progress.resolved += 1,
            _ => act.progress.failed += 1,
        }
    }
    Ok(())
}

/// Goes on once all of the canary have gone through, and pauses if one of them failed again.
fn judge_canary(act: &mut ActRow, now: Moment) {
    if act.state != ActState::Canary {
        return;
    }
    let Progress { total, sent, failed, skipped, .. } = act.progress;
    let (begun, total) = (act.progress.begun(), total - skipped);
    if failed > 0 && sent == 0 {
        act.state = ActState::Paused;
        let why = format!("{failed} of the first {begun} failed again: look at them before you resume");
        act.past.push(ActEvent { at: now.to_rfc3339(), by: "sesame".to_owned(), act: "pause".to_owned(), why });
    } else if sent == 0 && begun >= act.asked.canary.min(total) {
        act.state = ActState::Running;
    }
}

/// Begins the next failures, each only if it has not moved on since the act was asked for.
async fn begin(
    tx: &Transaction<'_>,
    act: &mut ActRow,
    most: u32,
    rule: &Rule,
    now: Moment,
) -> Result<Begun, StoreError> {
    let passed = act.progress.total - act.progress.waiting();
    let room = match act.state {
        ActState::Canary => act.asked.canary.saturating_sub(act.progress.begun()),
        _ => MOST_UNDER_WAY.saturating_sub(act.progress.sent),
    };
    // All up to `passed` have had their turn: without saying so, PostgreSQL would pass over each of them every time.
    let select = "SELECT ordinal, failure, round, attempts FROM desk_items \
         WHERE act = $1 AND ordinal > $2 AND state = 'waiting' ORDER BY ordinal LIMIT $3";
    let parameters: [&(dyn ToSql + Sync); 3] = [&act.asked.id, &(passed as i32), &i64::from(most.min(room))];
    let rows = tx.query(&tx.prepare_cached(select).await?, &parameters).await?;
    let items: Vec<(i32, Uuid, Event)> = rows
        .iter()
        .map(|row| {
            let seen = Attempt { round: row.get::<_, i32>(2) as u32, attempt: row.get::<_, i32>(3) as u32 };
            let event = match act.asked.kind {
                ActKind::Replay => Event::Replayed(seen),
                ActKind::Discard => Event::Discarded(seen),
            };
            (row.get(0), row.get(1), event)
        })
        .collect();
    if items.is_empty() {
        return Ok(Begun::default());
    }
    let events: Vec<(Uuid, Event)> = items.iter().map(|(_, id, event)| (*id, *event)).collect();
    let steps = move_each(tx, &events, Some(entry(act, now)), rule, now).await?;
    let moved: HashSet<Uuid> = steps.iter().map(|(id, _)| *id).collect();
    let done = match act.asked.kind {
        ActKind::Replay => "sent",
        ActKind::Discard => "discarded",
    };
    let states: Vec<&str> = items.iter().map(|(_, id, _)| if moved.contains(id) { done } else { "skipped" }).collect();
    let ordinals: Vec<i32> = items.iter().map(|(ordinal, _, _)| *ordinal).collect();
    let update = "UPDATE desk_items i SET state = u.state FROM unnest($2::int[], $3::text[]) AS u(ordinal, state) \
         WHERE i.act = $1 AND i.ordinal = u.ordinal";
    tx.execute(&tx.prepare_cached(update).await?, &[&act.asked.id, &ordinals, &states]).await?;
    let begun = moved.len() as u32;
    act.progress.skipped += items.len() as u32 - begun;
    match act.asked.kind {
        ActKind::Replay => act.progress.sent += begun,
        ActKind::Discard => act.progress.discarded += begun,
    }
    let discarded = match act.asked.kind {
        ActKind::Replay => Vec::new(),
        ActKind::Discard => headers(tx, &moved.into_iter().collect::<Vec<_>>()).await?,
    };
    Ok(Begun { due: due(tx, &steps).await?, discarded })
}

async fn headers(tx: &Transaction<'_>, failures: &[Uuid]) -> Result<Vec<BTreeMap<String, String>>, StoreError> {
    let select = tx.prepare_cached("SELECT headers FROM failures WHERE id = ANY($1)").await?;
    let rows = tx.query(&select, &[&failures]).await?;
    Ok(rows.iter().map(|row| row.get::<_, Json<_>>(0).0).collect())
}

/// What the past of each failure says of who did what to it, and why.
fn entry(act: &ActRow, now: Moment) -> Value {
    let NewAct { id, kind, by, why, .. } = &act.asked;
    json!({"at": now.to_rfc3339(), "act": kind.as_str(), "id": id, "by": by, "why": why})
}

async fn write(tx: &Transaction<'_>, act: &ActRow) -> Result<ActRow, StoreError> {
    let Progress { sent, resolved, failed, skipped, discarded, .. } = act.progress;
    let ended = act.ended.map(OffsetDateTime::from);
    let [sent, resolved, failed, skipped, discarded] =
        [sent, resolved, failed, skipped, discarded].map(|count| count as i32);
    let update = format!(
        "UPDATE desk_acts SET state = $2, past = $3, sent = $4, resolved = $5, failed = $6, skipped = $7, discarded = $8, \
         ended_at = $9 WHERE id = $1 RETURNING {COLUMNS}"
    );
    let row = tx
        .query_one(
            &tx.prepare_cached(&update).await?,
            &[
                &act.asked.id,
                &act.state.as_str(),
                &Json(&act.past),
                &sent,
                &resolved,
                &failed,
                &skipped,
                &discarded,
                &ended,
            ],
        )
        .await?;
    row_of(&row)
}
