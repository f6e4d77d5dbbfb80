//! Volume control (§7.3): every limit refuses with its code, says what it is and how long to wait, and recovers.

use super::fixture::{Managed, soon};
use crate::contract::ask::{App, Reply};
use crate::contract::fixture::app;
use crate::harness::{NodeProcess, Spec, TestNode, eventually, records};
use sesame::clock::Clock;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A query that is answered at once, or refused by the node's limits before its random is read.
async fn ask(app: &App) -> Reply {
    app.post("exchange", Default::default(), app.ask("007", "04", "[]").body()).await
}

/// Sees that this is `RATE_LIMITED` with these words, and gives its Retry-After.
fn limited(reply: &Reply, says: &str) -> u64 {
    reply.assert_refusal(429, "RATE_LIMITED");
    let wait: u64 = reply.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!(reply.message.contains(says) && reply.message.contains(&format!("等待 {wait} 秒")), "{says}: {reply:?}");
    assert!((1..=40).contains(&wait), "{reply:?}");
    wait
}

/// Waits as long as the refusal says, and a little more for a busy machine.
async fn wait(secs: u64) {
    tokio::time::sleep(Duration::from_secs(secs) + Duration::from_millis(50)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_3_exchanges_of_an_app_are_limited_and_of_no_one_else() {
    let own = app("busy", "370203", "limits = { exchanges_per_second = 1, exchanges_burst = 3 }");
    let node = Spec::new("370203").extra(&own).start(&[]).await;
    let (busy, other) = (App::named(&node, "busy"), App::of(&node));
    for _ in 0..3 {
        busy.ask("007", "04", "[]").succeeds().await;
    }
    let (mut refused, mut secs) = (0, 0);
    for _ in 0..20 {
        let reply = ask(&busy).await;
        if reply.status == 429 {
            secs = limited(&reply, "应用账号的频次上限（平均每秒 1 次）");
            assert!(reply.holds, "a known caller gets a signed refusal: {reply:?}");
            refused += 1;
        }
        other.ask("007", "04", "[]").succeeds().await;
    }
    assert!(refused >= 10, "{refused} of 20");
    wait(secs).await;

    // What was refused had no effect: the same envelope is answered afterwards, and its batch is one.
    let list = records::checks("A", "370203", "2025-06-01 08:00:00", 2);
    let write = busy.ask("007", "01", list).random("once");
    let first = write.clone().accepted().await;
    let reply = eventually("the repetition is limited", || async {
        let reply = write.clone().send().await;
        (reply.status == 429).then_some(reply)
    })
    .await;
    wait(limited(&reply, "频次")).await;
    assert_eq!(write.accepted().await, first);
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_3_bytes_records_and_length_are_limited_for_an_app() {
    let apps = app("slow", "370203", "limits = { bytes_per_second = 4096, max_body_bytes = 8192 }")
        + &app("small", "370203", "limits = { max_records = 2 }");
    let node = Spec::new("370203").extra(&apps).start(&[]).await;
    let slow = App::named(&node, "slow");
    let padded = |length: usize| {
        let body = slow.ask("007", "04", "[]").body();
        let padding = " ".repeat(length - body.len());
        body + &padding
    };
    let post = async |length| slow.post("exchange", Default::default(), padded(length)).await;
    let reply = post(8193).await;
    reply.assert_refusal(413, "TOO_LARGE");
    assert!(reply.message.contains("应用账号") && reply.message.contains("8192") && reply.holds, "{reply:?}");
    assert_eq!(post(8192).await.status, 200, "an unused allowance holds the longest body");
    let reply = post(8192).await;
    let secs = limited(&reply, "流量上限（平均每秒 4096 字节）");
    assert!(secs <= 2, "{reply:?}");
    wait(secs).await;
    assert_eq!(post(8192).await.status, 200);

    let small = App::named(&node, "small");
    let list = |count| records::checks("A", "370203", "2025-06-01 08:00:00", count);
    small.ask("007", "01", list(2)).accepted().await;
    let reply = small.ask("007", "01", list(3)).is_refused(413, "TOO_LARGE").await;
    assert!(reply.message.contains("应用账号") && reply.message.contains("2 条"), "{reply:?}");
    App::of(&node).ask("007", "01", list(3)).accepted().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_3_an_app_has_so_many_exchanges_at_once() {
    let own = app("narrow", "370203", "limits = { max_concurrent = 1 }");
    let node = Spec::new("370203").extra(&own).start(&[]).await;
    let (narrow, other) = (App::named(&node, "narrow"), App::of(&node));
    let batches: Vec<String> =
        (0..8).map(|n| records::checks(&format!("B{n}"), "370203", "2025-06-01 08:00:00", 1_500)).collect();
    let writes = batches.iter().map(|list| narrow.ask("007", "01", list).send());
    let (replies, _) = tokio::join!(futures_util::future::join_all(writes), other.ask("007", "04", "[]").succeeds());
    let refused: Vec<&Reply> = replies.iter().filter(|reply| reply.status == 429).collect();
    assert!(refused.len() < 8 && !refused.is_empty(), "{} of 8 were refused", refused.len());
    refused.iter().for_each(|reply| assert_eq!(limited(reply, "应用账号的并发上限（同时处理 1 次）"), 1));
    narrow.ask("007", "04", "[]").succeeds().await;
}

async fn limited_node(limits: &str) -> TestNode {
    let mut node = Spec::new("370203").extra(&format!("[interface.limits]\n{limits}\n")).prepare(&[]).await;
    // A table of TOML may not begin twice, and the harness has written [interface] already: a sub-table may follow anywhere.
    node.run(Clock::system()).await;
    node
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_3_exchanges_and_bytes_of_all_callers_are_limited() {
    let node = limited_node("exchanges_per_second = 1\nexchanges_burst = 2").await;
    let app = App::of(&node);
    assert!(ask(&app).await.status == 200 && ask(&app).await.status == 200);
    let reply = ask(&app).await;
    let secs = limited(&reply, "本节点的频次上限");
    assert!(reply.is_unsigned && reply.random.is_empty(), "nothing of it was read: {reply:?}");
    wait(secs).await;
    assert_eq!(ask(&app).await.status, 200);

    let mut node = Spec::new("370203").extra("[interface.limits]\nbytes_per_second = 2048\n").prepare(&[]).await;
    node.config.interface.max_body_bytes = 4096;
    node.run(Clock::system()).await;
    let app = App::of(&node);
    let body = |length: usize| {
        let body = app.ask("007", "04", "[]").body();
        let padding = " ".repeat(length - body.len());
        body + &padding
    };
    // What is too large is that, and takes nothing of the allowance.
    app.post("exchange", Default::default(), body(4097)).await.assert_refusal(413, "TOO_LARGE");
    assert_eq!(app.post("exchange", Default::default(), body(4096)).await.status, 200);
    let reply = app.post("exchange", Default::default(), body(4096)).await;
    wait(limited(&reply, "本节点的流量上限（平均每秒 2048 字节）")).await;
    assert_eq!(app.post("exchange", Default::default(), body(4096)).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_3_all_callers_have_so_many_exchanges_at_once() {
    let node = limited_node("max_concurrent = 1").await;
    let app = App::of(&node);
    let body = app.ask("007", "04", "[]").body();
    // A sender that holds the only place: it has announced more than it has sent.
    let mut stream = TcpStream::connect(node.interface).unwrap();
    let head = format!(
        "POST /sesame/exchange HTTP/1.1\r\nHost: n\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let reply = eventually("the place is taken", || async {
        let reply = ask(&app).await;
        (reply.status == 429).then_some(reply)
    })
    .await;
    assert_eq!(limited(&reply, "本节点的并发上限（同时处理 1 次）"), 1);
    stream.write_all(body.as_bytes()).unwrap();
    let answer = tokio::task::spawn_blocking(move || {
        let mut text = String::new();
        stream.read_to_string(&mut text).map(|_| text)
    });
    let answer = answer.await.unwrap().unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    app.ask("007", "04", "[]").succeeds().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_3_limits_in_the_store_hold_at_once_and_stay_used_up_when_another_app_changes() {
    let spec = Spec::new("370203").extra("[interface.app_limits]\nmax_records = 5\n");
    let managed = Managed::start(spec).await;
    let busy = managed.add("busy", &[]).await;
    soon(&busy, "007", "04", "").await;
    let list = |count| records::checks("A", "370203", "2025-06-01 08:00:00", count);
    let reply = busy.ask("007", "01", list(6)).is_refused(413, "TOO_LARGE").await;
    assert!(reply.message.contains("5 条"), "the limits of apps without their own: {reply:?}");

    managed
        .json(&["set", "busy", "--max-records", "7", "--exchanges-per-second", "1", "--exchanges-burst", "40"])
        .await;
    eventually("the app's own limit", || async {
        let reply = busy.ask("007", "01", list(6)).send().await;
        (reply.status == 200).then_some(())
    })
    .await;
    // The burst is used up, and a change of another app does not give it anew.
    while ask(&busy).await.status == 200 {}
    managed.add("another", &[]).await;
    soon(&managed.caller("another", crate::harness::KEY), "007", "04", "SIGN_MISMATCH").await;
    let answered = futures_util::future::join_all((0..20).map(|_| ask(&busy))).await;
    let passed = answered.iter().filter(|reply| reply.status == 200).count();
    assert!(passed < 20, "{passed} of 20 passed");

    managed.json(&["set", "busy", "--exchanges-per-second", "none", "--exchanges-burst", "none"]).await;
    eventually("no limit any more", || async {
        let answered = futures_util::future::join_all((0..10).map(|_| ask(&busy))).await;
        answered.iter().all(|reply| reply.status == 200).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_3_what_was_limited_is_counted_by_party_and_limit() {
    let own = app("small", "370203", "limits = { max_records = 1, exchanges_per_second = 1, exchanges_burst = 2 }");
    let node = Spec::new("370203").extra(&own).prepare(&[]).await;
    let process = NodeProcess::start(&node);
    process.ready().await;
    let mut small = App::named(&node, "small");
    small.url = process.url();
    let list = records::checks("A", "370203", "2025-06-01 08:00:00", 2);
    small.ask("007", "01", list).is_refused(413, "TOO_LARGE").await;
    eventually("the rate is exceeded", || async { (ask(&small).await.status == 429).then_some(()) }).await;
    let metrics = reqwest::get(format!("{}/metrics", process.metrics_url())).await.unwrap().text().await.unwrap();
    let value = |party: &str, limit: &str| {
        let name = format!("sesame_limited_total{{party=\"{party}\",limit=\"{limit}\"}} ");
        let found = metrics.lines().find_map(|line| line.strip_prefix(&name));
        found.unwrap_or_else(|| panic!("{name} is missing:\n{metrics}")).to_owned()
    };
    assert_eq!(value("app", "max_records"), "1");
    assert_eq!(value("app", "exchanges_per_second"), "1");
    assert_eq!(value("node", "max_concurrent"), "0");
    assert_eq!(value("link", "pace"), "0");
}
