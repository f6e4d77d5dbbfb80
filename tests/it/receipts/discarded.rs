//! What an operator of a tier above gives up is known below.

use super::fixture::{Pair, UPDATED, acted, shows};
use crate::contract::ask::App;
use crate::desk::fixture::PARKED;
use crate::harness::records;
use crate::rules::fixture::Datasets;
use serde_json::Value;
use sesame::store::ActKind;

#[tokio::test(flavor = "multi_thread")]
async fn clause_6_5_3_what_is_discarded_above_is_known_at_the_entering_node_at_once() {
    let strict = Datasets::shipped();
    strict.refuse_remarks_with("密");
    let pair = Pair::running(&format!("{}{PARKED}", strict.settings())).await;
    let app = App::of(&pair.county);
    let mut list: Vec<Value> = (0..2).map(|n| records::check(&format!("D-{n}"), "370203", UPDATED)).collect();
    list[1]["BZ"] = "密".into();
    let batch = app.ask("007", "01", Value::Array(list)).accepted().await;
    shows(&app, &batch, &[("CITY_STATE", "parked"), ("CITY_RECORDS", "1")]).await;
    acted(&pair.city, ActKind::Discard).await;
    // No ten minutes pass.
    shows(&app, &batch, &[("CITY_STATE", "abandoned"), ("CITY_RECORDS", "1")]).await;
    pair.stop().await;
}
