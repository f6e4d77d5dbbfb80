//! A node that holds data is upgraded: nothing of it is lost or doubled (invariants 1 and 2).

use crate::harness::database;
use sesame::store::{Monthly, Purpose, Store};
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

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

/// The schema before it was laid out by months.
const IN_ONE: [&str; 4] =
    [BEFORE[0], BEFORE[1], BEFORE[2], include_str!("../../../src/store/migrations/0004_first_change.sql")];

/// Batches, changes and log entries of twenty months; a column that some later schema added; failures of which one is resolved.
const OF_MONTHS: &str = "
    CREATE TABLE schema_version (version integer PRIMARY KEY, at timestamptz NOT NULL DEFAULT now());
    INSERT INTO schema_version (version) VALUES (1), (2), (3), (4);
    ALTER TABLE batches ADD COLUMN further text;
    INSERT INTO batches (id, origin, appid, random, busicode, action, region, records, bytes, digest, accepted_at, home,
                         persisted_at, trace, evidence, body, further)
        SELECT gen_random_uuid(), 370203, 'app-' || i % 3, 'r' || i, 7, 1, 370203, 1, 2, decode(md5(i::text) || md5(i::text), 'hex'),
               at - INTERVAL '1 second', 370203, at, '[ {} ]', '{\"millis\": 5}', decode(md5(i::text), 'hex'), 'f' || i
        FROM generate_series(1, 600) i, LATERAL (SELECT now() - i * INTERVAL '1 day' AS at) t;
    INSERT INTO records (busicode, region, key, id, batch, applied_at, is_deleted, added, fields, first_batch, first_ordinal)
        SELECT 7, 370203, 'k' || random, row_number() OVER (), id, persisted_at, false, '\\x01', '{}', id, 0 FROM batches;
    INSERT INTO changes SELECT r.id, b.id, 1 FROM records r JOIN batches b ON b.id <> r.batch AND b.random LIKE 'r%7';
    INSERT INTO changes VALUES (1, gen_random_uuid(), 2);
    INSERT INTO log SELECT gen_random_uuid(), now() - i * INTERVAL '12 hours', 'app', '007', '04', NULL, 'q' || i, 1, 2, '', '', 3
        FROM generate_series(1, 1000) i;
    INSERT INTO failures (id, batch, step, reason, detail, state, attempts, round, accepted_at, routing_key, headers, body)
        SELECT gen_random_uuid(), id, 'persist', 'X', '', CASE random WHEN 'r5' THEN 'resolved' ELSE 'failed' END, 1, 1, accepted_at, '',
               '{}', '' FROM batches WHERE random IN ('r5', 'r6');
    CREATE TABLE batches_then AS SELECT id, persisted_at, random, digest, body, trace::text, evidence::text, further FROM batches;
    CREATE TABLE history_then AS SELECT * FROM history;
    CREATE TABLE log_then AS SELECT id, at, appid, random, millis FROM log";

#[tokio::test(flavor = "multi_thread")]
async fn invariants_1_2_batches_history_and_log_survive_the_layout_by_months() {
    let uri = database().await;
    let client = connect(&uri).await;
    for part in IN_ONE.into_iter().chain([OF_MONTHS]) {
        client.batch_execute(part).await.unwrap();
    }
    let store = Store::new(&uri, 2, Purpose::Persist).unwrap();
    store.migrate().await.unwrap();
    for (then, now) in [
        (
            "SELECT id, persisted_at, random, digest, body, trace, evidence, further FROM batches_then",
            "SELECT id, persisted_at, random, digest, body, trace::text, evidence::text, further FROM batches",
        ),
        ("SELECT id, digest, persisted_at FROM batches_then", "SELECT id, digest, at FROM once"),
        ("SELECT record, batch, ordinal FROM history_then", "SELECT record, batch, ordinal FROM history"),
        ("SELECT id, at, appid, random, millis FROM log_then", "SELECT id, at, appid, random, millis FROM log"),
        ("SELECT DISTINCT 370203, 'app-' || n FROM generate_series(0, 2) n", "SELECT origin, appid FROM senders"),
        ("SELECT 'r5'", "SELECT random FROM batches WHERE resolved"),
    ] {
        assert_eq!(count(&client, &format!("{then} EXCEPT ALL {now}")).await, 0, "lost of {now}");
        assert_eq!(count(&client, &format!("{now} EXCEPT ALL {then}")).await, 0, "too much of {now}");
    }
    // A change lies in the month of its batch, and so is archived with it.
    let astray = "SELECT 1 FROM changes c JOIN once o ON o.id = c.batch WHERE o.at <> c.at";
    assert_eq!(count(&client, astray).await, 0);
    let months = store.months(Monthly::Batches).await.unwrap();
    assert!((20..=22).contains(&months.len()), "{months:?}");
    assert!(months.windows(2).all(|pair| pair[0].plus(1) == pair[1]), "{months:?}");
    let ids: Vec<Uuid> =
        client.query("SELECT id FROM batches_then", &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    assert_eq!(store.batches(&ids[..1]).await.unwrap()[0].id, ids[0]);
}
