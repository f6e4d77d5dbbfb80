//! Taking whatever has arrived, within bounds.

use crate::batch::Manifest;
use crate::broker::{ConsumeError, Consumer, Delivery};
use crate::config::PersistSettings;

/// Waits for one message and takes what else has arrived, up to the bounds of one transaction.
pub(super) async fn collect(
    consumer: &mut Consumer,
    settings: &PersistSettings,
) -> Result<Vec<Delivery>, ConsumeError> {
    let first = consumer.next().await?;
    let (mut records, mut bytes) = (records_of(&first), first.body.len());
    let mut group = vec![first];
    while group.len() < settings.max_batches && records < settings.max_records && bytes < settings.max_bytes {
        let Some(arrived) = consumer.arrived() else { break };
        let delivery = arrived?;
        records = records.saturating_add(records_of(&delivery));
        bytes += delivery.body.len();
        group.push(delivery);
    }
    Ok(group)
}

/// What the header says, unverified: good enough to size a transaction by.
fn records_of(delivery: &Delivery) -> usize {
    delivery.headers.get(Manifest::RECORDS_HEADER).and_then(|text| text.parse().ok()).unwrap_or(1)
}
