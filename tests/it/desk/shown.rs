//! What the desk shows.

use super::fixture::{Office, PARKED, because};
use sesame::desk::{Selection, Sight, groups_by};
use sesame::standard::code::Action;

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
