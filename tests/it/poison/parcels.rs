//! Parcels: small batches that arrive together travel in one message of RabbitMQ's, and fare as if each had come by itself.

use super::fixture::{add_neighbours, holds, kept, look_at, records_held, replay, unbind};
use crate::harness::{Api, Spec, TestNode, eventually, fail_so, honest};
use futures_util::future::join_all;
use lapin::options::{BasicGetOptions, BasicNackOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{Connection, ConnectionProperties};
use sesame::broker::{self, ConnectionSettings, Message, Publisher};
use sesame::clock::Clock;
use sesame::tls::ClientTls;
use tokio_util::sync::CancellationToken;

/// Batches sent, many at once.
const BATCHES: usize = 100;

/// A node with what was accepted in its queue; nothing of it runs any more.
async fn waiting(spec: Spec) -> TestNode {
    let mut node = spec.prepare(&[]).await;
    // Once whole, so that its store and its queues are there.
    node.run(Clock::system()).await;
    node.stop().await;
    let mut ingress = node.with_settings(node.toml.replace("[interface]", "roles = [\"ingress\"]\n[interface]"));
    ingress.run(Clock::system()).await;
    add_neighbours(&ingress.url(), "N", BATCHES).await;
    ingress.stop().await;
    node
}

/// The batches have come in few messages: else there were no parcels, and the test proves nothing.
async fn saw_few(node: &TestNode) {
    let connection = Connection::connect(node.config.broker.uri.text(), ConnectionProperties::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    let passive = QueueDeclareOptions { passive: true, durable: true, ..Default::default() };
    let messages = channel.queue_declare("seen".into(), passive, FieldTable::default()).await.unwrap().message_count();
    assert!((1..BATCHES as u32 / 2).contains(&messages), "{messages} messages of {BATCHES} batches");
}

/// Takes everything out of the queue by one channel, and gives it up: back into the queue, or out of it for good. How many messages
/// there were.
async fn give_up(node: &TestNode, requeue: bool) -> usize {
    let connection = Connection::connect(node.config.broker.uri.text(), ConnectionProperties::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    let mut taken = Vec::new();
    while let Some(got) = channel.basic_get("county.persist".into(), BasicGetOptions::default()).await.unwrap() {
        taken.push(got.delivery);
    }
    for message in &taken {
        message.acker.nack(BasicNackOptions { requeue, multiple: false }).await.unwrap();
    }
    taken.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn invariants_1_2_a_parcel_that_ended_whoever_had_it_is_unpacked_in_quarantine_and_committed() {
    let mut node = waiting(Spec::new("370203")).await;
    for _ in 0..2 {
        let messages = give_up(&node, true).await;
        assert!(messages < BATCHES / 2, "{messages} messages of {BATCHES} batches");
    }
    node.run(Clock::system()).await;
    holds(&node, BATCHES as i64, "every batch of every parcel").await;
    assert_eq!(node.store().batch_count().await.unwrap(), BATCHES as i64);
    assert!(kept(&node).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn invariants_1_2_groups_that_end_in_the_middle_of_a_parcel_settle_it_once() {
    let mut node = waiting(Spec::new("370203").extra("[persist]\nmax_batches = 7\n")).await;
    node.run(Clock::system()).await;
    holds(&node, BATCHES as i64, "every batch").await;
    assert_eq!(node.store().batch_count().await.unwrap(), BATCHES as i64);
    // What is settled twice breaks the channel, and what is not settled comes back.
    add_neighbours(&node.url(), "M", BATCHES).await;
    holds(&node, 2 * BATCHES as i64, "the next ones by the same consumers").await;
    node.stop().await;
    assert_eq!(give_up(&node, true).await, 0, "everything is acked");
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_1_what_lies_in_a_parcel_that_is_poison_is_kept_and_replayed_each_by_itself() {
    let mut node = waiting(Spec::new("370203")).await;
    assert!(give_up(&node, false).await < BATCHES / 2);
    node.run(Clock::system()).await;
    fail_so(&node, &[("POISON", "abandoned", BATCHES as i64)]).await;
    assert!(kept(&node).await.iter().all(|poison| poison.detail.contains("county.persist")));
    assert_eq!(records_held(&node).await, Some(0));
    replay(&node).await;
    holds(&node, BATCHES as i64, "what was replayed").await;
    fail_so(&node, &[("POISON", "resolved", BATCHES as i64)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_1_what_lies_in_a_parcel_that_no_queue_took_comes_back_each_by_itself() {
    let spec = Spec::new("370203").extra("[failures]\nretry_secs = [1, 1]\n");
    let api = Api::of(&spec);
    let node = spec.start(&[]).await;
    unbind(&api).await;
    look_at(&api, "county.unrouted").await;
    add_neighbours(&node.url(), "N", BATCHES).await;
    saw_few(&node).await;
    holds(&node, BATCHES as i64, "what went past the binding that is missing").await;
    fail_so(&node, &[("UNROUTED", "resolved", BATCHES as i64)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invariants_5_6_what_is_forged_in_a_parcel_fails_alone() {
    let city = Spec::new("370200").extra("[failures]\nretry_secs = [0, 0]\n");
    let county = Spec::new("370203").parent(&city);
    let api = Api::of(&city);
    let city = city.start(&[&county]).await;
    look_at(&api, "city").await;
    let county = county.prepare(&[]).await;
    let (uri, user) = (county.uri_at_parent().to_owned(), county.config.node.appid.clone());
    let settings = ConnectionSettings { uri, tls: ClientTls::system(), name: "a child".to_owned() };
    let connection = broker::Connection::start(settings, CancellationToken::new());
    connection.up().await;
    let publisher = Publisher::new(connection, &user, 1, None);

    let message = |at: usize| {
        let mut forgery = honest();
        if at % 10 == 9 {
            forgery.sign_key = "ffffffffffffffffffffffffffffffff";
        }
        let (routing_key, sealed) = forgery.sealed(&user, &format!("each-{at}"));
        let id = sesame::batch::batch_id(crate::harness::region("370203"), "app", &format!("each-{at}"));
        Message { exchange: "city".to_owned(), routing_key, id, headers: sealed.headers, body: sealed.body }
    };
    let messages: Vec<Message> = (0..BATCHES).map(message).collect();
    let published = join_all(messages.iter().map(|message| publisher.publish_gathered(message))).await;
    assert!(published.iter().all(Result::is_ok), "{published:?}");
    saw_few(&city).await;
    let (good, forged) = (BATCHES as i64 * 9 / 10, BATCHES as i64 / 10);
    eventually("what is honest is committed", || async {
        (city.store().batch_count().await.ok()? == good).then_some(())
    })
    .await;
    eventually("what is forged fails", || async {
        let counts = city.store().failure_counts().await.ok()?;
        let failed: i64 = counts.iter().map(|(.., count)| *count).sum();
        let all = counts.iter().all(|(_, reason, ..)| reason == "SIGN_MISMATCH");
        (failed == forged && all).then_some(())
    })
    .await;
    // What RabbitMQ refuses of a parcel is refused of each in it, and not believed.
    let elsewhere = |message: &Message| Message { routing_key: "37.02.11.007.01".to_owned(), ..message.clone() };
    let elsewhere: Vec<Message> = messages.iter().map(elsewhere).collect();
    let refused = join_all(elsewhere.iter().map(|message| publisher.publish_gathered(message))).await;
    assert!(refused.iter().all(Result::is_err), "{refused:?}");
}
