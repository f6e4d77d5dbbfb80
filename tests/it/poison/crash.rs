//! A batch that ends every process that works on it, and one over which every process hangs.

use super::fixture::{POISON, add, add_neighbours, holds, kept, kept_as, records_held, remove_trap, replay, set_trap};
use crate::harness::{Api, NodeProcess, Spec, TestNode, eventually};
use lapin::options::QueueDeclareOptions;
use lapin::types::FieldTable;
use lapin::{Connection, ConnectionProperties};
use reqwest::Method;

/// How the process ends.
#[derive(Clone, Copy)]
enum End {
    Killed,
    /// It says nothing more until RabbitMQ gives its connections up.
    Frozen,
}

const NEIGHBOURS: usize = 300;

/// The connections of the database that wait in the trap.
async fn trapped(sql: &tokio_postgres::Client) -> Option<i32> {
    let locks = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = 666 AND granted \
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    Some(sql.query_opt(locks, &[]).await.ok()??.get(0))
}

/// Ends the process each time it works on the batch at fault, until that is among the failures; returns how often.
async fn end_each_time(node: &TestNode, process: &mut NodeProcess, api: &Api, end: End) -> u32 {
    let sql = node.sql().await;
    let mut ends = 0;
    loop {
        let backend = eventually("it is worked on, or given up", || async {
            match trapped(&sql).await {
                Some(backend) => Some(Some(backend)),
                None => (!kept(node).await.is_empty()).then_some(None),
            }
        })
        .await;
        let Some(backend) = backend else { return ends };
        if matches!(end, End::Frozen) {
            process.freeze();
            eventually("RabbitMQ gives the connections up", || async {
                let said = api.ask(Method::GET, "/api/vhosts/{vhost}/connections", None).await.1;
                said.as_array()?.is_empty().then_some(())
            })
            .await;
        }
        process.kill_and_restart();
        // Who sleeps in a trigger does not notice that its client has gone.
        sql.execute("SELECT pg_terminate_backend($1)", &[&backend]).await.unwrap();
        eventually("it has left the trap", || async { (trapped(&sql).await != Some(backend)).then_some(()) }).await;
        ends += 1;
        assert!(ends < 20, "it is worked on for ever");
    }
}

async fn survives(end: End) {
    let spec = Spec::new("370203");
    let api = Api::of(&spec);
    let mut node = spec.prepare(&[]).await;
    if matches!(end, End::Frozen) {
        // RabbitMQ gives up a client that is silent for two seconds.
        let uri = node.config.broker.uri.text().to_owned();
        node.toml = node.toml.replace(&format!("\"{uri}\""), &format!("\"{uri}?heartbeat=1\""));
    }
    let mut process = NodeProcess::start(&node);
    process.ready().await;
    set_trap(&node).await;
    let url = process.url();
    add_neighbours(&url, "before", NEIGHBOURS / 2).await;
    add(&url, POISON).await;
    let neighbours = add_neighbours(&url, "after", NEIGHBOURS / 2);
    let (ends, ()) = tokio::join!(end_each_time(&node, &mut process, &api, end), neighbours);
    // Three times alone; with others twice, or once where RabbitMQ, in the middle of it, hands it to the other consumer of the
    // same process, which is a delivery more.
    assert!((4..=5).contains(&ends), "{ends} processes ended over it");
    let poison = kept_as(&node, "POISON", "abandoned").await;
    assert!(poison.body.contains("POISON-0") && poison.step == "persist", "{poison:?}");
    assert!(poison.headers.contains("sesame-batch") && !poison.headers.contains("sesame-moved-deaths"), "{poison:?}");
    holds(&node, NEIGHBOURS as i64, "its neighbours are committed").await;
    assert_eq!(kept(&node).await.len(), 1, "and none of them is a failure");

    remove_trap(&node).await;
    replay(&node).await;
    kept_as(&node, "POISON", "resolved").await;
    assert_eq!(records_held(&node).await, Some(NEIGHBOURS as i64 + 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn invariants_1_6_a_batch_that_kills_every_process_ends_among_the_failures_and_its_neighbours_flow_on() {
    survives(End::Killed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invariants_1_6_a_batch_over_which_every_process_hangs_ends_among_the_failures_too() {
    survives(End::Frozen).await;
}

/// An outage and a stop count deliveries as a death does; a suspicion that was wrong costs a batch nothing.
#[tokio::test(flavor = "multi_thread")]
async fn invariant_2_what_is_in_quarantine_by_mistake_is_committed_as_it_would_have_been() {
    // Waiting for the lock must not be what brings them there.
    let spec = Spec::new("370203").extra("[persist]\nstall_secs = 600\n");
    let node = spec.prepare(&[]).await;
    let mut process = NodeProcess::start(&node);
    process.ready().await;
    // Nothing can be committed, so everything stays in hand when the process dies.
    let held = node.sql().await;
    held.batch_execute("BEGIN; LOCK TABLE batches IN ACCESS EXCLUSIVE MODE").await.unwrap();
    add_neighbours(&process.url(), "held", 40).await;
    let broker = Connection::connect(node.config.broker.uri.text(), ConnectionProperties::default()).await.unwrap();
    let channel = broker.create_channel().await.unwrap();
    let ready = async |queue: &str| {
        let passive = QueueDeclareOptions { passive: true, durable: true, ..Default::default() };
        let queue = channel.queue_declare(queue.into(), passive, FieldTable::default()).await.ok()?;
        Some((queue.message_count(), queue.consumer_count()))
    };
    for _ in 0..2 {
        eventually("they are in hand", || async {
            let (waiting, consumers) = ready("county.persist").await?;
            (waiting == 0 && consumers > 0).then_some(())
        })
        .await;
        process.kill_and_restart();
        process.ready().await;
    }
    // One of them is being worked on, and waits for the lock.
    eventually("all are in quarantine", || async { (ready("county.quarantine").await?.0 >= 39).then_some(()) }).await;
    held.batch_execute("ROLLBACK").await.unwrap();
    holds(&node, 40, "all are committed").await;
    assert!(kept(&node).await.is_empty());
}
