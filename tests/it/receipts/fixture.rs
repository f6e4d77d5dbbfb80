//! A city and its county, with a hand on what lies between them.

use crate::contract::ask::App;
use crate::harness::{Ahead, Api, Spec, TestNode, eventually, records};
use lapin::options::{
    BasicGetOptions, BasicPublishOptions, BasicRejectOptions, ConfirmSelectOptions, QueueDeclareOptions,
};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use reqwest::Method;
use serde_json::{Value, json};
use sesame::broker::Names;
use sesame::clock::Clock;
use sesame::dataset::{Dictionary, InUse};
use sesame::desk::{Ask, FailureDesk, Selection};
use sesame::standard::region::Tier;
use sesame::store::ActKind;
use uuid::Uuid;

pub const UPDATED: &str = "2025-06-01 08:00:00";
/// Longer than a batch may stay unsettled before it is asked for.
pub const TEN_MINUTES: i64 = 605;

/// A city, and a county whose clock can be put forward.
pub struct Pair {
    pub city: TestNode,
    pub county: TestNode,
    pub ahead: Ahead,
    pub api: Api,
}

impl Pair {
    /// Both prepared, none running.
    pub async fn prepared(city_settings: &str) -> Self {
        let city = Spec::new("370200").extra(city_settings);
        let county = Spec::new("370203").parent(&city);
        let api = Api::of(&city);
        let (city, county) = (city.prepare(&[&county]).await, county.prepare(&[]).await);
        Self { city, county, ahead: Ahead::default(), api }
    }

    /// Both running.
    pub async fn running(city_settings: &str) -> Self {
        let mut pair = Self::prepared(city_settings).await;
        pair.city.run(Clock::system()).await;
        pair.county.run(pair.ahead.clock()).await;
        pair
    }

    /// Lets the county read its receipts, or not: as good as a county that is away.
    pub async fn readable(&self, is_readable: bool) {
        let read = if is_readable { "^city\\.receipts\\.370203$" } else { "^$" };
        let path = format!("/api/permissions/{{vhost}}/{}", self.county.config.node.appid);
        let (status, said) =
            self.api.ask(Method::PUT, &path, Some(json!({"configure": "^$", "write": "^city$", "read": read}))).await;
        assert!(status.is_success(), "{said}");
    }

    /// Ends both.
    pub async fn stop(mut self) {
        self.county.stop().await;
        self.city.stop().await;
    }
}

/// Has the desk of a city do this to all that is open at persist.
pub async fn acted(city: &TestNode, kind: ActKind) {
    let dictionary = InUse::new(Dictionary::builtin());
    let desk = FailureDesk::new(city.store(), dictionary, Names(Tier::City), Clock::system(), 500);
    let selection = Selection { step: Some("persist".to_owned()), ..Selection::default() };
    let (by, why) = ("tester".to_owned(), "试".to_owned());
    let ask = Ask { id: Uuid::new_v4(), kind, selection, by, why, per_second: None, canary: 0 };
    desk.ask(ask).await.unwrap();
}

/// Sends so many records as one batch; its id.
pub async fn send(app: &App, name: &str, count: usize) -> String {
    app.ask("007", "01", records::checks(name, "370203", UPDATED, count)).accepted().await
}

/// The rows of a batch.
pub async fn rows(app: &App, batch: &str) -> Vec<Value> {
    app.log(json!([{"BATCH": batch}])).succeeds().await.busilist
}

/// Waits until a row of the batch shows all of this, and gives it.
pub async fn shows(app: &App, batch: &str, wanted: &[(&str, &str)]) -> Value {
    eventually(&format!("the log shows {wanted:?}"), || async {
        let rows = rows(app, batch).await;
        rows.into_iter().find(|row| wanted.iter().all(|(name, value)| row[*name] == *value))
    })
    .await
}

/// A hand at a node's broker, by its own user.
pub struct Hand {
    channel: Channel,
    _connection: Connection,
}

impl Hand {
    pub async fn at(uri: &str) -> Self {
        let connection = Connection::connect(uri, ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
        Self { channel, _connection: connection }
    }

    pub async fn of(node: &TestNode) -> Self {
        Self::at(node.config.broker.uri.text()).await
    }

    /// How many messages lie ready in a queue.
    pub async fn depth(&self, queue: &str) -> u32 {
        let passive = QueueDeclareOptions { passive: true, durable: true, ..Default::default() };
        self.channel.queue_declare(queue.into(), passive, FieldTable::default()).await.unwrap().message_count()
    }

    /// Waits until so many messages lie in a queue.
    pub async fn holds(&self, queue: &str, least: u32) {
        eventually(&format!("{queue} holds {least}"), || async { (self.depth(queue).await >= least).then_some(()) })
            .await;
    }

    /// Takes all that lies in a queue.
    pub async fn take_all(&self, queue: &str) -> Vec<(BasicProperties, Vec<u8>)> {
        let mut taken = Vec::new();
        while let Some(message) = self.channel.basic_get(queue.into(), BasicGetOptions { no_ack: true }).await.unwrap()
        {
            taken.push((message.delivery.properties, message.delivery.data));
        }
        taken
    }

    /// How often RabbitMQ has counted a delivery of each of the first messages of a queue. They stay there.
    pub async fn delivery_counts(&self, queue: &str, messages: usize) -> Vec<i64> {
        let (mut counts, mut held) = (Vec::new(), Vec::new());
        for _ in 0..messages {
            let message = self.channel.basic_get(queue.into(), BasicGetOptions::default()).await.unwrap().unwrap();
            let headers = message.delivery.properties.headers().clone().unwrap_or_default();
            let count = headers.inner().get("x-delivery-count").and_then(|count| count.as_long_long_int());
            counts.push(count.unwrap_or_default());
            held.push(message);
        }
        for message in held {
            message.delivery.reject(BasicRejectOptions { requeue: true }).await.unwrap();
        }
        counts
    }

    pub async fn put(&self, exchange: &str, key: &str, properties: BasicProperties, body: &[u8]) {
        let options = BasicPublishOptions { mandatory: true, immediate: false };
        let confirm = self.channel.basic_publish(exchange.into(), key.into(), options, body, properties);
        assert_eq!(confirm.await.unwrap().await.unwrap(), lapin::Confirmation::Ack(None));
    }
}

/// A text header of a message.
pub fn header(properties: &BasicProperties, name: &str) -> Option<String> {
    let value = properties.headers().as_ref()?.inner().get(name)?.clone();
    value.as_long_string().map(|text| String::from_utf8_lossy(text.as_bytes()).into_owned())
}

/// Properties with these text headers.
pub fn with_headers(headers: &std::collections::BTreeMap<String, String>) -> BasicProperties {
    let mut table = FieldTable::default();
    for (name, value) in headers {
        table.insert(name.as_str().into(), lapin::types::AMQPValue::LongString(value.as_str().into()));
    }
    BasicProperties::default().with_delivery_mode(2).with_headers(table)
}
