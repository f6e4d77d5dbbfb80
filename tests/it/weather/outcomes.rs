//! The outcomes of a publish: confirmed, returned, nacked, forbidden; each is told apart, and only one is a success.

use crate::harness::{Spec, TestNode, lab};
use futures_util::future::join_all;
use sesame::broker::{Connection, ConnectionSettings, Message, PublishError, Publisher};
use sesame::tls::ClientTls;
use std::collections::BTreeMap;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

fn management(path: &str) -> String {
    lab().broker.as_ref().unwrap().management_url() + path
}

async fn put(path: &str, body: serde_json::Value) {
    let request = reqwest::Client::new().put(management(path)).basic_auth("guest", Some("guest")).json(&body);
    let response = request.send().await.unwrap();
    assert!(response.status().is_success(), "{path}: {}", response.text().await.unwrap());
}

async fn bind(vhost: &str, exchange: &str, queue: &str) {
    let url = management(&format!("/api/bindings/{vhost}/e/{exchange}/q/{queue}"));
    let request = reqwest::Client::new().post(url).basic_auth("guest", Some("guest"));
    assert!(request.json(&serde_json::json!({})).send().await.unwrap().status().is_success());
}

fn message(exchange: &str) -> Message {
    Message {
        exchange: exchange.to_owned(),
        routing_key: "k".to_owned(),
        id: Uuid::new_v4(),
        headers: BTreeMap::new(),
        body: b"body".as_slice().into(),
    }
}

fn publisher(node: &TestNode, channels: usize, stop: &CancellationToken) -> Publisher {
    let settings = ConnectionSettings {
        uri: node.config.broker.uri.text().to_owned(),
        tls: ClientTls::system(),
        name: "test".to_owned(),
    };
    Publisher::new(Connection::start(settings, stop.clone()), &node.config.node.appid, channels, None)
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_1_only_a_confirm_without_a_return_is_a_success() {
    let node = Spec::new("370203").prepare(&[]).await;
    let vhost = node.config.broker.uri.text().rsplit('/').next().unwrap().to_owned();
    let fanout = serde_json::json!({"type": "fanout", "durable": true});
    for exchange in ["county.nowhere", "county.full", "secret"] {
        put(&format!("/api/exchanges/{vhost}/{exchange}"), fanout.clone()).await;
    }
    // A quorum queue's limit is soft by a message or two; from there on it refuses.
    let arguments = serde_json::json!({"x-queue-type": "quorum", "x-max-length": 1, "x-overflow": "reject-publish"});
    put(&format!("/api/queues/{vhost}/full"), serde_json::json!({"durable": true, "arguments": arguments})).await;
    bind(&vhost, "county.full", "full").await;

    let stop = CancellationToken::new();
    let publisher = publisher(&node, 2, &stop);
    publisher.up().await;
    publisher.publish(&message("county.log")).await.expect("confirmed");
    assert!(matches!(publisher.publish(&message("county.nowhere")).await, Err(PublishError::Returned { .. })));
    let mut outcomes = Vec::new();
    for _ in 0..6 {
        outcomes.push(publisher.publish(&message("county.full")).await);
    }
    assert_eq!(outcomes[0], Ok(()));
    assert!(matches!(outcomes[5], Err(PublishError::Nacked(_))), "{outcomes:?}");
    for exchange in ["secret", "county.missing"] {
        let outcome = publisher.publish(&message(exchange)).await;
        assert!(matches!(outcome, Err(PublishError::Forbidden(_))), "{exchange}: {outcome:?}");
    }
    // A closed channel is replaced by the next publish.
    for _ in 0..4 {
        publisher.publish(&message("county.log")).await.expect("confirmed after a closed channel");
    }
    stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_1_what_no_queue_takes_is_told_of_that_message_and_of_no_other() {
    let node = Spec::new("370203").prepare(&[]).await;
    let vhost = node.config.broker.uri.text().rsplit('/').next().unwrap().to_owned();
    put(&format!("/api/exchanges/{vhost}/county.nowhere"), serde_json::json!({"type": "fanout", "durable": true}))
        .await;
    let stop = CancellationToken::new();
    let publisher = publisher(&node, 1, &stop);
    publisher.up().await;
    // Many at once on one channel: some, all, or the first half of them come back, while large ones wait for their confirm.
    for round in 0..90 {
        let publishing = (0..100).map(|at| {
            let nowhere = match round % 3 {
                0 => at % (2 + round % 7) == 1,
                1 => true,
                _ => at < 50,
            };
            let mut message = message(if nowhere { "county.nowhere" } else { "county.log" });
            if at % 5 == 0 {
                message.body = vec![b'x'; 20_000].into();
            }
            let publisher = publisher.clone();
            tokio::spawn(async move { (nowhere, publisher.publish(&message).await) })
        });
        for told in join_all(publishing).await {
            let (nowhere, outcome) = told.unwrap();
            let is_returned = matches!(outcome, Err(PublishError::Returned { .. }));
            assert!(if nowhere { is_returned } else { outcome.is_ok() }, "to nowhere: {nowhere}, told: {outcome:?}");
        }
    }
    stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_6_one_that_is_published_alone_is_told_of_no_others_refusal() {
    let node = Spec::new("370203").prepare(&[]).await;
    let stop = CancellationToken::new();
    let publisher = publisher(&node, 1, &stop);
    publisher.up().await;
    let (forbidden, allowed) = (message("county.missing"), message("county.log"));
    let is_forbidden = |outcome: &Result<(), PublishError>| matches!(outcome, Err(PublishError::Forbidden(_)));
    let (mut told_of_others, mut alone) = (0, Vec::new());
    for _ in 0..20 {
        let (refused, beside, apart) =
            tokio::join!(publisher.publish(&forbidden), publisher.publish(&allowed), publisher.publish_alone(&allowed));
        assert!(is_forbidden(&refused), "{refused:?}");
        told_of_others += usize::from(is_forbidden(&beside));
        alone.push(apart);
    }
    assert!(told_of_others > 0, "a channel that closes tells all that waits on it the same");
    assert!(alone.iter().all(Result::is_ok), "{alone:?}");
    assert!(is_forbidden(&publisher.publish_alone(&forbidden).await));
    stop.cancel();
}
