//! Failures that are over are let go when they are old (§7.4); those that are not stay.

use super::fixture::{count, database, keep_one, look, node, present};
use crate::contract::ask::App;
use crate::harness::{TestNode, eventually};
use serde_json::json;
use sesame::flow::Fate;
use tokio_postgres::Client;

/// Parks a failure and says how it stands from now on.
async fn failure(node: &TestNode, client: &Client, name: &str, state: &str) {
    let modify = json!([{"JCJLBH": name, "SJGXSJ": "2025-06-02 08:00:00", "BZ": "先改后增"}]).to_string();
    App::of(node).ask("007", "02", &modify).random(name).accepted().await;
    eventually("it is parked", || async {
        let parked = count(client, &format!("failures WHERE random = '{name}' AND state = 'parked'")).await;
        (parked == 1).then_some(())
    })
    .await;
    let update = format!("UPDATE failures SET state = '{state}', next_at = NULL WHERE random = '{name}'");
    client.batch_execute(&update).await.unwrap();
}

async fn left(client: &Client) -> Vec<String> {
    let rows = client.query("SELECT random FROM failures ORDER BY random", &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_4_what_is_resolved_or_discarded_goes_when_it_is_old_and_what_is_open_never() {
    let (node, folder) = (node().await, tempfile::tempdir().unwrap());
    let client = database(&node).await;
    for (name, state) in
        [("abandoned", "abandoned"), ("discarded", "discarded"), ("late", "resolved"), ("resolved", "resolved")]
    {
        failure(&node, &client, name, state).await;
    }
    // An operator looked into it two months after it failed.
    let looked = format!(
        "UPDATE failures SET past = past || jsonb_build_array(jsonb_build_object('act', 'read', 'at', '{}')) WHERE random = 'late'",
        present().plus(2).start().to_rfc3339()
    );
    client.batch_execute(&looked).await.unwrap();

    look(&node, 1, keep_one(Some(folder.path()))).await;
    assert_eq!(left(&client).await.len(), 4, "a month that is kept");
    // Without an archive nothing goes whose bytes are nowhere else.
    assert_eq!(look(&node, 2, keep_one(None)).await, [(present(), Fate::NoArchive)]);
    assert_eq!(left(&client).await, ["abandoned", "discarded", "late"]);
    assert_eq!(look(&node, 3, keep_one(Some(folder.path()))).await[0], (present(), Fate::Held));
    assert_eq!(left(&client).await, ["abandoned", "late"], "what was discarded holds its month no more");
    look(&node, 4, keep_one(Some(folder.path()))).await;
    assert_eq!(left(&client).await, ["abandoned"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_failures_go_some_thousands_at_a_time_and_with_them_what_old_acts_were_about() {
    let node = node().await;
    let client = database(&node).await;
    client
        .batch_execute(
            "INSERT INTO failures (id, step, reason, detail, state, attempts, round, random, routing_key, headers, body)
                 SELECT gen_random_uuid(), 'persist', 'MISSING_KEY', '', 'resolved', 3, 1, 'many', '', '{}', ''
                 FROM generate_series(1, 12000);
             INSERT INTO desk_acts (id, act, asked_by, why, asked_at, selection, per_second, canary, state, total, ended_at)
                 SELECT id, 'replay', 'tester', '已补报', now(), '{}', 1, 0, state, 6000, ended_at FROM (VALUES
                     ('00000000-0000-0000-0000-000000000001'::uuid, 'done', now()),
                     ('00000000-0000-0000-0000-000000000002', 'paused', NULL)) a(id, state, ended_at);
             INSERT INTO desk_items (act, ordinal, failure, round, attempts, state)
                 SELECT a.id, n, gen_random_uuid(), 1, 3, 'waiting' FROM desk_acts a, generate_series(1, 6000) n;
             UPDATE desk_items SET state = 'sent', failure = (SELECT id FROM failures LIMIT 1) WHERE ordinal = 1",
        )
        .await
        .unwrap();
    look(&node, 2, keep_one(None)).await;
    assert_eq!(count(&client, "failures").await, 1, "an act still waits for what becomes of it");
    assert_eq!(count(&client, "desk_acts").await, 2, "acts stay");
    assert_eq!(count(&client, "desk_items").await, 6000, "what is paused goes on some day");
}
