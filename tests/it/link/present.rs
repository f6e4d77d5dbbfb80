//! An endpoint that knows no versions never ends with an older change over a newer one (§6.1, invariants 3 and 4).

use super::foreign::{failed, holds};
use super::stub::{Manner, PLAIN, Stub};
use crate::contract::ask::App;
use crate::harness::{Spec, eventually, records};
use serde_json::json;
use sesame::standard::refusal::RefusalCode;

#[tokio::test(flavor = "multi_thread")]
async fn clause_6_1_what_comes_late_goes_as_the_record_is_now() {
    let stub = Stub::start(PLAIN).await;
    // The first batch is refused at first; the second, newer one passes.
    stub.chooses(|seen| match seen.records[0]["SJGXSJ"] == "2025-06-01 08:00:00" {
        true => Manner::Refuse(RefusalCode::NotGranted, 403),
        false => Manner::Take,
    });
    let county = Spec::new("370203").parent_over_https("370200", &stub.settings(PLAIN, ""));
    let mut county = county.extra("[failures]\nretry_secs = [4, 4]\n").start(&[]).await;
    let app = App::of(&county);
    app.ask("007", "01", records::checks("A", "370203", "2025-06-01 08:00:00", 2)).accepted().await;
    failed(&county, 1).await;
    let change = json!([{"JCJLBH": "A-0", "XZQHDM": "370203", "SJGXSJ": "2025-06-02 08:00:00", "JCRY": "王五"}]);
    app.ask("007", "02", change).accepted().await;
    let gone = json!([{"JCJLBH": "A-1", "XZQHDM": "370203", "SJGXSJ": "2025-06-02 08:00:00"}]);
    app.ask("007", "03", gone).accepted().await;
    eventually("the newer ones have passed", || async {
        (stub.seen().iter().filter(|seen| seen.manner == Manner::Take).count() >= 2).then_some(())
    })
    .await;
    stub.does(Manner::Take);
    eventually("the late one has come, as the records are now", || async {
        let changed = stub.record("A-0")??;
        (changed["JCRY"] == "王五" && changed["JCJG"] == "市北区市场监督管理局").then_some(())
    })
    .await;
    eventually("what is deleted is deleted", || async { stub.record("A-1")?.is_none().then_some(()) }).await;

    // An upload of an earlier time, sent again a day later: newer data is not overwritten, here or there.
    app.ask("007", "01", records::checks("A", "370203", "2025-05-01 08:00:00", 1)).accepted().await;
    let sent = stub.seen().len();
    eventually("it has come", || async { (stub.seen().len() > sent).then_some(()) }).await;
    app.ask("007", "01", records::checks("end", "370203", "2025-06-01 08:00:00", 1)).accepted().await;
    holds(&stub, 2).await;
    let record = stub.record("A-0").unwrap().unwrap();
    assert_eq!((&record["JCRY"], &record["SJGXSJ"]), (&json!("王五"), &json!("2025-06-02 08:00:00")));
    county.stop().await;
}
