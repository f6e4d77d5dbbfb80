//! What the desk shows.

use super::fixture::{Office, PARKED, because, modify};
use crate::contract::ask::App;
use crate::harness::{Spec, records};
use crate::rules::fixture::Datasets;
use serde_json::Value;
use sesame::dataset::Dictionary;
use sesame::desk::{Selection, Sight, groups_by};
use sesame::standard::code::Action;
use sesame::standard::region::RegionTable;
use std::sync::Arc;

#[tokio::test(flavor = "multi_thread")]
async fn failures_are_listed_page_by_page_and_grouped() {
    let office = Office::new(PARKED).await;
    office.fail("A", 5).await;
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = office.desk.list(&Selection::default(), 2, after.as_deref()).await.unwrap();
        seen.extend(page.failures.iter().map(|failure| failure.id));
        after = page.after;
        if after.is_none() {
            break;
        }
    }
    let mut once = seen.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!((seen.len(), once.len()), (5, 5), "every failure once");

    let groups = office.desk.groups(&Selection::default(), &groups_by("reason,link,dataset,region,app").unwrap()).await;
    let groups = groups.unwrap();
    assert_eq!(groups.len(), 1);
    let values = &groups[0].values;
    assert_eq!(groups[0].count, 5);
    assert_eq!((&values["reason"], &values["dataset"]), (&"MISSING_KEY".into(), &"007".into()));
    assert_eq!((&values["region"], &values["app"]), (&"370203".into(), &"test-app".into()));
    assert!(values["link"].as_str().unwrap().starts_with("persist "), "{values:?}");

    let other = Selection { region: Some("370202".to_owned()), ..Selection::default() };
    assert!(office.desk.list(&other, 10, None).await.unwrap().failures.is_empty());
    let past = Selection { until: Some("2020-01-01 00:00:00".to_owned()), ..because("MISSING_KEY") };
    assert!(office.desk.list(&past, 10, None).await.unwrap().failures.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_shows_its_envelope_every_attempt_and_where_it_is_next_and_masks_what_is_sensitive() {
    let office = Office::new(PARKED).await;
    let list = r#"[{"JCJLBH":"A-0","SJGXSJ":"2025-06-02 08:00:00","JCRY":"张三丰"}]"#;
    let batch = office.send(Action::Modify, list).await;
    office.have("parked", 1).await;
    let selection = Selection { batch: Some(batch), ..Selection::default() };
    let page = office.desk.list(&selection, 10, None).await.unwrap();
    let id = page.failures[0].id;
    let shown = office.desk.show(id, Sight::Masked).await.unwrap();
    let failure = &shown.failure;
    assert_eq!((failure.state, failure.round, failure.attempts), ("parked", 1, 3));
    assert_eq!(failure.queue.as_deref(), Some("county.persist.parked"));
    assert!(failure.next_at.is_some() && !failure.remedy.is_empty());
    assert_eq!(shown.past.as_array().unwrap().len(), 3, "every attempt");
    let envelope = shown.envelope.as_ref().unwrap();
    assert_eq!((&envelope["busicode"], &envelope["action"]), (&"007".into(), &"02".into()));
    let text = |sight| {
        let desk = office.desk.clone();
        async move { serde_json::to_string(&desk.show(id, sight).await.unwrap().records).unwrap() }
    };
    let (masked, full) = (text(Sight::Masked).await, text(Sight::Full).await);
    assert!(masked.contains("A-0") && !masked.contains("张三丰") && masked.contains("张**"), "{masked}");
    assert!(full.contains("张三丰"), "{full}");
    let missing = office.desk.show(uuid::Uuid::nil(), Sight::Masked).await.unwrap_err();
    assert!(missing.to_string().contains("there is no failure"), "{missing}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_condition_finds_what_it_says_and_nothing_else() {
    let office = Office::new(PARKED).await;
    let begun = sesame::clock::Clock::system().now();
    let batch = office.send(Action::Modify, &modify("F", 0)).await;
    office.have("parked", 1).await;
    let text = |text: &str| Some(text.to_owned());
    let none = Selection::default;
    let link = office.node.config.node.appid.clone();
    let later = begun.plus_micros(3_600_000_000).to_rfc3339();
    let pairs = [
        (Selection { batch: Some(batch), ..none() }, Selection { batch: Some(uuid::Uuid::nil()), ..none() }),
        (because("MISSING_KEY"), because("POISON")),
        (Selection { state: text("parked"), ..none() }, Selection { state: text("retrying"), ..none() }),
        (Selection { step: text("persist"), ..none() }, Selection { step: text("uplink"), ..none() }),
        (Selection { link: Some(link), ..none() }, Selection { link: text("parent"), ..none() }),
        (Selection { appid: text("test-app"), ..none() }, Selection { appid: text("other"), ..none() }),
        (Selection { busicode: text("007"), ..none() }, Selection { busicode: text("001"), ..none() }),
        (Selection { region: text("370200"), ..none() }, Selection { region: text("370300"), ..none() }),
        (Selection { since: Some(begun.to_rfc3339()), ..none() }, Selection { since: Some(later.clone()), ..none() }),
        (Selection { until: Some(later), ..none() }, Selection { until: Some(begun.to_rfc3339()), ..none() }),
    ];
    for (finds, misses) in pairs {
        let found = async |selection| office.desk.list(selection, 10, None).await.unwrap().failures.len();
        assert_eq!((found(&finds).await, found(&misses).await), (1, 0), "{finds:?} {misses:?}");
        let counted = office.desk.count(sesame::store::ActKind::Replay, &finds).await.unwrap();
        assert!(counted.would == 1 || finds.state.is_some(), "{finds:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_6_1_the_bad_records_and_fields_of_a_failure_are_shown() {
    let strict = Datasets::shipped();
    strict.refuse_remarks_with("密");
    let above = Spec::new("370200").extra(&format!("{}{PARKED}", strict.settings()));
    let below = Spec::new("370203").parent(&above);
    let (above, below) = (above.start(&[&below]).await, below.start(&[]).await);
    let mut list: Vec<Value> =
        (0..3).map(|n| records::check(&format!("S-{n}"), "370203", "2025-06-01 08:00:00")).collect();
    list[1]["BZ"] = "密".into();
    App::of(&below).ask("007", "01", Value::Array(list)).accepted().await;
    let rules = Dictionary::load(strict.path(), &Arc::new(RegionTable::builtin())).unwrap();
    let office = Office::reading(above, rules);
    office.have("parked", 1).await;
    let page = office.desk.list(&because("INVALID_RECORDS"), 10, None).await.unwrap();
    let shown = office.desk.show(page.failures[0].id, Sight::Masked).await.unwrap();
    let faults: Vec<_> = shown.faults.iter().map(|fault| (fault.index, fault.field.as_str())).collect();
    assert_eq!(faults, [(2, "BZ")]);
    assert_eq!(shown.records[0].index, 2, "the bad one first");
}
