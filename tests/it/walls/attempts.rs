//! Over AMQP.

use super::{Walls, channel, code, publish, refused};
use lapin::options::{
    BasicConsumeOptions, BasicGetOptions, BasicPublishOptions, ExchangeBindOptions, ExchangeDeclareOptions,
    ExchangeDeleteOptions, QueueBindOptions, QueueDeclareOptions, QueueDeleteOptions, QueuePurgeOptions,
};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties, ExchangeKind};

/// Queues of the city that are not the child's receipts.
const FOREIGN_QUEUES: [&str; 9] = [
    "city.persist",
    "city.persist.bulk",
    "city.log",
    "city.quarantine",
    "city.unrouted",
    "city.poison",
    "city.unreadable",
    "city.receipts.370211",
    "city.receipts",
];

const OWN_RECEIPTS: &str = "city.receipts.370203";

#[tokio::test(flavor = "multi_thread")]
async fn invariant_5_a_child_publishes_its_own_keys_at_one_exchange_and_nothing_else() {
    let walls = Walls::standing().await;
    let connection = walls.connection().await;
    let own = |key: &'static str| {
        let connection = &connection;
        async move { publish(&channel(connection).await, "city", key, BasicProperties::default()).await }
    };
    own("37.02.03.007.01").await.expect("the child's own key");
    let keys = [
        "37.02.11.007.01",
        "37.02.00.007.01",
        "37.03.02.007.01",
        "37.02.03",
        "37.02.03.007.01.more",
        "37.02.03.007.01\n37.02.11.007.01",
        "37.02.03.#",
        "#",
        "",
    ];
    for key in keys {
        let error = own(key).await.expect_err(key);
        assert_eq!(code(&error), 403, "{key:?}");
    }
    let exchanges = [
        "city.persist",
        "city.log",
        "city.receipts",
        "city.unrouted",
        "city.quarantine",
        "city.dead",
        "city.unreadable",
        "",
        "amq.topic",
        "amq.direct",
        "amq.fanout",
        "amq.headers",
    ];
    for exchange in exchanges {
        for key in ["37.02.03.007.01", "city.persist", OWN_RECEIPTS] {
            let what = format!("publishing {key} to exchange {exchange:?}");
            refused(&connection, &what, async |channel: Channel| {
                publish(&channel, exchange, key, BasicProperties::default()).await
            })
            .await;
        }
    }
    for name in ["guest", "node-370211", walls.city.config.node.appid.as_str()] {
        let properties = BasicProperties::default().with_user_id(name.into());
        let error = publish(&channel(&connection).await, "city", "37.02.03.007.01", properties).await.unwrap_err();
        assert_eq!(code(&error), 406, "user_id {name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_5_a_child_reads_its_own_receipts_and_nothing_else() {
    let walls = Walls::standing().await;
    let connection = walls.connection().await;
    let get = async |channel: Channel, queue: &str| channel.basic_get(queue.into(), BasicGetOptions::default()).await;
    assert!(get(channel(&connection).await, OWN_RECEIPTS).await.expect("its own receipts").is_none());
    for queue in FOREIGN_QUEUES {
        refused(&connection, &format!("get {queue}"), |channel| get(channel, queue)).await;
        refused(&connection, &format!("consume {queue}"), async |channel: Channel| {
            let options = BasicConsumeOptions::default();
            channel.basic_consume(queue.into(), "".into(), options, FieldTable::default()).await
        })
        .await;
        refused(&connection, &format!("purge {queue}"), async |channel: Channel| {
            channel.queue_purge(queue.into(), QueuePurgeOptions::default()).await
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_5_a_child_declares_binds_and_deletes_nothing() {
    let walls = Walls::standing().await;
    let connection = walls.connection().await;
    for queue in ["mine", "city.tap", OWN_RECEIPTS, "city.persist"] {
        refused(&connection, &format!("declare queue {queue}"), async |channel: Channel| {
            let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
            channel.queue_declare(queue.into(), options, FieldTable::default()).await
        })
        .await;
        refused(&connection, &format!("declare exchange {queue}"), async |channel: Channel| {
            let (kind, options) = (ExchangeKind::Topic, ExchangeDeclareOptions::default());
            channel.exchange_declare(queue.into(), kind, options, FieldTable::default()).await
        })
        .await;
    }
    // An empty name asks RabbitMQ to make one up.
    refused(&connection, "declare a nameless queue", async |channel: Channel| {
        channel.queue_declare("".into(), QueueDeclareOptions::default(), FieldTable::default()).await
    })
    .await;
    for (source, queue) in
        [("city", OWN_RECEIPTS), ("city.receipts", OWN_RECEIPTS), ("city", "city.log"), ("amq.topic", OWN_RECEIPTS)]
    {
        refused(&connection, &format!("bind {queue} to {source}"), async |channel: Channel| {
            let options = QueueBindOptions::default();
            channel.queue_bind(queue.into(), source.into(), "37.02.11.#".into(), options, FieldTable::default()).await
        })
        .await;
        refused(&connection, &format!("unbind {queue} from {source}"), async |channel: Channel| {
            channel.queue_unbind(queue.into(), source.into(), "370203".into(), FieldTable::default()).await
        })
        .await;
    }
    // `city` is the one exchange it may write to: still nothing may be led there, or from there.
    for (source, destination) in
        [("city.log", "city"), ("amq.topic", "city"), ("city", "amq.fanout"), ("city", "city.log")]
    {
        refused(&connection, &format!("bind exchange {destination} to {source}"), async |channel: Channel| {
            let options = ExchangeBindOptions::default();
            channel.exchange_bind(destination.into(), source.into(), "#".into(), options, FieldTable::default()).await
        })
        .await;
    }
    for queue in FOREIGN_QUEUES.into_iter().filter(|queue| *queue != "city.receipts").chain([OWN_RECEIPTS]) {
        refused(&connection, &format!("delete queue {queue}"), async |channel: Channel| {
            channel.queue_delete(queue.into(), QueueDeleteOptions::default()).await
        })
        .await;
    }
    for exchange in ["city", "city.persist", "city.receipts", "city.unrouted"] {
        refused(&connection, &format!("delete exchange {exchange}"), async |channel: Channel| {
            channel.exchange_delete(exchange.into(), ExchangeDeleteOptions::default()).await
        })
        .await;
    }
}

/// RabbitMQ asks for no permission to look whether a queue is there. That is told in docs/topology.md; it must not become more.
#[tokio::test(flavor = "multi_thread")]
async fn a_passive_declare_tells_how_much_a_queue_holds_and_gives_none_of_it() {
    let walls = Walls::standing().await;
    let connection = walls.connection().await;
    publish(&channel(&connection).await, "city", "37.02.03.007.01", BasicProperties::default()).await.unwrap();
    let passive = QueueDeclareOptions { passive: true, durable: true, ..QueueDeclareOptions::default() };
    let looking = channel(&connection).await;
    let seen = looking.queue_declare("city.unrouted".into(), passive, FieldTable::default()).await.unwrap();
    assert_eq!(seen.message_count(), 1, "a message without a size header is routed nowhere else");
    refused(&connection, "get what was seen", async |channel: Channel| {
        channel.basic_get("city.unrouted".into(), BasicGetOptions::default()).await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_6_a_child_cannot_take_up_the_brokers_connections_and_channels() {
    let walls = Walls::standing().await;
    let mut connections = Vec::new();
    let refusal = loop {
        match Connection::connect(&walls.uri, ConnectionProperties::default()).await {
            Ok(connection) => connections.push(connection),
            Err(error) => break error,
        }
        assert!(connections.len() <= 64, "more connections than declared");
    };
    assert_eq!((connections.len(), code(&refusal)), (64, 530), "{refusal}");
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_8_a_message_larger_than_any_batch_is_refused_by_the_broker() {
    let walls = Walls::standing().await;
    let connection = walls.connection().await;
    let channel = channel(&connection).await;
    let (body, options) = (vec![b'x'; (64 << 20) + 1], BasicPublishOptions::default());
    let (exchange, key) = ("city".into(), "37.02.03.007.01".into());
    let confirm = channel.basic_publish(exchange, key, options, &body, BasicProperties::default()).await;
    let error = match confirm {
        Ok(confirm) => confirm.await.expect_err("let through"),
        Err(error) => error,
    };
    assert_eq!(code(&error), 406, "{error}");
}
