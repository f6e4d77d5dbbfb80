//! The interface log (§6.1 接口日志信息查询): every exchange, accepted or refused, and every query.

mod filter;
mod read;
mod sources;

pub use filter::{BatchState, LogFilter, LogRow};

use super::{Store, StoreError};
use crate::standard::moment::Moment;
use crate::standard::month::Month;
use std::collections::BTreeSet;
use time::OffsetDateTime;
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

impl Store {
    /// Writes log entries; those already there are left as they are.
    ///
    /// An entry may have waited in its queue for longer than months are made ahead: its month is made then.
    pub async fn log(&self, entries: &[LogEntry]) -> Result<(), StoreError> {
        match self.insert_log(entries).await {
            Err(StoreError::NoMonth(_)) => {
                let months: BTreeSet<Month> =
                    entries.iter().map(|entry| Month::of(Moment::from_micros(entry.at_micros))).collect();
                for month in months {
                    self.make_month(month).await?;
                }
                self.insert_log(entries).await
            }
            result => result,
        }
    }

    async fn insert_log(&self, entries: &[LogEntry]) -> Result<(), StoreError> {
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
}
