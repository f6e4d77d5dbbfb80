//! Invariant 6 on a link: a batch that the parent's broker refuses fails alone; a parent that refuses everything makes the
//! link pause, and nothing fails.

use crate::harness::{Api, Spec, TestNode, eventually, lab, records};
use serde_json::json;
use sesame::broker::{Connection, ConnectionSettings, Message, Names, Publisher};
use sesame::client::Client;
use sesame::config::{AmqpLinkSettings, LinkSettings, TextSource};
use sesame::standard::code::{Action, BusinessCode};
use sesame::standard::random::Random;
use sesame::standard::region::Tier;
use sesame::tls::ClientTls;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

async fn send(client: &Client, name: &str) {
    let list = records::checks(name, "370203", "2025-06-01 08:00:00", 10);
    let busicode = BusinessCode::parse("007").unwrap();
    let answered = client.send(busicode, Action::Add, &list, &Random::from(Uuid::new_v4())).await.unwrap();
    assert!(answered.success, "{answered:?}");
}

async fn holds(node: &TestNode, records: i64) {
    let region = sesame::standard::region::Region::parse("370203").unwrap();
    eventually(&format!("{} holds {records} records", node.config.node.region), || async {
        let tally = node.store().tally(region).await.ok()?;
        (tally.first()?.records == records).then_some(())
    })
    .await;
}

/// Batches in the county's uplink queue that its user may not publish at the parent: they bear another region's key.
async fn put_foreign_batches(county: &TestNode, number: usize) {
    let stop = CancellationToken::new();
    let settings = ConnectionSettings {
        uri: county.config.broker.uri.text().to_owned(),
        tls: ClientTls::system(),
        name: "test".to_owned(),
    };
    let publisher = Publisher::new(Connection::start(settings, stop.clone()), &county.config.node.appid, 1, None);
    publisher.up().await;
    for _ in 0..number {
        let id = Uuid::new_v4();
        let message = Message {
            exchange: Names(Tier::County).uplink(),
            routing_key: "37.02.11.007.01".to_owned(),
            id,
            headers: BTreeMap::from([("sesame-size".to_owned(), "small".to_owned())]),
            // No two alike: the same message twice is one failure.
            body: format!("{{\"{id}\":0}}").into_bytes().into(),
        };
        publisher.publish(&message).await.unwrap();
    }
    stop.cancel();
}

/// Waits until as many messages are kept as refused by the parent, and no other failure.
async fn refused(county: &TestNode, number: i64) {
    eventually("those at fault are kept as failures", || async {
        let counts = county.store().failure_counts().await.ok()?;
        let expected = [("uplink".to_owned(), "REFUSED_BY_PARENT".to_owned(), "retrying".to_owned(), number)];
        (counts == expected).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_6_batches_the_parent_refuses_fail_alone() {
    for number in [1, 3] {
        let city = Spec::new("370200");
        let county = Spec::new("370203").parent(&city).extra("[failures]\nretry_secs = [3600, 3600]\n");
        let mut city = city.start(&[&county]).await;
        let mut county = county.start(&[]).await;
        let client = county.client();
        for round in 0..5 {
            send(&client, &format!("before-{round}")).await;
        }
        put_foreign_batches(&county, number).await;
        for round in 0..5 {
            send(&client, &format!("after-{round}")).await;
        }
        holds(&city, 100).await;
        refused(&county, number as i64).await;
        county.stop().await;
        city.stop().await;
    }
}

/// The whole round of §7.4 by way of RabbitMQ itself, for what could not be sent up.
#[tokio::test(flavor = "multi_thread")]
async fn clause_7_4_what_the_parents_broker_refused_three_times_comes_back_and_passes_once_it_may() {
    let city = Spec::new("370200");
    let county = Spec::new("370203").parent(&city).extra("[failures]\nretry_secs = [0, 1]\npark_secs = 3\n");
    let api = Api::of(&city);
    let mut city = city.start(&[&county]).await;
    let mut county = county.start(&[]).await;
    send(&county.client(), "before").await;
    put_foreign_batches(&county, 1).await;
    let stands = async |state: &str| {
        eventually(&format!("the failure is {state}"), || async {
            match county.store().failure_counts().await.ok()?.as_slice() {
                [(step, _, at, 1)] if step == "uplink" && at == state => Some(()),
                _ => None,
            }
        })
        .await;
    };
    // A message that comes alone proves nothing about itself: others pass meanwhile.
    let client = county.client();
    let traffic = tokio::spawn(async move {
        for n in 0.. {
            send(&client, &format!("meanwhile-{n}")).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    stands("parked").await;
    let all = json!({"exchange": "city", "write": ".*", "read": ".*"});
    api.put(&format!("/api/topic-permissions/{{vhost}}/{}", county.config.node.appid), all).await;
    stands("resolved").await;
    traffic.abort();
    let attempts = "SELECT jsonb_array_length(past) FROM failures";
    let attempts: i32 = county.sql().await.query_one(attempts, &[]).await.unwrap().get(0);
    assert!(attempts >= 3 && attempts % 3 == 0, "whole rounds failed, and the last one passed at once: {attempts}");
    county.stop().await;
    city.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_6_a_window_full_of_refused_batches_lets_good_ones_pass() {
    let city = Spec::new("370200");
    let county = Spec::new("370203").parent(&city).extra("[failures]\nretry_secs = [3600, 3600]\n");
    let mut city = city.start(&[&county]).await;
    let mut county = county.prepare(&[]).await;
    county.config.parent.as_mut().unwrap().link = LinkSettings::Amqp(AmqpLinkSettings {
        uri: TextSource::try_from(county.uri_at_parent().to_owned()).unwrap(),
        window: 2,
    });
    put_foreign_batches(&county, 2).await;
    county.run(sesame::clock::Clock::system()).await;
    send(&county.client(), "behind").await;
    holds(&city, 10).await;
    refused(&county, 2).await;
    county.stop().await;
    city.stop().await;
}

/// Sets what the county's user may do at the city.
async fn permit(county: &TestNode, city: &TestNode, write: &str) {
    let vhost = city.config.broker.uri.text().rsplit('/').next().unwrap().to_owned();
    let management = lab().broker.as_ref().unwrap().management_url();
    let url = format!("{management}/api/permissions/{vhost}/{}", county.config.node.appid);
    let permission = json!({"configure": "^$", "write": write, "read": "^$"});
    let request = reqwest::Client::new().put(url).basic_auth("guest", Some("guest")).json(&permission);
    assert!(request.send().await.unwrap().status().is_success());
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_6_a_parent_that_refuses_everything_pauses_the_link_and_nothing_fails() {
    let city = Spec::new("370200");
    let county = Spec::new("370203").parent(&city);
    let mut city = city.start(&[&county]).await;
    let mut county = county.prepare(&[]).await;
    // Before its first channel: RabbitMQ keeps a channel's permissions in a cache.
    permit(&county, &city, "^$").await;
    county.run(sesame::clock::Clock::system()).await;
    let client = county.client();
    for round in 0..5 {
        send(&client, &format!("batch-{round}")).await;
    }
    eventually("the batches are committed and handed to the link", || async {
        let store = county.store();
        let (tally, waiting) = (store.tally(county.config.node.region).await.ok()?, store.outbox_depth().await.ok()?);
        (tally.first()?.records == 50 && waiting == 0).then_some(())
    })
    .await;
    assert!(city.store().tally(county.config.node.region).await.unwrap().is_empty());
    permit(&county, &city, "^city$").await;
    holds(&city, 50).await;
    assert!(county.store().failure_counts().await.unwrap().is_empty(), "a link at fault is no failure of its batches");
    county.stop().await;
    city.stop().await;
}
