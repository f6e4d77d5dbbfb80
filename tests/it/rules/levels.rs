//! Errors and warnings at the door, and datasets that take the good records of a batch alone.

use super::fixture::Datasets;
use crate::contract::ask::App;
use crate::harness::{Spec, eventually, records};
use serde_json::{Value, json};

const UPDATED: &str = "2025-06-01 08:00:00";

fn three(spoil: impl FnOnce(&mut Vec<Value>)) -> Value {
    let mut list: Vec<Value> = (0..3).map(|n| records::check(&format!("L-{n}"), "370203", UPDATED)).collect();
    spoil(&mut list);
    Value::Array(list)
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_6_1_rules_across_fields_refuse_or_only_warn() {
    let node = Spec::new("370203").start(&[]).await;
    let app = App::of(&node);

    // JCJL=3 demands the instruction's number and term, and what was found.
    let broken = three(|list| list[1]["JCJL"] = json!("3"));
    let reply = app.ask("007", "01", &broken).is_refused(422, "INVALID_RECORDS").await;
    assert_eq!(
        reply.faults(),
        [("2", "WTMS", "problems-when-found"), ("2", "ZLSBH", "instruction-number"), ("2", "ZGQX", "instruction-term")]
    );
    assert!(reply.busilist.iter().all(|row| row.get("LEVEL").is_none()), "{reply:?}");

    // One inspector alone is told, and taken.
    let warned = three(|list| list[2]["JCRY"] = json!("张三"));
    let tried = app.ask("007", "01", &warned).at("validate").succeeds().await;
    assert_eq!(tried.faults(), [("3", "JCRY", "two-inspectors")]);
    assert_eq!(tried.busilist[0]["LEVEL"], "warning");
    assert!(tried.message.contains("1处提示"), "{}", tried.message);
    let taken = app.ask("007", "01", &warned).succeeds().await;
    assert_eq!(taken.busilist[0]["RECORDS"], "3");
    assert!(taken.message.contains("1处提示"), "{}", taken.message);

    // A change answers for a rule if it shows all that the rule looks at.
    let change = |more: Value| {
        let mut change = json!({"JCJLBH": "L-0", "XZQHDM": "370203", "SJGXSJ": "2025-06-02 08:00:00"});
        change.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Value::Array(vec![change])
    };
    app.ask("007", "02", change(json!({"JCJL": "2"}))).at("validate").succeeds().await;
    let clearing = app.ask("007", "02", change(json!({"JCJL": "2", "WTMS": ""})));
    let reply = clearing.is_refused(422, "INVALID_RECORDS").await;
    assert_eq!(reply.faults(), [("1", "WTMS", "problems-when-found")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dataset_may_take_the_good_records_of_a_batch_alone() {
    let datasets = Datasets::shipped();
    datasets.change("007", |schema| schema["x-accept-valid"] = json!(true));
    let city = Spec::new("370200");
    let county = Spec::new("370203").parent(&city).extra(&datasets.settings());
    let city = city.start(&[&county]).await;
    let county = county.start(&[]).await;
    let app = App::of(&county);

    let list = three(|list| list[1]["JCLX"] = json!("Z"));
    app.ask("007", "01", &list).at("validate").is_refused(422, "INVALID_RECORDS").await;
    let reply = app.ask("007", "01", &list).random("some-good").succeeds().await;
    assert_eq!(reply.busilist[0]["RECORDS"], "2");
    assert_eq!(reply.busilist[1]["FIELD"], "JCLX");
    assert!(reply.message.contains("1条有错误未采用"), "{}", reply.message);
    let batch = reply.busilist[0]["BATCH"].clone();
    assert_eq!(app.ask("007", "01", &list).random("some-good").succeeds().await.busilist[0]["BATCH"], batch);

    for node in [&county, &city] {
        eventually("the good records are there", || async {
            (node.store().tally(county.config.node.region).await.ok()?.first()?.records == 2).then_some(())
        })
        .await;
        assert_eq!(node.store().failure_counts().await.unwrap(), [], "what its sender was told of is no failure");
    }

    // Not one good record: nothing to take.
    let none = three(|list| list.iter_mut().for_each(|record| record["JCLX"] = json!("Z")));
    app.ask("007", "01", &none).is_refused(422, "INVALID_RECORDS").await;
}
