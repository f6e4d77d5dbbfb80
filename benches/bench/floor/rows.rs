//! From messages to the columns of the two tables.

use anyhow::{Context, Result};
use bytes::{BufMut, BytesMut};
use lapin::message::Delivery;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::HashMap;
use std::error::Error;
use time::OffsetDateTime;
use tokio_postgres::types::{IsNull, ToSql, Type, accepts, to_sql_checked};
use uuid::Uuid;

/// The columns of everything in a group of messages.
#[derive(Default)]
pub(super) struct Rows<'a> {
    pub(super) batches: Vec<Uuid>,
    pub(super) ordinals: Vec<i32>,
    pub(super) datasets: Vec<&'a str>,
    pub(super) keys: Vec<&'a str>,
    pub(super) regions: Vec<&'a str>,
    pub(super) actions: Vec<i16>,
    pub(super) payloads: Vec<Jsonb<'a>>,
    pub(super) times: Vec<OffsetDateTime>,
    /// Whether no later row of the group has the same key: one statement may not touch a record twice.
    pub(super) last: Vec<bool>,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    busicode: &'a str,
    action: &'a str,
    #[serde(borrow)]
    busilist: Vec<&'a RawValue>,
}

/// The fields that are columns; the names are those of `corpus::KEY_FIELD` and of the region in every dataset.
#[derive(Deserialize)]
struct Columns<'a> {
    #[serde(rename = "JCJLBH")]
    key: &'a str,
    #[serde(rename = "XZQHDM")]
    region: &'a str,
}

impl<'a> Rows<'a> {
    /// Reads every record of a group.
    pub(super) fn read(group: &'a [Delivery]) -> Result<Self> {
        let (mut rows, now) = (Self::default(), OffsetDateTime::now_utc());
        for delivery in group {
            let id = delivery.properties.message_id().as_ref().context("a message id")?;
            let batch = Uuid::parse_str(id.as_str())?;
            let envelope: Envelope<'a> = serde_json::from_slice(&delivery.data)?;
            let action = envelope.action.parse()?;
            for (ordinal, record) in envelope.busilist.into_iter().enumerate() {
                let columns: Columns<'a> = serde_json::from_str(record.get())?;
                rows.batches.push(batch);
                rows.ordinals.push(ordinal as i32);
                rows.datasets.push(envelope.busicode);
                rows.keys.push(columns.key);
                rows.regions.push(columns.region);
                rows.actions.push(action);
                rows.payloads.push(Jsonb(record.get()));
                rows.times.push(now);
            }
        }
        rows.fold();
        Ok(rows)
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    fn fold(&mut self) {
        let mut latest: HashMap<(&str, &str), usize> = HashMap::with_capacity(self.len());
        self.last = vec![true; self.len()];
        for (at, key) in self.datasets.iter().copied().zip(self.keys.iter().copied()).enumerate() {
            if let Some(earlier) = latest.insert(key, at) {
                self.last[earlier] = false;
            }
        }
    }
}

/// JSON text on its way into a jsonb column, without being parsed on this side.
#[derive(Debug)]
pub(super) struct Jsonb<'a>(&'a str);

/// The only version of jsonb's binary form.
const JSONB_VERSION: u8 = 1;

impl ToSql for Jsonb<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.put_u8(JSONB_VERSION);
        out.extend_from_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }

    accepts!(JSONB);
    to_sql_checked!();
}
