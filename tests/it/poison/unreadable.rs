//! Invariants 1 and 6: a message that breaks its consumer's connection whenever it is delivered ends where nobody takes it, and
//! harms no neighbour.

use crate::harness::{RawPublisher, Spec, eventually, records};
use sesame::broker::{Connection, ConnectionSettings, Names};
use sesame::standard::code::{Action, BusinessCode};
use sesame::standard::random::Random;
use sesame::standard::region::Tier;
use sesame::tls::ClientTls;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread")]
async fn invariants_1_6_a_message_no_client_can_read_ends_alone_where_nobody_reads() {
    let city = Spec::new("370200");
    let county = Spec::new("370203").parent(&city);
    let city = city.start(&[&county]).await;
    let county = county.prepare(&[]).await;
    let uri = reqwest::Url::parse(county.uri_at_parent()).unwrap();
    let address = format!("{}:{}", uri.host_str().unwrap(), uri.port().unwrap());
    let (vhost, user) = (uri.path().trim_start_matches('/'), uri.username());
    let mut raw = RawPublisher::connect(&address, user, uri.password().unwrap(), vhost).await;

    let (client, busicode) = (city.client(), BusinessCode::parse("007").unwrap());
    let send = async |name: &str| {
        let list = records::checks(name, "370203", "2025-06-01 08:00:00", 5);
        let answered = client.send(busicode, Action::Add, &list, &Random::from(Uuid::new_v4())).await.unwrap();
        assert!(answered.success, "{answered:?}");
    };
    for round in 0..20 {
        send(&format!("before-{round}")).await;
    }
    // Short strings are UTF-8 to every client library, and any bytes to RabbitMQ.
    raw.publish("city", "37.02.03.007.01", ("sesame-size", "small"), b"\xff\xfe", b"{}").await;
    for round in 0..20 {
        send(&format!("after-{round}")).await;
    }

    let stop = CancellationToken::new();
    let settings = ConnectionSettings {
        uri: city.config.broker.uri.text().to_owned(),
        tls: ClientTls::system(),
        name: "test".to_owned(),
    };
    let connection = Connection::start(settings, stop.clone());
    connection.up().await;
    let names = Names(Tier::City);
    eventually(
        "it lies where nobody reads, past the reader of the poison, and its neighbours are committed",
        || async {
            let tally = city.store().tally(city.config.node.region).await.ok()?;
            let unreadable = connection.depth(&names.unreadable()).await.ok()?;
            (unreadable == 1 && tally.first()?.records == 200).then_some(())
        },
    )
    .await;
    assert!(city.store().failure_counts().await.unwrap().is_empty());
    stop.cancel();
}
