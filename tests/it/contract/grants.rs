//! `NOT_GRANTED`: what an app may do to which data (§6.5.1).

use super::ask::App;
use super::fixture;
use crate::harness::{Spec, records};
use serde_json::{Value, json};

const UPDATED: &str = "2025-06-01 08:00:00";

#[tokio::test(flavor = "multi_thread")]
async fn clause_6_5_1_an_app_may_use_its_business_codes_and_actions_alone() {
    let apps = fixture::app("seven", "370203", "busicodes = [\"007\"]")
        + &fixture::app("reader", "370203", "actions = [\"04\"]")
        + &fixture::app("writer", "370203", "actions = [\"01\", \"03\"]");
    let node = Spec::new("370203").extra(&apps).start(&[]).await;
    let [seven, reader, writer] = ["seven", "reader", "writer"].map(|appid| App::named(&node, appid));
    let check = records::checks("G", "370203", UPDATED, 1);

    seven.ask("007", "01", &check).accepted().await;
    for action in ["01", "02", "03", "04"] {
        seven.ask("008", action, "[]").is_refused(403, "NOT_GRANTED").await;
    }
    reader.ask("007", "04", "[]").succeeds().await;
    for action in ["01", "02", "03"] {
        reader.ask("007", action, &check).is_refused(403, "NOT_GRANTED").await;
    }
    writer.ask("007", "03", &check).accepted().await;
    writer.ask("007", "02", &check).is_refused(403, "NOT_GRANTED").await;
    writer.ask("007", "04", "[]").is_refused(403, "NOT_GRANTED").await;
    writer.log("[]").is_refused(403, "NOT_GRANTED").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_5_an_app_writes_and_reads_in_its_regions_alone() {
    let apps =
        fixture::app("north", "370203", "") + &fixture::app("two", "370203", "regions = [\"370202\", \"370203\"]");
    let node = Spec::new("370200").extra(&apps).start(&[]).await;
    let [city, north, two] = [App::of(&node), App::named(&node, "north"), App::named(&node, "two")];
    let record = |key: &str, region: &str| records::check(key, region, UPDATED);
    let list = |records: &[Value]| Value::Array(records.to_vec()).to_string();

    // One foreign record refuses the whole batch, in every action, and is named.
    for action in ["01", "02", "03"] {
        let mixed = list(&[record("A", "370203"), record("B", "370202")]);
        let reply = north.ask("007", action, mixed).is_refused(403, "NOT_GRANTED").await;
        assert!(reply.message.contains("370202") && !reply.message.contains("370203"), "{reply:?}");
    }
    // The city's own level is above the county.
    north.ask("007", "01", list(&[record("A", "370200")])).is_refused(403, "NOT_GRANTED").await;
    city.ask("007", "01", list(&[record("A", "310101")])).is_refused(403, "NOT_GRANTED").await;

    let all = ["370200", "370202", "370203", "370211"].map(|region| record("SAME", region));
    let batch = city.ask("007", "01", list(&all)).accepted().await;
    fixture::persisted(&city, &batch).await;
    let regions = |rows: Vec<Value>| {
        let mut regions: Vec<String> = rows.iter().map(|row| row["XZQHDM"].as_str().unwrap().to_owned()).collect();
        regions.sort();
        regions
    };
    for (app, condition, expected) in [
        (&city, json!({}), vec!["370200", "370202", "370203", "370211"]),
        (&city, json!({"REGION": "370203"}), vec!["370203"]),
        (&north, json!({}), vec!["370203"]),
        (&north, json!({"REGION": "370200"}), vec!["370203"]),
        (&north, json!({"JCJLBH": "SAME"}), vec!["370203"]),
        (&two, json!({"REGION": "000000"}), vec!["370202", "370203"]),
        (&two, json!({"REGION": "370202"}), vec!["370202"]),
    ] {
        let rows = app.ask("007", "04", json!([condition])).succeeds().await.busilist;
        assert_eq!(regions(rows), expected, "{condition}");
    }
    for (app, region) in [(&north, "370202"), (&two, "370211"), (&city, "370300"), (&city, "310000")] {
        let reply = app.ask("007", "04", json!([{"REGION": region}])).is_refused(403, "NOT_GRANTED").await;
        assert!(reply.message.contains(region), "{reply:?}");
    }
    // The same local number in two regions is two records: a delete of one leaves the other.
    let batch = north.ask("007", "03", r#"[{"JCJLBH":"SAME"}]"#).accepted().await;
    fixture::persisted(&city, &batch).await;
    let left = city.ask("007", "04", "[]").succeeds().await.busilist;
    assert_eq!(regions(left), ["370200", "370202", "370211"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_6_5_1_an_app_sees_its_own_log_and_an_operator_sees_all() {
    let apps = fixture::app("one", "370203", "") + &fixture::app("other", "370203", "");
    let node = Spec::new("370203").extra(&apps).start(&[]).await;
    let [operator, one, other] = [App::of(&node), App::named(&node, "one"), App::named(&node, "other")];
    let batch = one.ask("007", "01", records::checks("L", "370203", UPDATED, 1)).accepted().await;
    fixture::persisted(&operator, &batch).await;
    assert_eq!(one.log(json!([{"BATCH": batch}])).succeeds().await.busilist.len(), 1);
    assert_eq!(one.log(json!([{"BATCH": batch, "APPID": "one"}])).succeeds().await.busilist.len(), 1);
    assert!(other.log(json!([{"BATCH": batch}])).succeeds().await.busilist.is_empty());
    let reply = other.log(json!([{"APPID": "one"}])).is_refused(403, "NOT_GRANTED").await;
    assert!(!reply.text.contains(&batch), "{reply:?}");
    assert_eq!(operator.log(json!([{"BATCH": batch, "APPID": "one"}])).succeeds().await.busilist.len(), 1);
}
