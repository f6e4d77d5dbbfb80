//! The largest exchange that is taken without any setting.

use crate::TURN;
use crate::ask::App;
use crate::harness::{NodeProcess, Spec, records};
use futures_util::future::join_all;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Generous: the tests run unoptimised code.
const DEADLINE: Duration = Duration::from_secs(300);
const RECORDS: usize = 100_000;
const AT_ONCE: usize = 3;
/// What docs/security.md says of exchanges this large; all else stays under 256 MB.
const MOST_BYTES: u64 = 384 << 20;

/// Sends the largest exchange until it is accepted.
async fn send(app: &App, prefix: &str) {
    let list = records::checks(prefix, "370203", "2025-06-01 08:00:00", RECORDS);
    let mut body = app.ask("007", "01", list).body();
    assert!(body.len() < 32 << 20, "{} bytes", body.len());
    // White space at the end is nobody's: the body is as long as may be.
    body.push_str(&" ".repeat((32 << 20) - body.len()));
    let deadline = Instant::now() + DEADLINE;
    // A broker on a busy machine may take more than two seconds for so large a message, and there may be no memory for it yet:
    // then the same envelope again.
    loop {
        let reply = app.post("exchange", Default::default(), body.clone()).await;
        if reply.status == 200 {
            assert_eq!(reply.busilist[0]["RECORDS"], "100000", "{reply:?}");
            return;
        }
        reply.assert_refusal(503, "UNAVAILABLE");
        assert!(Instant::now() < deadline, "{reply:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_3_and_invariant_8_a_hundred_thousand_records_of_32_mebibytes_are_one_exchange_in_bounded_memory() {
    let _turn = TURN.lock().await;
    let node = Spec::new("370203").prepare(&[]).await;
    let process = NodeProcess::start(&node);
    process.ready().await;
    let mut app = App::of(&node);
    app.url = process.url();
    let prefixes: Vec<String> = (0..AT_ONCE).map(|n| format!("L{n}")).collect();
    join_all(prefixes.iter().map(|prefix| send(&app, prefix))).await;
    let (store, deadline) = (node.store(), Instant::now() + DEADLINE);
    loop {
        let tally = store.tally(node.config.node.region).await.unwrap();
        let count = tally.first().map_or(0, |row| row.records);
        if count == (AT_ONCE * RECORDS) as i64 {
            break;
        }
        assert!(Instant::now() < deadline, "{count} records are there");
        sleep(Duration::from_millis(500)).await;
    }
    let peak = process.memory("VmHWM");
    println!("peak {} MiB", peak >> 20);
    assert!(peak < MOST_BYTES, "peak of {} MiB", peak >> 20);
}
