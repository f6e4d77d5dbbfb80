//! Each tier holds what comes from below against its own rules: it applies the good records, keeps the bad ones as a failure,
//! and takes them once its rules let them through.

use super::fixture::Datasets;
use crate::contract::ask::App;
use crate::harness::{Spec, TestNode, eventually, fail_so, records};
use serde_json::{Value, json};

async fn holds(node: &TestNode, number: i64) {
    let region = sesame::standard::region::Region::parse("370203").unwrap();
    eventually(&format!("{} holds {number} records", node.config.node.region), || async {
        let tally = node.store().tally(region).await.ok()?;
        (tally.first().map_or(0, |row| row.records) == number).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_6_1_a_tier_applies_what_its_rules_take_and_the_rest_once_they_are_mended() {
    let strict = Datasets::shipped();
    strict.refuse_remarks_with("密");
    let province = Spec::new("370000");
    let quick = "[failures]\nretry_secs = [1, 1]\npark_secs = 3\n";
    let city = Spec::new("370200").parent(&province).extra(&strict.settings()).extra(quick);
    let county = Spec::new("370203").parent(&city);
    let province = {
        let (p, c) = (province, &city);
        p.start(&[c]).await
    };
    let city = {
        let (c, x) = (city, &county);
        c.start(&[x]).await
    };
    let county = county.start(&[]).await;

    let mut list: Vec<Value> =
        (0..5).map(|n| records::check(&format!("T-{n}"), "370203", "2025-06-01 08:00:00")).collect();
    list[1]["BZ"] = json!("密");
    list[3]["BZ"] = json!("密");
    App::of(&county).ask("007", "01", Value::Array(list)).succeeds().await;
    // And a batch of which this tier takes nothing.
    let mut alone = records::check("T-5", "370203", "2025-06-01 08:00:00");
    alone["BZ"] = json!("密");
    App::of(&county).ask("007", "01", Value::Array(vec![alone])).succeeds().await;

    holds(&county, 6).await;
    holds(&city, 3).await;
    // What this tier refuses is not kept from those above, who have rules of their own.
    holds(&province, 6).await;
    fail_so(&city, &[("INVALID_RECORDS", "parked", 2)]).await;

    strict.change("007", |schema| {
        let remark = schema["properties"]["BZ"].as_object_mut().unwrap();
        remark.remove("pattern");
    });
    holds(&city, 6).await;
    holds(&province, 6).await;
    fail_so(&city, &[("INVALID_RECORDS", "resolved", 2)]).await;
    let region = county.config.node.region;
    let tallies = [&county, &city, &province].map(|node| node.store());
    assert_eq!(tallies[0].tally(region).await.unwrap(), tallies[1].tally(region).await.unwrap());
    assert_eq!(tallies[0].tally(region).await.unwrap(), tallies[2].tally(region).await.unwrap());
}

/// Dictionaries are upgraded from the top down or from the bottom up: what a tier does not know it keeps.
#[tokio::test(flavor = "multi_thread")]
async fn a_field_the_upper_tier_does_not_know_is_kept() {
    let newer = Datasets::shipped();
    newer.change("007", |schema| {
        schema["properties"]["XINZD"] =
            json!({"title": "新字段", "type": "string", "x-type": "string", "maxLength": 10});
    });
    let city = Spec::new("370200");
    let county = Spec::new("370203").parent(&city).extra(&newer.settings());
    let city = city.start(&[&county]).await;
    let county = county.start(&[]).await;
    let mut record = records::check("N-1", "370203", "2025-06-01 08:00:00");
    record["XINZD"] = json!("新");
    App::of(&county).ask("007", "01", Value::Array(vec![record])).succeeds().await;
    holds(&city, 1).await;
    let rows = App::of(&city).ask("007", "04", "[]").succeeds().await.busilist;
    assert_eq!(rows[0]["XINZD"], "新", "{rows:?}");
    assert_eq!(city.store().failure_counts().await.unwrap(), []);
}
