//! The state at each of the four tiers, at the node where a batch entered and at those between.

use super::fixture::{UPDATED, rows, send, shows};
use crate::contract::ask::App;
use crate::harness::{Spec, TestNode, eventually, records};
use crate::rules::fixture::Datasets;
use serde_json::{Value, json};

/// The four tiers of a branch, the city with settings of its own.
async fn branch(city_settings: &str) -> [TestNode; 4] {
    let nation = Spec::new("000000");
    let province = Spec::new("370000").parent(&nation);
    let city = Spec::new("370200").parent(&province).extra(city_settings);
    let county = Spec::new("370203").parent(&city);
    let nation = nation.start(&[&province]).await;
    let province = province.start(&[&city]).await;
    let city = city.start(&[&county]).await;
    [county.start(&[]).await, city, province, nation]
}

async fn is_settled(nodes: &[TestNode]) {
    for node in nodes {
        eventually(&format!("nothing is unsettled at {}", node.config.node.region), || async {
            (node.store().unsettled(10).await.ok()? == 0).then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_6_1_the_entering_node_knows_what_became_of_a_batch_at_each_of_the_four_tiers() {
    let nodes = branch("").await;
    let [county, city, province, nation] = &nodes;
    let batch = send(&App::of(county), "T", 3).await;
    let whole = [
        ("COUNTY_STATE", "persisted"),
        ("CITY_STATE", "persisted"),
        ("CITY_RECORDS", "3"),
        ("CITY_CODE", ""),
        ("PROVINCE_STATE", "persisted"),
        ("PROVINCE_RECORDS", "3"),
        ("NATIONAL_STATE", "persisted"),
        ("NATIONAL_RECORDS", "3"),
        ("NATIONAL_MESSAGE", ""),
    ];
    let row = shows(&App::of(county), &batch, &whole).await;
    let time = |tier: &str| row[format!("{tier}_TIME")].as_str().unwrap().to_owned();
    assert!(time("COUNTY") <= time("CITY") && time("CITY") <= time("PROVINCE") && time("PROVINCE") <= time("NATIONAL"));
    // Each tier between sees those above it by receipts, those below it by the trace.
    shows(
        &App::of(city),
        &batch,
        &[("COUNTY_STATE", "persisted"), ("PROVINCE_STATE", "persisted"), ("NATIONAL_RECORDS", "3")],
    )
    .await;
    shows(&App::of(province), &batch, &[("CITY_STATE", "persisted"), ("NATIONAL_STATE", "persisted")]).await;
    let top =
        shows(&App::of(nation), &batch, &[("PROVINCE_STATE", "persisted"), ("NATIONAL_STATE", "persisted")]).await;
    assert!(top.get("NATIONAL_RECORDS").is_none(), "no tier is above the nation: {top}");
    // One that enters at the city is nobody's below.
    let own = App::of(city).ask("007", "01", records::checks("C", "370211", UPDATED, 1)).accepted().await;
    shows(&App::of(city), &own, &[("CITY_STATE", "persisted"), ("NATIONAL_STATE", "persisted")]).await;
    is_settled(&nodes).await;
    assert!(rows(&App::of(county), &own).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_6_5_3_bad_records_of_an_upper_tier_are_named_at_the_entering_node_and_their_mending_too() {
    let strict = Datasets::shipped();
    strict.refuse_remarks_with("密");
    let quick = format!("{}[failures]\nretry_secs = [1, 1]\npark_secs = 4\n", strict.settings());
    let nodes = branch(&quick).await;
    let app = App::of(&nodes[0]);
    let mut list: Vec<Value> = (0..5).map(|n| records::check(&format!("B-{n}"), "370203", UPDATED)).collect();
    list[1]["BZ"] = json!("密");
    list[3]["BZ"] = json!("密");
    let batch = app.ask("007", "01", Value::Array(list)).accepted().await;
    let parked = [
        ("CITY_STATE", "parked"),
        ("CITY_CODE", "INVALID_RECORDS"),
        ("CITY_RECORDS", "3"),
        ("NATIONAL_STATE", "persisted"),
    ];
    let row = shows(&app, &batch, &parked).await;
    let said = row["CITY_MESSAGE"].as_str().unwrap();
    for part in ["已入库3条，未入库2条", "第2条 BZ（pattern）", "第4条 BZ（pattern）"] {
        assert!(said.contains(part), "{part} in {said}");
    }
    assert_eq!((&row["STATE"], &row["PROVINCE_RECORDS"]), (&json!("persisted"), &json!("5")), "{row}");
    strict.change("007", |schema| {
        schema["properties"]["BZ"].as_object_mut().unwrap().remove("pattern");
    });
    shows(&app, &batch, &[("CITY_STATE", "resolved"), ("CITY_RECORDS", "5"), ("CITY_CODE", "")]).await;
    is_settled(&nodes).await;
}
