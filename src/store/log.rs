//! The interface log (§6.1 接口日志信息查询): every exchange, accepted or refused, and every query.

use super::{Store, StoreError};
use crate::standard::moment::Moment;
use crate::standard::region::Region;
use time::OffsetDateTime;
use tokio_postgres::Row;
use uuid::Uuid;

/// An exchange that made no batch: a refusal or a query.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct LogEntry {
    /// Made by the process that writes the entry, so that an entry delivered twice is one row.
    pub id: Uuid,
    /// Microseconds since 1970-01-01T00:00:00Z.
    pub at_micros: i64,
    /// As sent, shortened.
    pub appid: String,
    /// As sent, shortened.
    pub busicode: String,
    /// As sent, shortened.
    pub action: String,
    /// As sent, shortened.
    pub random: String,
    /// Rows answered by a query.
    pub records: u32,
    /// Length of the request's body.
    pub bytes: u64,
    /// Code of the refusal; empty for a success.
    pub code: String,
    /// Message of the answer.
    pub message: String,
    /// Time from the first byte of the body to the answer.
    pub millis: u32,
}

/// Conditions of a log query, all of which must hold (contract 6.1).
#[derive(Debug, Clone, Default)]
pub struct LogFilter {
    /// FROM, inclusive.
    pub from: Option<Moment>,
    /// UNTIL, exclusive.
    pub until: Option<Moment>,
    /// APPID.
    pub appid: Option<String>,
    /// The entering node: an app of the same name at another node is another app.
    pub entered_at: Option<Region>,
    /// BUSICODE and the request's own, where they are given: a row must have all of them.
    pub busicodes: Vec<String>,
    /// ACTION.
    pub action: Option<String>,
    /// REGION: covers all below.
    pub region: Option<Region>,
    /// RANDOM.
    pub random: Option<String>,
    /// BATCH.
    pub batch: Option<Uuid>,
    /// RESULT.
    pub result: Option<String>,
    /// STATE.
    pub state: Option<String>,
    /// SIZE.
    pub size: u32,
    /// AFTER.
    pub after: Option<(Moment, Uuid)>,
}

/// One row of the log.
#[derive(Debug, Clone)]
pub struct LogRow {
    /// Breaks ties of time in the cursor.
    pub id: Uuid,
    /// When the exchange was answered; of a batch, when its entering node accepted it.
    pub at: Moment,
    /// The sender at the entering node.
    pub appid: String,
    /// §6.2.2, table 2; as sent where the exchange was refused.
    pub busicode: String,
    /// §6.2.2, table 3; as sent where the exchange was refused.
    pub action: String,
    /// The smallest region that covers every record of the batch.
    pub region: Option<Region>,
    /// The sender's random.
    pub random: String,
    /// The batch, if the exchange made one.
    pub batch: Option<Uuid>,
    /// Records of the batch, or rows answered.
    pub records: u32,
    /// Of the busilist, or of a refused request's body.
    pub bytes: u64,
    /// `0001` or `0000`.
    pub result: String,
    /// Code of the refusal or the failure; `STALE` for a batch with changes older than what was there.
    pub code: String,
    /// The message for people.
    pub message: String,
    /// Duration at the door.
    pub millis: u32,
    /// State at this node; empty where there is no batch.
    pub state: String,
    /// The nodes passed, as JSON, where there is a batch.
    pub trace: Option<serde_json::Value>,
    /// When this node committed it.
    pub persisted: Option<Moment>,
}

// PostgreSQL pushes the conditions into each branch, so each is read by its own index.
const SELECT: &str = "\
SELECT id, at, appid, busicode, action, region, random, batch, records, bytes, result, code, message, millis, state, \
trace, persisted_at FROM (\
SELECT b.id, b.accepted_at AS at, b.appid, lpad(b.busicode::text, 3, '0') AS busicode, \
lpad(b.action::text, 2, '0') AS action, b.region, b.random, b.id AS batch, b.records, b.bytes::bigint AS bytes, \
'0001' AS result, CASE WHEN b.stale > 0 THEN 'STALE' ELSE '' END AS code, \
CASE WHEN b.stale > 0 THEN b.stale || '条早于已有数据' ELSE '' END AS message, \
coalesce((b.evidence->>'millis')::int, 0) AS millis, b.origin, \
CASE WHEN EXISTS (SELECT 1 FROM failures f WHERE f.batch = b.id AND f.state = 'resolved') \
THEN 'resolved' ELSE 'persisted' END AS state, b.trace, b.persisted_at \
FROM batches b \
UNION ALL SELECT f.id, coalesce(f.accepted_at, f.first_at), coalesce(f.appid, ''), \
coalesce(lpad(f.busicode::text, 3, '0'), ''), coalesce(lpad(f.action::text, 2, '0'), ''), f.region, \
coalesce(f.random, ''), f.batch, coalesce(f.records, 0), 0, '0001', f.reason, f.detail, 0, \
CASE WHEN f.headers->>'sesame-origin' ~ '^[0-9]{6}$' THEN (f.headers->>'sesame-origin')::int END, \
CASE f.state WHEN 'retrying' THEN 'failed' ELSE 'parked' END, NULL, NULL \
FROM failures f WHERE f.state <> 'resolved' \
UNION ALL SELECT l.id, l.at, l.appid, l.busicode, l.action, l.region, l.random, NULL, l.records, l.bytes, \
CASE WHEN l.code = '' THEN '0001' ELSE '0000' END, l.code, l.message, l.millis, NULL, '', NULL, NULL FROM log l\
) entry WHERE ($1::timestamptz IS NULL OR at >= $1) AND ($2::timestamptz IS NULL OR at < $2) \
AND ($3::text IS NULL OR appid = $3) AND busicode = ALL($4::text[]) AND ($5::text IS NULL OR action = $5) \
AND ($6::int IS NULL OR region BETWEEN $6 AND $7) AND ($8::text IS NULL OR random = $8) \
AND ($9::uuid IS NULL OR batch = $9) AND ($10::text IS NULL OR result = $10) AND ($11::text IS NULL OR state = $11) \
AND ($12::timestamptz IS NULL OR (at, id) > ($12, $13)) \
AND ($15::int IS NULL OR origin IS NULL OR origin = $15) ORDER BY at, id LIMIT $14";

impl Store {
    /// Writes log entries; those already there are left as they are.
    pub async fn log(&self, entries: &[LogEntry]) -> Result<(), StoreError> {
        let client = self.client().await?;
        let statement = client
            .prepare_cached(
                "INSERT INTO log (id, at, appid, busicode, action, random, records, bytes, code, message, millis) \
                 SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[], \
                 $7::int[], $8::bigint[], $9::text[], $10::text[], $11::int[]) ON CONFLICT DO NOTHING",
            )
            .await?;
        let ids: Vec<Uuid> = entries.iter().map(|e| e.id).collect();
        let at: Vec<OffsetDateTime> = entries.iter().map(|e| Moment::from_micros(e.at_micros).into()).collect();
        let text = |of: fn(&LogEntry) -> &str| entries.iter().map(|e| of(e).replace('\0', "\u{fffd}")).collect();
        let (appids, busicodes, actions): (Vec<String>, Vec<String>, Vec<String>) =
            (text(|e| &e.appid), text(|e| &e.busicode), text(|e| &e.action));
        let (randoms, codes, messages): (Vec<String>, Vec<String>, Vec<String>) =
            (text(|e| &e.random), text(|e| &e.code), text(|e| &e.message));
        let records: Vec<i32> = entries.iter().map(|e| e.records as i32).collect();
        let bytes: Vec<i64> = entries.iter().map(|e| e.bytes as i64).collect();
        let millis: Vec<i32> = entries.iter().map(|e| i32::try_from(e.millis).unwrap_or(i32::MAX)).collect();
        client
            .execute(
                &statement,
                &[&ids, &at, &appids, &busicodes, &actions, &randoms, &records, &bytes, &codes, &messages, &millis],
            )
            .await?;
        Ok(())
    }

    /// One page of the log in the order of time, and whether there is more.
    pub async fn read_log(&self, filter: &LogFilter) -> Result<(Vec<LogRow>, bool), StoreError> {
        let client = self.client().await?;
        let statement = client.prepare_cached(SELECT).await?;
        let span = filter.region.map(Region::span);
        let rows = client
            .query(
                &statement,
                &[
                    &filter.from.map(OffsetDateTime::from),
                    &filter.until.map(OffsetDateTime::from),
                    &filter.appid,
                    &filter.busicodes,
                    &filter.action,
                    &span.map(|(first, _)| first as i32),
                    &span.map(|(_, last)| last as i32),
                    &filter.random,
                    &filter.batch,
                    &filter.result,
                    &filter.state,
                    &filter.after.map(|(at, _)| OffsetDateTime::from(at)),
                    &filter.after.map(|(_, id)| id),
                    &(i64::from(filter.size) + 1),
                    &filter.entered_at.map(|region| region.number() as i32),
                ],
            )
            .await?;
        let more = rows.len() > filter.size as usize;
        let rows = rows.iter().take(filter.size as usize).map(row).collect::<Result<_, _>>()?;
        Ok((rows, more))
    }
}

fn row(row: &Row) -> Result<LogRow, StoreError> {
    let region: Option<i32> = row.get(5);
    Ok(LogRow {
        id: row.get(0),
        at: row.get::<_, OffsetDateTime>(1).into(),
        appid: row.get(2),
        busicode: row.get(3),
        action: row.get(4),
        region: region.map(super::batches::region).transpose()?,
        random: row.get(6),
        batch: row.get(7),
        records: row.get::<_, i32>(8) as u32,
        bytes: row.get::<_, i64>(9) as u64,
        result: row.get(10),
        code: row.get(11),
        message: row.get(12),
        millis: row.get::<_, i32>(13) as u32,
        state: row.get(14),
        trace: row.get(15),
        persisted: row.get::<_, Option<OffsetDateTime>>(16).map(Moment::from),
    })
}
