//! A subscriber's own credentials: it empties its queue and can do nothing else.

use super::{channel, code, publish, refused};
use crate::harness::{Api, Spec, TestNode};
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicGetOptions, QueueBindOptions, QueueDeclareOptions, QueueDeleteOptions,
    QueuePurgeOptions,
};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use reqwest::Method;

/// A city with two subscribers and a child.
struct Subscribed {
    city: TestNode,
    own: String,
    other: String,
    connection: Connection,
    api: Api,
}

impl Subscribed {
    async fn new() -> Self {
        let city = Spec::new("370200");
        let county = Spec::new("370203").parent(&city);
        let api = Api::of(&city);
        // Users are the whole broker's, so ids tell the vhosts of tests apart.
        let ids = ["emergency", "transport"].map(|name| format!("{name}-{}", city.vhost()));
        let section = |id: &String| format!("[[subscribers]]\nid = \"{id}\"\nbroker_password = \"secret\"\n");
        let sections = ids.iter().map(section).collect::<String>();
        let [own, other] = ids;
        let city = city.extra(&sections).prepare(&[&county]).await;
        let node = city.config.broker.uri.text().to_owned();
        let uri = node.replace(&format!("//{}:", city.config.node.appid), &format!("//sub-{own}:"));
        assert_ne!(uri, node);
        let connection = Connection::connect(&uri, ConnectionProperties::default()).await.expect("its own connection");
        Self { city, own: format!("sub.{own}"), other: format!("sub.{other}"), connection, api }
    }

    /// Gives both subscribers a message, as the node's own user.
    async fn share(&self) {
        let uri = self.city.config.broker.uri.text();
        let node = Connection::connect(uri, ConnectionProperties::default()).await.unwrap();
        for queue in [&self.own, &self.other] {
            let id = queue.strip_prefix("sub.").unwrap();
            publish(&channel(&node).await, "city.share", id, BasicProperties::default()).await.expect("shared");
        }
    }
}

async fn get(channel: Channel, queue: &str) -> Result<Option<lapin::message::BasicGetMessage>, lapin::Error> {
    channel.basic_get(queue.into(), BasicGetOptions::default()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_5_a_subscriber_reads_its_own_queue_and_nothing_else() {
    let subscribed = Subscribed::new().await;
    subscribed.share().await;
    let connection = &subscribed.connection;
    let reading = channel(connection).await;
    // A channel that nobody holds any more is closed, and its messages go back.
    let message = get(reading.clone(), &subscribed.own).await.expect("its own queue").expect("what was shared with it");
    message.acker.ack(BasicAckOptions::default()).await.expect("taken");
    assert!(get(channel(connection).await, &subscribed.own).await.unwrap().is_none(), "the other's went elsewhere");
    let foreign = [
        subscribed.other.as_str(),
        "sub.",
        "city.persist",
        "city.persist.bulk",
        "city.log",
        "city.quarantine",
        "city.unrouted",
        "city.poison",
        "city.unreadable",
        "city.receipts.370203",
    ];
    for queue in foreign {
        refused(connection, &format!("get {queue}"), |channel| get(channel, queue)).await;
        refused(connection, &format!("consume {queue}"), async |channel: Channel| {
            let options = BasicConsumeOptions::default();
            channel.basic_consume(queue.into(), "".into(), options, FieldTable::default()).await
        })
        .await;
        refused(connection, &format!("purge {queue}"), async |channel: Channel| {
            channel.queue_purge(queue.into(), QueuePurgeOptions::default()).await
        })
        .await;
    }
    for (method, path) in [(Method::GET, "/api/whoami"), (Method::GET, "/api/queues/{vhost}")] {
        let (status, said) = subscribed.api.ask_as(&user(&subscribed.own), "secret", method, path, None).await;
        assert_eq!(status, 401, "the management API: {path}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_5_a_subscriber_publishes_declares_binds_and_deletes_nothing() {
    let subscribed = Subscribed::new().await;
    let connection = &subscribed.connection;
    let own = subscribed.own.as_str();
    for exchange in
        ["city", "city.share", "city.persist", "city.accepted", "city.receipts", "city.dead", "", "amq.topic"]
    {
        for key in ["37.02.03.007.01", own, own.strip_prefix("sub.").unwrap()] {
            refused(connection, &format!("publishing {key} to {exchange:?}"), async |channel: Channel| {
                publish(&channel, exchange, key, BasicProperties::default()).await
            })
            .await;
        }
    }
    for queue in [own, "mine", "sub.mine", ""] {
        refused(connection, &format!("declare {queue:?}"), async |channel: Channel| {
            let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
            channel.queue_declare(queue.into(), options, FieldTable::default()).await
        })
        .await;
    }
    // It would be fed by everything that happens in the node if it could bind its queue.
    for source in ["city.accepted", "city.share", "city", "amq.topic"] {
        refused(connection, &format!("bind to {source}"), async |channel: Channel| {
            let options = QueueBindOptions::default();
            channel.queue_bind(own.into(), source.into(), "#".into(), options, FieldTable::default()).await
        })
        .await;
    }
    for queue in [own, subscribed.other.as_str(), "city.persist"] {
        refused(connection, &format!("delete {queue}"), async |channel: Channel| {
            channel.queue_delete(queue.into(), QueueDeleteOptions::default()).await
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_6_a_subscriber_cannot_take_up_the_brokers_connections() {
    let subscribed = Subscribed::new().await;
    let uri = subscribed.city.config.broker.uri.text();
    let uri =
        uri.replace(&format!("//{}:", subscribed.city.config.node.appid), &format!("//{}:", user(&subscribed.own)));
    let mut connections = Vec::new();
    let refusal = loop {
        match Connection::connect(&uri, ConnectionProperties::default()).await {
            Ok(connection) => connections.push(connection),
            Err(error) => break error,
        }
        assert!(connections.len() < 20, "many more connections than declared");
    };
    // RabbitMQ counts a connection a moment after it let it in, so one or two more than the 15 declared may slip through.
    assert!(connections.len() >= 15 && code(&refusal) == 530, "{} connections, then {refusal}", connections.len());
}

/// The user of a queue.
fn user(queue: &str) -> String {
    queue.replacen("sub.", "sub-", 1)
}
