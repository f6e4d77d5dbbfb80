//! A batch that is a trap: the database makes whoever works on it wait. So the product needs no switch for tests by which it could
//! be harmed.

use crate::harness::{APP, Api, KEY, TestNode, eventually, records, sesame};
use futures_util::StreamExt;
use futures_util::stream;
use reqwest::Method;
use serde_json::json;
use sesame::client::Client;
use sesame::standard::cipher::Key;
use sesame::standard::code::{Action, BusinessCode};
use sesame::standard::random::Random;
use uuid::Uuid;

/// The prefix of the keys of the batch at fault.
pub const POISON: &str = "POISON";

const UPDATED: &str = "2025-06-01 08:00:00";

/// Whoever inserts a record of the batch at fault tells it by a lock, and waits.
pub async fn set_trap(node: &TestNode) {
    let trap = "
        CREATE FUNCTION trap() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN PERFORM pg_advisory_xact_lock(666); PERFORM pg_sleep(3600); RETURN NEW; END $$;
        CREATE TRIGGER trap BEFORE INSERT ON records FOR EACH ROW WHEN (NEW.key LIKE 'POISON-%') EXECUTE FUNCTION trap()";
    node.sql().await.batch_execute(trap).await.unwrap();
}

pub async fn remove_trap(node: &TestNode) {
    let database = node.sql().await;
    // Its locks may meet those of the node's own transactions.
    eventually("the trap is gone", || async { database.batch_execute("DROP FUNCTION trap CASCADE").await.ok() }).await;
}

/// Sends a batch of one record, again and again until it is accepted.
pub async fn add(url: &str, prefix: &str) {
    let client = Client::new(url, APP, Key::parse(KEY).unwrap()).unwrap();
    let list = records::checks(prefix, "370203", UPDATED, 1);
    let random = Random::from(Uuid::new_v4());
    eventually("an exchange is accepted", || async {
        let answered = client.send(BusinessCode::parse("007").unwrap(), Action::Add, &list, &random).await.ok()?;
        answered.success.then_some(())
    })
    .await;
}

/// Sends so many good batches, many at once.
pub async fn add_neighbours(url: &str, prefix: &str, count: usize) {
    stream::iter(0..count).for_each_concurrent(32, async |n| add(url, &format!("{prefix}{n}")).await).await;
}

/// Takes away the binding by which what is accepted reaches the persist queues: it has nowhere to go then.
pub async fn unbind(api: &Api) {
    let binding = "/api/bindings/{vhost}/e/county/e/county.persist";
    let (_, bound) = api.ask(Method::GET, binding, None).await;
    let key = bound[0]["properties_key"].as_str().unwrap().to_owned();
    api.delete(&format!("{binding}/{}", key.replace('#', "%23"))).await;
}

/// Has a queue of the test's own, `seen`, be given a copy of each message that passes an exchange.
pub async fn look_at(api: &Api, exchange: &str) {
    api.put("/api/queues/{vhost}/seen", json!({"durable": true})).await;
    api.post(&format!("/api/bindings/{{vhost}}/e/{exchange}/q/seen"), json!({"routing_key": "#"})).await;
}

/// How many records the node holds.
pub async fn records_held(node: &TestNode) -> Option<i64> {
    let tally = node.store().tally(node.config.node.region).await.ok()?;
    Some(tally.first().map_or(0, |row| row.records))
}

pub async fn holds(node: &TestNode, records: i64, what: &str) {
    eventually(what, || async { (records_held(node).await? == records).then_some(()) }).await;
}

/// A failure as the store has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub reason: String,
    pub state: String,
    pub step: String,
    pub body: String,
    pub headers: String,
    pub detail: String,
}

/// All failures of a node.
pub async fn kept(node: &TestNode) -> Vec<Kept> {
    let select = "SELECT reason, state, step, body, headers::text, detail FROM failures ORDER BY first_at";
    let rows = node.sql().await.query(select, &[]).await.unwrap_or_default();
    let body = |bytes: Vec<u8>| String::from_utf8(zstd::stream::decode_all(bytes.as_slice()).unwrap()).unwrap();
    rows.iter()
        .map(|row| Kept {
            reason: row.get(0),
            state: row.get(1),
            step: row.get(2),
            body: body(row.get(3)),
            headers: row.get(4),
            detail: row.get(5),
        })
        .collect()
}

/// Waits for the one failure there is to be, in this state.
pub async fn kept_as(node: &TestNode, reason: &str, state: &str) -> Kept {
    eventually(&format!("one failure {reason}, {state}"), || async {
        match kept(node).await.as_slice() {
            [one] if one.reason == reason && one.state == state => Some(one.clone()),
            _ => None,
        }
    })
    .await
}

/// An operator has mended the cause.
pub async fn replay(node: &TestNode) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("node.toml"), &node.toml).unwrap();
    let words = ["failures", "replay", "--config", "node.toml", "--reason", "POISON", "--why", "原因已排除"];
    let ended = sesame(folder.path(), &words).await;
    assert_eq!(ended.status, 0, "{ended:?}");
}
