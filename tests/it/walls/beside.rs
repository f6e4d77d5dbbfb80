//! Past AMQP's own doors: other vhosts, and the management API.

use super::{Walls, code};
use crate::harness::{Api, Spec};
use lapin::{Connection, ConnectionProperties};
use reqwest::Method;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn invariant_5_a_child_enters_no_other_vhost() {
    let walls = Walls::standing().await;
    let other = Spec::new("370300").prepare(&[]).await;
    let vhost = |uri: &str| uri.rsplit('/').next().unwrap().to_owned();
    let own = vhost(&walls.uri);
    for foreign in [vhost(other.config.broker.uri.text()), "%2F".to_owned()] {
        let uri = walls.uri.replace(&own, &foreign);
        let error = Connection::connect(&uri, ConnectionProperties::default()).await.expect_err(&foreign);
        assert_eq!(code(&error), 530, "{foreign}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_5_the_management_api_is_closed_to_a_child() {
    let city = Spec::new("370200");
    let county = Spec::new("370203").parent(&city);
    let (api, user) = (Api::of(&city), county.user());
    city.prepare(&[&county]).await;
    let look = json!({"count": 1, "ackmode": "ack_requeue_true", "encoding": "auto"});
    let attempts = [
        (Method::GET, "/api/whoami"),
        (Method::GET, "/api/overview"),
        (Method::GET, "/api/queues/{vhost}"),
        (Method::GET, "/api/definitions"),
        (Method::GET, "/api/definitions/{vhost}"),
        (Method::GET, "/api/users"),
        (Method::POST, "/api/queues/{vhost}/city.receipts.370203/get"),
        (Method::POST, "/api/exchanges/{vhost}/city/publish"),
        (Method::PUT, "/api/queues/{vhost}/mine"),
        (Method::DELETE, "/api/queues/{vhost}/city.persist"),
        (Method::DELETE, "/api/queues/{vhost}/city.persist/contents"),
        (Method::PUT, "/api/parameters/shovel/{vhost}/leak"),
        (Method::PUT, "/api/policies/{vhost}/leak"),
    ];
    for (method, path) in attempts {
        let (status, said) = api.ask_as(&user, "secret", method.clone(), path, Some(look.clone())).await;
        assert_eq!(status, 401, "{method} {path}: {said}");
    }
    assert_eq!(api.ask(Method::GET, "/api/whoami", None).await.0, 200, "the API is there");
}
