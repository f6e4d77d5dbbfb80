//! A node that holds data is upgraded: nothing of it is lost or doubled (invariants 1 and 2).

use crate::harness::database;
use sesame::store::{Purpose, Store};
use tokio_postgres::{Client, NoTls};

/// The schema before the change that made a record moved into its row.
const BEFORE: [&str; 3] = [
    include_str!("../../../src/store/migrations/0001_initial.sql"),
    include_str!("../../../src/store/migrations/0002_apps.sql"),
    include_str!("../../../src/store/migrations/0003_record_ids.sql"),
];

/// A thousand records, some changed several times; the last row of the history is of a record that has no row.
const DATA: &str = "
    CREATE TABLE schema_version (version integer PRIMARY KEY, at timestamptz NOT NULL DEFAULT now());
    INSERT INTO schema_version (version) VALUES (1), (2), (3);
    INSERT INTO records (busicode, region, key, id, batch, applied_at, is_deleted, added, fields)
        SELECT 7, 370203, 'k' || i, i, gen_random_uuid(), now(), false, '\\x01', '{\"A\": \"12.50\"}'
        FROM generate_series(1, 1000) i;
    INSERT INTO changes SELECT i, gen_random_uuid(), n FROM generate_series(1, 1000) i, generate_series(0, i % 4) n;
    INSERT INTO changes VALUES (2000, gen_random_uuid(), 0);
    CREATE TABLE before AS SELECT * FROM changes";

async fn connect(uri: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(uri, NoTls).await.unwrap();
    tokio::spawn(async move { drop(connection.await) });
    client
}

async fn count(client: &Client, of: &str) -> i64 {
    client.query_one(&format!("SELECT count(*) FROM ({of}) rows"), &[]).await.unwrap().get(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn invariants_1_2_history_and_fields_survive_the_move_of_first_changes() {
    let uri = database().await;
    let client = connect(&uri).await;
    for part in BEFORE.into_iter().chain([DATA]) {
        client.batch_execute(part).await.unwrap();
    }
    Store::new(&uri, 1, Purpose::Persist).unwrap().migrate().await.unwrap();
    assert_eq!(count(&client, "SELECT record, batch, ordinal FROM before EXCEPT ALL SELECT * FROM history").await, 0);
    assert_eq!(count(&client, "SELECT * FROM history EXCEPT ALL SELECT record, batch, ordinal FROM before").await, 0);
    assert_eq!(count(&client, "SELECT 1 FROM changes WHERE ordinal >= 0").await, 1501, "only later changes are left");
    assert_eq!(count(&client, "SELECT 1 FROM records WHERE fields = '{\"A\": \"12.50\"}'").await, 1000, "as they were");
}
