//! The interface log (§6.1 接口日志信息查询).

use super::ask::App;
use super::fixture::{app, persisted};
use crate::harness::{Spec, eventually, records};
use serde_json::{Value, json};
use sesame::clock::Clock;

const UPDATED: &str = "2025-06-01 08:00:00";
const COLUMNS: [&str; 14] = [
    "TIME", "APPID", "BUSICODE", "ACTION", "REGION", "RANDOM", "BATCH", "RECORDS", "BYTES", "RESULT", "CODE",
    "MESSAGE", "MILLIS", "STATE",
];

#[tokio::test(flavor = "multi_thread")]
async fn every_exchange_has_a_row_and_every_condition_finds_it() {
    let node = Spec::new("370200").extra(&app("clerk", "370203", "")).start(&[]).await;
    let [operator, clerk] = [App::of(&node), App::named(&node, "clerk")];
    let list = records::checks("L", "370203", UPDATED, 3);
    let batch = clerk.ask("007", "01", &list).random("good").accepted().await;
    persisted(&operator, &batch).await;
    let between = Clock::system().now();
    clerk.ask("008", "01", "[]").random("bad").is_refused(422, "INVALID_RECORDS").await;
    clerk.ask("007", "04", "[]").random("asked").succeeds().await;
    App::named(&node, "nobody").ask("007", "04", "[]").random("nobody").send().await;
    let find = async |conditions: Value| operator.log(json!([conditions])).succeeds().await.busilist;
    // The rows of refusals and queries come a moment later, through a queue of their own.
    let one = async |conditions: Value| {
        eventually(&format!("the log has one row for {conditions}"), || async {
            let rows = find(conditions.clone()).await;
            (rows.len() == 1).then(|| rows[0].clone())
        })
        .await
    };

    let row = one(json!({"RANDOM": "good"})).await;
    let shown: Vec<&String> = row.as_object().unwrap().keys().collect();
    assert_eq!(
        (&shown[..14], &shown[14..]),
        (
            &COLUMNS.map(str::to_owned).iter().collect::<Vec<_>>()[..],
            &[&"CITY_STATE".to_owned(), &"CITY_TIME".to_owned()][..]
        )
    );
    for (column, value) in [
        ("APPID", "clerk"),
        ("BUSICODE", "007"),
        ("ACTION", "01"),
        ("REGION", "370203"),
        ("BATCH", &batch),
        ("RECORDS", "3"),
        ("BYTES", &list.len().to_string()),
        ("RESULT", "0001"),
        ("CODE", ""),
        ("STATE", "persisted"),
        ("CITY_STATE", "persisted"),
    ] {
        assert_eq!(row[column], value, "{column} of {row}");
    }
    assert!(
        row["TIME"].as_str().unwrap().len() == 19
            && row["CITY_TIME"].as_str().unwrap() >= row["TIME"].as_str().unwrap()
    );
    assert!(row["MILLIS"].as_str().unwrap().parse::<u32>().is_ok(), "{row}");

    let refused = one(json!({"RANDOM": "bad"})).await;
    for (column, value) in
        [("RESULT", "0000"), ("CODE", "INVALID_RECORDS"), ("BUSICODE", "008"), ("BATCH", ""), ("STATE", "")]
    {
        assert_eq!(refused[column], value, "{column} of {refused}");
    }
    assert!(refused.get("CITY_STATE").is_none(), "no batch, no tiers: {refused}");
    let query = one(json!({"RANDOM": "asked"})).await;
    assert_eq!((&query["RESULT"], &query["RECORDS"], &query["ACTION"]), (&json!("0001"), &json!("3"), &json!("04")));
    let unknown = one(json!({"RANDOM": "nobody"})).await;
    assert_eq!((&unknown["CODE"], &unknown["APPID"]), (&json!("UNKNOWN_APP"), &json!("nobody")));

    for (conditions, expected) in [
        (json!({"APPID": "clerk"}), 3),
        (json!({"APPID": "clerk", "BUSICODE": "008"}), 1),
        (json!({"APPID": "clerk", "ACTION": "04"}), 1),
        (json!({"APPID": "clerk", "REGION": "370203"}), 1),
        (json!({"APPID": "clerk", "REGION": "370202"}), 0),
        (json!({"APPID": "clerk", "RESULT": "0000"}), 1),
        (json!({"APPID": "clerk", "RESULT": "0001"}), 2),
        (json!({"APPID": "clerk", "STATE": "persisted"}), 1),
        (json!({"APPID": "clerk", "STATE": "parked"}), 0),
        (json!({"APPID": "clerk", "FROM": between.to_rfc3339()}), 2),
        (json!({"APPID": "clerk", "UNTIL": between.to_rfc3339()}), 1),
        (json!({"BATCH": batch, "RANDOM": "bad"}), 0),
    ] {
        assert_eq!(find(conditions.clone()).await.len(), expected, "{conditions}");
    }
    // A business code beside `000` is a condition too, and all must hold.
    let seven = |conditions: Value| clerk.ask("007", "04", json!([conditions])).at("log").succeeds();
    assert_eq!(seven(json!({"RANDOM": "good"})).await.busilist.len(), 1);
    assert_eq!(seven(json!({"RANDOM": "bad"})).await.busilist.len(), 0);
    assert_eq!(seven(json!({"RANDOM": "good", "BUSICODE": "007"})).await.busilist.len(), 1);
    assert_eq!(seven(json!({"RANDOM": "bad", "BUSICODE": "008"})).await.busilist.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_walks_the_log() {
    let node = Spec::new("370203").extra(&app("walker", "370203", "")).start(&[]).await;
    let [operator, walker] = [App::of(&node), App::named(&node, "walker")];
    for n in 0..25 {
        walker.ask("007", "04", "[]").random(&format!("w-{n}")).succeeds().await;
    }
    let page = async |mut conditions: Value| {
        (conditions["APPID"], conditions["SIZE"]) = (json!("walker"), json!("10"));
        operator.log(json!([conditions])).succeeds().await
    };
    eventually("all are in the log", || async {
        let all = operator.log(r#"[{"APPID":"walker"}]"#).succeeds().await.busilist;
        (all.len() == 25).then_some(())
    })
    .await;
    let (mut randoms, mut after) = (Vec::new(), None);
    for expected in [10, 10, 5] {
        let reply = page(json!({"AFTER": after})).await;
        assert_eq!(reply.busilist.len(), expected, "{reply:?}");
        randoms.extend(reply.busilist.iter().map(|row| row["RANDOM"].as_str().unwrap().to_owned()));
        after = reply.after;
    }
    assert_eq!(after, None);
    assert_eq!(randoms, (0..25).map(|n| format!("w-{n}")).collect::<Vec<_>>(), "in the order of time");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_tier_tells_what_became_of_a_batch_below_and_here() {
    let (city, county) = (Spec::new("370200").extra(&app("clerk", "370200", "")), Spec::new("370203"));
    let county = county.extra(&app("clerk", "370203", "")).parent(&city);
    let city = city.start(&[&county]).await;
    let county = county.start(&[]).await;
    let below = App::named(&county, "clerk");
    let batch = below.ask("007", "01", records::checks("T", "370203", UPDATED, 1)).accepted().await;
    let row = persisted(&App::of(&city), &batch).await;
    for column in ["COUNTY_STATE", "CITY_STATE", "STATE"] {
        assert_eq!(row[column], "persisted", "{row}");
    }
    assert!(row["COUNTY_TIME"].is_string() && row["CITY_TIME"].is_string() && row["APPID"] == "clerk", "{row}");
    let row = eventually("the county knows what became of it above", || async {
        let row = persisted(&below, &batch).await;
        row.get("CITY_STATE").is_some().then_some(row)
    })
    .await;
    let upper = ["STATE", "TIME", "RECORDS", "CODE", "MESSAGE"].map(|name| format!("CITY_{name}"));
    let shown: Vec<&String> = row.as_object().unwrap().keys().skip(16).collect();
    assert_eq!(shown, upper.iter().collect::<Vec<_>>());
    assert!(row["COUNTY_STATE"] == "persisted" && row["CITY_STATE"] == "persisted", "{row}");
    // The city has an app of the same name, which is another one.
    let namesake = App::named(&city, "clerk").log(json!([{"BATCH": batch}])).succeeds().await;
    assert!(namesake.busilist.is_empty(), "{namesake:?}");
}
