//! A regulator changes a rule by editing a file.

use super::fixture::Datasets;
use crate::contract::ask::App;
use crate::harness::{Spec, eventually, records};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn clause_6_1_a_changed_rule_is_taken_while_the_node_runs_and_a_bad_one_is_not() {
    let datasets = Datasets::shipped();
    let node = Spec::new("370203").extra(&datasets.settings()).start(&[]).await;
    let app = App::of(&node);
    let mut record = records::check("R-1", "370203", "2025-06-01 08:00:00");
    record["BZ"] = json!("密");
    let list = Value::Array(vec![record]);
    app.ask("007", "01", &list).succeeds().await;

    datasets.refuse_remarks_with("密");
    eventually("the new rule holds", || async {
        let reply = app.ask("007", "01", &list).send().await;
        (reply.status == 422).then_some(())
    })
    .await;
    let reply = app.ask("007", "01", &list).is_refused(422, "INVALID_RECORDS").await;
    assert_eq!(reply.faults(), [("1", "BZ", "pattern")]);

    let detail = || {
        let check = node.health().checks().dictionary;
        (check.ok, check.detail)
    };
    datasets.change("007", |schema| schema["properties"]["BZ"]["pattern"] = json!("["));
    let told = eventually("the bad file is noticed", || async {
        let (ok, detail) = detail();
        (!ok).then_some(detail)
    })
    .await;
    assert!(told.contains("007.json, line ") && told.contains("properties.BZ.pattern"), "{told}");
    app.ask("007", "01", &list).is_refused(422, "INVALID_RECORDS").await;

    datasets.change("007", |schema| schema["properties"]["BZ"]["pattern"] = json!("^.*$"));
    eventually("the mended file is in use", || async { detail().0.then_some(()) }).await;
    app.ask("007", "01", &list).succeeds().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_batch_keeps_the_version_of_its_dataset() {
    let datasets = Datasets::shipped();
    let city = Spec::new("370200").extra(&datasets.settings());
    datasets.refuse_remarks_with("密");
    let county = Spec::new("370203").parent(&city);
    let city = city.start(&[&county]).await;
    let county = county.start(&[]).await;
    let list = records::checks("V", "370203", "2025-06-01 08:00:00", 2);
    let reply = App::of(&county).ask("007", "01", list).succeeds().await;
    let id = reply.busilist[0]["BATCH"].as_str().unwrap().parse().unwrap();
    let batch = eventually("the city has it", || async { city.store().batches(&[id]).await.unwrap().pop() }).await;
    assert_eq!(batch.dataset_version, "3");
    assert_eq!(batch.trace[0]["dataset"], "2", "{}", batch.trace);
}
