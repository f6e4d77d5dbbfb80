//! `01`: what an add does to a record, and what is kept of what was sent.

use super::ask::App;
use super::fixture::{persisted, record};
use crate::harness::{Spec, records};
use serde_json::{Value, json};

/// Sends a write of 007 and waits until it is committed; gives its row of the log.
async fn write(app: &App, action: &str, list: impl ToString) -> Value {
    let batch = app.ask("007", action, list).accepted().await;
    persisted(app, &batch).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_add_replaces_every_field_unless_it_is_older_than_what_is_there() {
    let node = Spec::new("370203").start(&[]).await;
    let app = App::of(&node);
    let at = |time: &str, extra: Value| {
        let mut one = records::check("A", "370203", time);
        one.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        json!([one])
    };
    write(&app, "01", at("2025-06-02 08:00:00", json!({"BZ": "第一次", "FZR": "王五"}))).await;
    // A full upload repeated replaces: BZ is not given any more, null and "" mean the same.
    let row = write(&app, "01", at("2025-06-03 08:00:00", json!({"FZR": null, "ZLSBH": "", "SSJ": "1"}))).await;
    assert_eq!((&row["CODE"], &row["RECORDS"]), (&json!(""), &json!("1")), "{row}");
    let found = record(&app, "A").await.unwrap();
    let mut expected = records::check("A", "370203", "2025-06-03 08:00:00");
    expected["SSJ"] = json!("1");
    expected["SCBZ"] = json!("0");
    assert_eq!(found, expected);

    // A stale upload sent again later is kept out, and the log says so.
    let row = write(&app, "01", at("2025-06-02 09:00:00", json!({"BZ": "旧"}))).await;
    assert_eq!((&row["CODE"], &row["RESULT"], &row["STATE"]), (&json!("STALE"), &json!("0001"), &json!("persisted")));
    assert_eq!(record(&app, "A").await.unwrap(), expected);

    // With the same source time the later exchange wins.
    let row = write(&app, "01", at("2025-06-03 08:00:00", json!({"BZ": "同时"}))).await;
    assert_eq!(row["CODE"], "", "{row}");
    assert_eq!(record(&app, "A").await.unwrap()["BZ"], "同时");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_one_record_twice_in_a_batch_the_later_wins_whatever_its_time() {
    let node = Spec::new("370203").start(&[]).await;
    let app = App::of(&node);
    let mut earlier = records::check("T", "370203", "2025-06-05 08:00:00");
    let mut later = records::check("T", "370203", "2025-06-01 08:00:00");
    (earlier["BZ"], later["BZ"]) = (json!("前"), json!("后"));
    let row = write(&app, "01", json!([earlier, later])).await;
    assert_eq!((&row["RECORDS"], &row["CODE"]), (&json!("2"), &json!("")), "{row}");
    let found = record(&app, "T").await.unwrap();
    assert_eq!((&found["BZ"], &found["SJGXSJ"]), (&json!("后"), &json!("2025-06-01 08:00:00")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_is_answered_as_it_was_sent() {
    let node = Spec::new("370203").start(&[]).await;
    let app = App::of(&node);
    let one = records::check("X", "370203", "2025-06-01 08:00:00").to_string();
    let odd = " 前后空格 ，“引号”\\\"\\\\/\\t\\n \u{1f600} é e\u{301} <b>&amp;\u{7f}";
    let one = format!("{},\"BZ\":\"{odd}\",\"SJSBSL\":12.00,\"SCBZ\":\"1\"}}", one.trim_end_matches('}'));
    write(&app, "01", format!("[{one}]")).await;
    let found = record(&app, "X").await.unwrap();
    let sent: Value = serde_json::from_str(&one).unwrap();
    assert_eq!(found["BZ"], sent["BZ"]);
    // A number is its exact text; the deleted mark is the node's own.
    assert_eq!((&found["SJSBSL"], &found["SCBZ"]), (&json!("12.00"), &json!("0")));
    let page = app.ask("007", "04", "[]").succeeds().await;
    assert!(page.busilist[0].get("SCBZ").is_none(), "without DELETED rows carry no mark: {page:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn source_time_may_be_ten_minutes_ahead_and_no_more() {
    let node = Spec::new("370203").start(&[]).await;
    let app = App::of(&node);
    let ahead = |minutes: i64| {
        let now = sesame::clock::Clock::system().now().plus_micros(minutes * 60_000_000);
        json!([records::check("M", "370203", &now.to_civil())])
    };
    let reply = app.ask("007", "01", ahead(11)).is_refused(422, "INVALID_RECORDS").await;
    assert_eq!(reply.faults(), [("1", "SJGXSJ", "future")]);
    write(&app, "01", ahead(9)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_compare_in_one_form_and_rows_show_the_text_sent() {
    let node = Spec::new("370203").start(&[]).await;
    let app = App::of(&node);
    let penalty = |number: &str, party: Value, time: &str, note: &str| {
        json!([{
            "CFWSH": number, "XDRXH": party, "XDRMC": "示范物业有限公司", "XDRLB": "1", "XDRXYDM": "91370100MA3C00011J",
            "WFXWLX": "未按期检验",
            "WFSS": "电梯超期未检", "CFYJ": "特种设备安全法第八十四条", "CFLB": "2", "CFNR": "罚款三万元", "FKJE": "3.00",
            "CFJDRQ": "2025-05-20", "CFJG": "市北区市场监督管理局", "CFJGDM": "91370100MA3C00011J", "XZQHDM": "370203",
            "SJLYDWDM": "91370100MA3C00011J", "SJGXSJ": time, "BZ": note,
        }])
    };
    let commit = async |list: Value| persisted(&app, &app.ask("008", "01", list).accepted().await).await;
    commit(penalty("青市监罚(2025)1号", json!("7"), "2025-06-01 08:00:00", "一")).await;
    // Full-width brackets and digits and a number with zeros are the same key; the brackets 〔〕 are another.
    commit(penalty("青市监罚（２０２５）1号", json!("007"), "2025-06-02 08:00:00", "二")).await;
    commit(penalty("青市监罚〔2025〕1号", json!(7), "2025-06-03 08:00:00", "三")).await;
    commit(penalty("青市监罚(2025)1号", json!("8"), "2025-06-04 08:00:00", "四")).await;
    let notes = async |conditions: Value| {
        let rows = app.ask("008", "04", json!([conditions])).succeeds().await.busilist;
        rows.iter().map(|row| row["BZ"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(notes(json!({})).await, ["二", "三", "四"]);
    let row =
        &app.ask("008", "04", json!([{"CFWSH": "青市监罚(2025)1号", "XDRXH": "07.0"}])).succeeds().await.busilist[0];
    assert_eq!((&row["CFWSH"], &row["XDRXH"]), (&json!("青市监罚（２０２５）1号"), &json!("007")));
    assert_eq!(row["FKJE"], "3.00");
    assert_eq!(notes(json!({"CFWSH": "青市监罚（2025）１号"})).await, ["二", "四"], "part of the key");
    assert_eq!(notes(json!({"XDRXH": 7})).await, ["二", "三"], "the other part");
    assert_eq!(notes(json!({"CFWSH": "青市监罚〔2025〕1号", "XDRXH": "7"})).await, ["三"]);

    let batch = app.ask("008", "03", json!([{"CFWSH": "青市监罚（2025）1号", "XDRXH": "007"}])).accepted().await;
    persisted(&app, &batch).await;
    assert_eq!(notes(json!({})).await, ["三", "四"]);
}
