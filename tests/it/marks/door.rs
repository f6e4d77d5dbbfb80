//! One door.

use super::fixture::{HOUR, Shifted, alarmed, bad, good, mark, marked, mismatch};
use crate::contract::ask::App;
use crate::contract::fixture::app;
use crate::harness::{APP, NodeProcess, Spec, eventually};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_4_three_wrong_signatures_mark_a_transfer_and_no_other() {
    let node = Spec::new("370203").start(&[]).await;
    let app = App::of(&node);
    for _ in 0..2 {
        let reply = mismatch(&app, "R").await;
        assert!(!reply.message.contains("标记"), "{reply:?}");
    }
    let third = mismatch(&app, "R").await;
    assert!(third.message.contains("连续3次") && third.message.contains("标记"), "{third:?}");
    let wait = marked(&app, "R").await;
    assert!((86_390..=86_400).contains(&wait), "{wait}");
    let reply = bad(&app, "R").at("validate").send().await;
    reply.assert_refusal(429, "TRANSFER_FAILED");
    assert!(
        reply.message.contains("改正签名") && reply.message.contains("签名校验失败"),
        "what to do, and why: {reply:?}"
    );
    mismatch(&app, "another").await;
    good(&app, "good").accepted().await;
    alarmed(&node, Some(&format!("{APP} 1"))).await;
    assert!(node.health().checks().ready(), "an alarm, and no reason to turn anybody away");

    // Nothing of what was refused is kept but a line of the log.
    let rows = eventually("the refusal is in the log", || async {
        let rows = app.log(json!([{"RANDOM": "R"}])).succeeds().await.busilist;
        rows.iter().any(|row| row["CODE"] == "TRANSFER_FAILED").then_some(rows)
    })
    .await;
    assert!(rows.iter().all(|row| row["RESULT"] == "0000" && row["BATCH"] == ""), "{rows:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_4_a_right_signature_is_never_blocked_and_ends_count_and_mark() {
    let readers = app("reader", "370203", "actions = [\"04\"]");
    let node = Spec::new("370203").extra(&readers).start(&[]).await;
    let app = App::of(&node);
    mark(&app, "R").await;
    marked(&app, "R").await;
    let batch = good(&app, "R").accepted().await;
    alarmed(&node, None).await;
    mark(&app, "R").await;
    marked(&app, "R").await;
    assert_eq!(good(&app, "R").accepted().await, batch, "the same exchange once more");

    mismatch(&app, "S").await;
    mismatch(&app, "S").await;
    good(&app, "S").accepted().await;
    mark(&app, "S").await;

    // The signature is what counts, whatever else is refused after it.
    let reader = App::named(&node, "reader");
    mismatch(&reader, "T").await;
    mismatch(&reader, "T").await;
    good(&reader, "T").is_refused(403, "NOT_GRANTED").await;
    mark(&reader, "T").await;
    good(&reader, "T").is_refused(403, "NOT_GRANTED").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_4_after_24_hours_a_transfer_is_verified_and_counted_anew() {
    let (mut node, shifted) = (Spec::new("370203").prepare(&[]).await, Shifted::default());
    node.run(shifted.clock()).await;
    let app = App::of(&node);
    mark(&app, "R").await;
    shifted.put_forward(23 * HOUR);
    let wait = marked(&app, "R").await;
    assert!((3_590..=3_600).contains(&wait), "further bad tries do not lengthen it: {wait}");
    shifted.put_forward(HOUR);
    mark(&app, "R").await;
    marked(&app, "R").await;
    shifted.put_forward(24 * HOUR);
    alarmed(&node, None).await;
    // What came to less than a mark is forgotten after the same time.
    mismatch(&app, "S").await;
    mismatch(&app, "S").await;
    shifted.put_forward(24 * HOUR);
    mark(&app, "S").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_4_what_is_no_wrong_signature_of_a_known_app_marks_nothing() {
    let small = app("small", "370203", "limits = { max_records = 1 }");
    let node = Spec::new("370203").extra(&small).start(&[]).await;
    let (nobody, small) = (App::named(&node, "nobody"), App::named(&node, "small"));
    for _ in 0..5 {
        bad(&nobody, "R").send().await.assert_refusal(401, "UNKNOWN_APP");
        good(&small, "R").is_refused(413, "TOO_LARGE").await;
        // Size and form come before the signature.
        let reply = small.post("exchange", Default::default(), "{}").await;
        reply.assert_refusal(400, "MALFORMED");
    }
    mismatch(&small, "R").await;
    assert!(node.store().marks_since(0).await.unwrap().iter().all(|mark| mark.appid == "small"));
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_4_count_and_pause_are_settings_and_an_app_under_test_is_told_why() {
    let extra = app("young", "370203", "test = true") + "[interface.marks]\nfailures = 1\npause_secs = 60\n";
    let node = Spec::new("370203").extra(&extra).start(&[]).await;
    let young = App::named(&node, "young").with_key("00112233445566778899aabbccddeeff");
    let first = good(&young, "R").send().await;
    first.assert_refusal(401, "SIGN_MISMATCH");
    assert!(first.message.contains("连续1次"), "{first:?}");
    let reply = good(&young, "R").send().await;
    reply.assert_refusal(429, "TRANSFER_FAILED");
    assert!(reply.message.contains("可能的原因"), "{reply:?}");
    let wait: u32 = reply.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((50..=60).contains(&wait), "{wait}");
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_4_marks_are_counted_and_health_names_the_app() {
    let node = Spec::new("370203").prepare(&[]).await;
    let process = NodeProcess::start(&node);
    process.ready().await;
    let mut app = App::of(&node);
    app.url = process.url();
    mark(&app, "R").await;
    mark(&app, "S").await;
    marked(&app, "S").await;
    let metrics = eventually("the marks are counted", || async {
        let text = reqwest::get(format!("{}/metrics", process.metrics_url())).await.unwrap().text().await.unwrap();
        text.lines().any(|line| line == "sesame_marked_transfers 2").then_some(text)
    })
    .await;
    assert!(metrics.lines().any(|line| line == "sesame_transfers_marked_total 2"), "{metrics}");
    assert!(metrics.contains("result=\"TRANSFER_FAILED\"") && !metrics.contains(APP), "metrics name no app");
    let health = reqwest::get(format!("{}/health/ready", process.metrics_url())).await.unwrap();
    assert!(health.status().is_success());
    assert!(health.text().await.unwrap().contains(&format!("{APP} 2")));
}
