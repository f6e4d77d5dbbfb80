//! Takes what has arrived into one transaction and acks it.

use super::QUEUE;
use super::rows::Rows;
use super::store::Store;
use anyhow::{Context, Result};
use futures_util::{FutureExt, StreamExt};
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::FieldTable;
use lapin::{Connection, Consumer};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The most messages of one transaction.
const MOST_MESSAGES: usize = 500;
/// About 2,000 records.
const MOST_BYTES: usize = 900_000;

/// Consumes until something fails. `prefetch` is how many messages are taken ahead of their acks.
pub(super) async fn consume(
    connection: Arc<Connection>,
    mut store: Store,
    prefetch: u16,
    counter: Arc<AtomicU64>,
) -> Result<()> {
    let channel = connection.create_channel().await?;
    channel.basic_qos(prefetch, BasicQosOptions { global: false }).await?;
    let options = BasicConsumeOptions::default();
    let mut consumer = channel.basic_consume(QUEUE.into(), "".into(), options, FieldTable::default()).await?;
    loop {
        let group = collect(&mut consumer).await?;
        let rows = Rows::read(&group)?;
        store.commit(&rows).await?;
        let last = group.last().context("a message")?;
        last.ack(BasicAckOptions { multiple: true }).await?;
        counter.fetch_add(rows.len() as u64, Ordering::Relaxed);
    }
}

async fn collect(consumer: &mut Consumer) -> Result<Vec<Delivery>> {
    let first = consumer.next().await.context("the broker cancelled the consumer")??;
    let mut bytes = first.data.len();
    let mut group = vec![first];
    while group.len() < MOST_MESSAGES && bytes < MOST_BYTES {
        let Some(Some(delivery)) = consumer.next().now_or_never() else { break };
        let delivery = delivery?;
        bytes += delivery.data.len();
        group.push(delivery);
    }
    Ok(group)
}
