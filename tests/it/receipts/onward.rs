//! What a tier between cannot hand on is known below, where the tier above has nothing to say of it.

use super::fixture::{send, shows};
use crate::contract::ask::App;
use crate::harness::{Spec, TestNode, eventually};
use crate::link::stub::{Manner, PLAIN, Stub};
use sesame::standard::refusal::RefusalCode;

#[tokio::test(flavor = "multi_thread")]
async fn clause_6_5_3_what_the_province_refuses_of_the_city_is_known_at_the_county_and_its_mending_too() {
    let stub = Stub::start(PLAIN).await;
    stub.does(Manner::Hang);
    let quick = "[failures]\nretry_secs = [1, 1]\npark_secs = 3\n";
    let city = Spec::new("370200").parent_over_https("370000", &stub.settings(PLAIN, "")).extra(quick);
    let county = Spec::new("370203").parent(&city);
    let mut city = city.start(&[&county]).await;
    let mut county = county.start(&[]).await;
    let app = App::of(&county);
    let batch = send(&app, "R", 2).await;
    // The city has no parent that tells anything: with its word the way up is settled.
    shows(&app, &batch, &[("CITY_STATE", "persisted")]).await;
    unsettled(&county, 0).await;
    stub.does(Manner::Refuse(RefusalCode::InvalidRecords, 400));
    let parked = [("CITY_STATE", "persisted"), ("PROVINCE_STATE", "parked"), ("PROVINCE_CODE", "REFUSED_BY_PARENT")];
    let row = shows(&app, &batch, &parked).await;
    assert!(row["PROVINCE_MESSAGE"].as_str().unwrap().contains("INVALID_RECORDS"), "{row}");
    assert!(row["NATIONAL_STATE"].as_str().is_none_or(str::is_empty), "{row}");

    // Its mending will be told, and that can get lost: until then the county goes on asking.
    unsettled(&county, 1).await;

    stub.does(Manner::Take);
    shows(&app, &batch, &[("PROVINCE_STATE", "resolved"), ("PROVINCE_CODE", ""), ("PROVINCE_RECORDS", "2")]).await;
    unsettled(&county, 0).await;
    county.stop().await;
    city.stop().await;
}

/// Waits until so many batches are to be asked for.
async fn unsettled(county: &TestNode, count: i64) {
    eventually(&format!("{count} are unsettled"), || async {
        let row = county.sql().await.query_one("SELECT count(*) FROM unsettled", &[]).await.ok()?;
        (row.get::<_, i64>(0) == count).then_some(())
    })
    .await;
}
