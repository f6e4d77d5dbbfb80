//! What has come off the road: what reached the delivery limit, and what no queue took.

use super::fixture::{add, holds, kept_as, records_held, replay, unbind};
use crate::harness::{Api, Spec, TestNode, eventually};
use lapin::options::{BasicGetOptions, BasicNackOptions};
use lapin::{Connection, ConnectionProperties};
use sesame::clock::Clock;

#[tokio::test(flavor = "multi_thread")]
async fn invariant_1_what_reached_the_delivery_limit_is_a_failure_that_can_be_replayed() {
    let spec = Spec::new("370203");
    let mut node = spec.prepare(&[]).await;
    node.run(Clock::system()).await;
    node.stop().await;
    // An ingress alone: what it accepts stays where it is.
    let mut ingress = sibling(&node, "ingress");
    ingress.run(Clock::system()).await;
    add(&ingress.url(), "A").await;
    ingress.stop().await;
    let connection = Connection::connect(node.config.broker.uri.text(), ConnectionProperties::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    let taken = channel.basic_get("county.persist".into(), BasicGetOptions::default()).await.unwrap().unwrap();
    // As RabbitMQ does with what has reached the limit, but for the word it notes.
    taken.acker.nack(BasicNackOptions { requeue: false, multiple: false }).await.unwrap();
    node.run(Clock::system()).await;
    let poison = kept_as(&node, "POISON", "abandoned").await;
    assert!(poison.body.contains("A-0") && poison.step == "persist", "{poison:?}");
    assert!(poison.detail.contains("county.persist"), "{poison:?}");
    assert_eq!(records_held(&node).await, Some(0));
    replay(&node).await;
    holds(&node, 1, "the replayed batch").await;
    kept_as(&node, "POISON", "resolved").await;
}

/// A node of the same settings with one role.
fn sibling(node: &TestNode, role: &str) -> TestNode {
    let toml = node.toml.replace("[interface]", &format!("roles = [\"{role}\"]\n[interface]"));
    node.with_settings(toml)
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_1_what_no_queue_took_is_shown_and_comes_back_by_itself() {
    let spec = Spec::new("370203").extra("[failures]\nretry_secs = [1, 1]\n");
    let api = Api::of(&spec);
    let node = spec.start(&[]).await;
    // Somebody takes a binding away: what is accepted has nowhere to go.
    unbind(&api).await;
    add(&node.url(), "A").await;
    let unrouted =
        eventually("it is among the failures", || async { super::fixture::kept(&node).await.into_iter().next() }).await;
    assert!(unrouted.reason == "UNROUTED" && unrouted.body.contains("A-0"), "{unrouted:?}");
    assert!(unrouted.detail.contains("from exchange county:"), "{unrouted:?}");
    // Its next attempt goes past the binding that is missing.
    holds(&node, 1, "the batch").await;
    kept_as(&node, "UNROUTED", "resolved").await;
}
