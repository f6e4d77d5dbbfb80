//! Invariants 1, 2 and 4 through kill -9: what was acknowledged is there once, at every tier.

use crate::harness::{APP, KEY, NodeProcess, Spec, eventually, records};
use sesame::client::Client;
use sesame::standard::cipher::Key;
use sesame::standard::code::{Action, BusinessCode};
use sesame::standard::random::Random;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;
use uuid::Uuid;

/// Sends batches until told to stop; an exchange without an answer is sent again with the same random.
async fn send_until(stop: Arc<AtomicBool>, sent: Arc<AtomicU32>, url: String, name: String, size: usize) -> u32 {
    let busicode = BusinessCode::parse("007").unwrap();
    let client = Client::new(&url, APP, Key::parse(KEY).unwrap()).unwrap();
    let mut acknowledged = 0;
    while !stop.load(Ordering::Relaxed) {
        let list = records::checks(&format!("{name}-{acknowledged}"), "370203", "2025-06-01 08:00:00", size);
        let random = Random::from(Uuid::new_v4());
        loop {
            match client.send(busicode, Action::Add, &list, &random).await {
                Ok(answered) if answered.success => break,
                Ok(answered) => assert_eq!(answered.status, 503, "{answered:?}"),
                // Killed before it answered, or not up again yet.
                Err(_) => {}
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        acknowledged += 1;
        sent.fetch_add(1, Ordering::Relaxed);
    }
    acknowledged
}

#[tokio::test(flavor = "multi_thread")]
async fn invariants_1_2_4_kill_9_mid_flow_loses_and_doubles_nothing() {
    let city = Spec::new("370200");
    let county = Spec::new("370203").parent(&city);
    let city = city.prepare(&[&county]).await;
    let county = county.prepare(&[]).await;
    let mut processes = [NodeProcess::start(&county), NodeProcess::start(&city)];
    processes[0].ready().await;
    processes[1].ready().await;

    let (stop, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    // A crowd of single records as well, which travel in parcels.
    let crowd = (0..24).map(|n| (format!("single-{n}"), 1));
    let few = [("small", 3), ("large", 400), ("other", 20)].map(|(name, size)| (name.to_owned(), size));
    let senders: Vec<_> = crowd
        .chain(few)
        .map(|(name, size)| {
            let sender = send_until(stop.clone(), sent.clone(), processes[0].url(), name, size);
            tokio::spawn(async move { (sender.await, size) })
        })
        .collect();
    for (kills, victim) in [0, 1, 0, 1, 1, 0].into_iter().enumerate() {
        // Mid-flow: some more exchanges have been acknowledged since the last kill.
        let goal = (kills as u32 + 1) * 100;
        eventually("exchanges are acknowledged", || async { (sent.load(Ordering::Relaxed) >= goal).then_some(()) })
            .await;
        processes[victim].kill_and_restart();
    }
    stop.store(true, Ordering::Relaxed);
    let (mut batches, mut total) = (0_i64, 0_i64);
    for sender in senders {
        let (acknowledged, size) = sender.await.unwrap();
        batches += i64::from(acknowledged);
        total += i64::from(acknowledged) * size as i64;
    }

    let (county_store, city_store) = (county.store(), city.store());
    let region = county.config.node.region;
    eventually("both tiers hold what was acknowledged", || async {
        let (below, above) = (county_store.tally(region).await.ok()?, city_store.tally(region).await.ok()?);
        (below == above && below.first().is_some_and(|row| row.records >= total)).then_some(())
    })
    .await;
    for store in [&county_store, &city_store] {
        assert_eq!(store.tally(region).await.unwrap()[0].records, total, "records");
        assert_eq!(store.batch_count().await.unwrap(), batches, "batches");
        assert!(store.failure_counts().await.unwrap().is_empty(), "a restart is no failure");
    }
}
