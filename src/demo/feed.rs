//! Feeding a county: adds in batches of 2,000 (§6.4) and small ones, then modifies and deletes.

use super::DemoError;
use crate::client::Client;
use crate::dataset::Dataset;
use crate::generate::{Record, World, write_array};
use crate::standard::code::{Action, BusinessCode};
use crate::standard::random::Random;
use futures_util::StreamExt;
use futures_util::stream;
use indicatif::ProgressBar;
use std::ops::Range;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

/// What is sent of each dataset.
#[derive(Debug, Clone, Copy)]
pub(super) struct Volume {
    /// Records added in batches of 2,000.
    pub(super) bulk: u32,
    /// Records added in small batches.
    pub(super) small: u32,
    /// Records modified afterwards.
    pub(super) modified: u32,
    /// Records deleted afterwards.
    pub(super) deleted: u32,
}

impl Volume {
    /// `records` in bulk, and a twentieth of them in small batches, modified, and deleted.
    pub(super) fn of(records: u32) -> Self {
        let part = (records / 20).max(1);
        Self { bulk: records, small: part, modified: part, deleted: part }
    }

    /// Records there in the end, deleted ones included.
    pub(super) fn records(self) -> i64 {
        i64::from(self.bulk + self.small)
    }

    /// Exchanges of the first phase, of one dataset.
    pub(super) fn adds(self) -> u64 {
        u64::from(self.bulk.div_ceil(BULK) + self.small.div_ceil(SMALL))
    }

    /// Exchanges of the second phase, of one dataset.
    pub(super) fn changes(self) -> u64 {
        u64::from(self.modified.div_ceil(SMALL) + self.deleted.div_ceil(SMALL))
    }
}

/// §6.4: 一次至少支持 2000 条数据交换.
const BULK: u32 = 2_000;
const SMALL: u32 = 10;
/// Exchanges under way at once for each county.
const AT_ONCE: usize = 4;
/// How long a refused-for-now exchange is sent again.
const PATIENCE: Duration = Duration::from_secs(30);

/// One county's sender.
pub(super) struct Feeder<'a> {
    pub(super) client: Client,
    pub(super) world: &'a World,
    pub(super) bar: ProgressBar,
}

struct Exchange {
    busicode: BusinessCode,
    action: Action,
    busilist: String,
}

impl Feeder<'_> {
    /// Adds every record.
    pub(super) async fn add(&self, datasets: &[&Dataset], volume: Volume) -> Result<(), DemoError> {
        let mut exchanges = Vec::new();
        for dataset in datasets {
            let code = dataset.code();
            let bulk = pieces(0..volume.bulk, BULK);
            let small = pieces(volume.bulk..volume.bulk + volume.small, SMALL);
            for piece in bulk.chain(small) {
                let records = piece.map(|index| self.world.record(code, index)).collect::<Result<Vec<_>, _>>()?;
                exchanges.push(Exchange { busicode: code, action: Action::Add, busilist: write_array(records) });
            }
        }
        self.send(exchanges).await
    }

    /// Modifies the first records of each dataset and deletes the last of the bulk.
    pub(super) async fn change(&self, datasets: &[&Dataset], volume: Volume) -> Result<(), DemoError> {
        let mut exchanges = Vec::new();
        for dataset in datasets {
            let mut take = |action, indices: Range<u32>, make: &dyn Fn(u32) -> Result<Record, DemoError>| {
                for piece in pieces(indices, SMALL) {
                    let records = piece.map(make).collect::<Result<Vec<_>, _>>()?;
                    exchanges.push(Exchange { busicode: dataset.code(), action, busilist: write_array(records) });
                }
                Ok::<(), DemoError>(())
            };
            take(Action::Modify, 0..volume.modified, &|index| Ok(self.world.modify(dataset, index, 1)?))?;
            let last = volume.bulk - volume.deleted..volume.bulk;
            take(Action::Delete, last, &|index| Ok(self.world.delete(dataset, index, 2)?))?;
        }
        self.send(exchanges).await
    }

    /// Adds records of a dataset in one exchange.
    pub(super) async fn add_batch(&self, busicode: BusinessCode, records: Vec<Record>) -> Result<(), DemoError> {
        self.send_one(Exchange { busicode, action: Action::Add, busilist: write_array(records) }).await
    }

    async fn send(&self, exchanges: Vec<Exchange>) -> Result<(), DemoError> {
        let mut sent = stream::iter(exchanges).map(|exchange| self.send_one(exchange)).buffer_unordered(AT_ONCE);
        while let Some(result) = sent.next().await {
            result?;
            self.bar.inc(1);
        }
        Ok(())
    }

    /// Sends one exchange, with the same random as long as its outcome is unknown.
    async fn send_one(&self, exchange: Exchange) -> Result<(), DemoError> {
        let Exchange { busicode, action, busilist } = exchange;
        let (random, deadline) = (Random::from(Uuid::new_v4()), Instant::now() + PATIENCE);
        loop {
            let refusal = match self.client.send(busicode, action, &busilist, &random).await {
                Ok(answered) if answered.success => return Ok(()),
                Ok(answered) if answered.status != 503 => {
                    let bad: String = answered.busilist.chars().take(300).collect();
                    return Err(DemoError::Refused(format!("{busicode} {action}: {} {bad}", answered.message)));
                }
                Ok(answered) => answered.message,
                Err(error) => error.to_string(),
            };
            if Instant::now() > deadline {
                return Err(DemoError::Refused(refusal));
            }
            sleep(Duration::from_millis(300)).await;
        }
    }
}

fn pieces(range: Range<u32>, size: u32) -> impl Iterator<Item = Range<u32>> {
    let end = range.end;
    range.step_by(size as usize).map(move |start| start..(start + size).min(end))
}
