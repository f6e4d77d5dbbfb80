//! `04` at `exchange`: conditions and pages.

use super::ask::App;
use super::fixture::persisted;
use crate::harness::{Spec, records};
use serde_json::{Value, json};
use sesame::clock::Clock;
use std::collections::BTreeSet;

const UPDATED: &str = "2025-06-01 08:00:00";

fn names(rows: &[Value]) -> Vec<&str> {
    rows.iter().map(|row| row["JCJLBH"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn all_conditions_must_hold() {
    let node = Spec::new("370200").start(&[]).await;
    let app = App::of(&node);
    let add = async |prefix: &str, region: &str| {
        let batch = app.ask("007", "01", records::checks(prefix, region, UPDATED, 2)).accepted().await;
        persisted(&app, &batch).await;
    };
    add("A", "370202").await;
    let between = Clock::system().now();
    add("B", "370203").await;
    persisted(&app, &app.ask("007", "03", r#"[{"JCJLBH":"B-1","XZQHDM":"370203"}]"#).accepted().await).await;
    let after = Clock::system().now();

    let rows = async |conditions: Value| app.ask("007", "04", conditions).succeeds().await.busilist;
    for (conditions, expected) in [
        (json!([]), vec!["A-0", "A-1", "B-0"]),
        (json!([{}]), vec!["A-0", "A-1", "B-0"]),
        (json!([{"JCJLBH": null, "REGION": "", "SIZE": ""}]), vec!["A-0", "A-1", "B-0"]),
        (json!([{"REGION": "370203"}]), vec!["B-0"]),
        (json!([{"REGION": 370200}]), vec!["A-0", "A-1", "B-0"]),
        (json!([{"REGION": "370203", "DELETED": "true"}]), vec!["B-0", "B-1"]),
        (json!([{"REGION": "370203", "DELETED": "false"}]), vec!["B-0"]),
        (json!([{"JCJLBH": "A-1"}]), vec!["A-1"]),
        (json!([{"JCJLBH": "Ａ－1"}]), vec!["A-1"]),
        (json!([{"JCJLBH": "A-1", "REGION": "370203"}]), vec![]),
        (json!([{"JCJLBH": "B-1"}]), vec![]),
        (json!([{"SINCE": between.to_rfc3339()}]), vec!["B-0"]),
        (json!([{"SINCE": between.to_rfc3339(), "DELETED": "true"}]), vec!["B-0", "B-1"]),
        (json!([{"UNTIL": between.to_rfc3339(), "DELETED": "true"}]), vec!["A-0", "A-1"]),
        (json!([{"SINCE": after.to_rfc3339()}]), vec![]),
        (json!([{"SINCE": "2020-01-01 00:00:00", "UNTIL": after.to_rfc3339()}]), vec!["A-0", "A-1", "B-0"]),
        (json!([{"UNTIL": "2020-01-01T00:00:00+08:00"}]), vec![]),
    ] {
        assert_eq!(names(&rows(conditions.clone()).await), expected, "{conditions}");
    }
    let marks: Vec<Value> = rows(json!([{"DELETED": "true"}])).await.iter().map(|row| row["SCBZ"].clone()).collect();
    assert_eq!(marks, ["0", "0", "0", "1"]);
    let none = app.ask("007", "04", r#"[{"JCJLBH":"none"}]"#).succeeds().await;
    assert!(none.busilist.is_empty() && none.after.is_none() && none.message.contains('0'), "{none:?}");
    // Another dataset has other records.
    assert!(app.ask("001", "04", "[]").succeeds().await.busilist.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_walks_all_records_without_skip_or_double() {
    let node = Spec::new("370203").start(&[]).await;
    let app = App::of(&node);
    // One big transaction, whose records share one time, and many small ones.
    let batch = app.ask("007", "01", records::checks("BIG", "370203", UPDATED, 150)).accepted().await;
    persisted(&app, &batch).await;
    let mut last = String::new();
    for n in 0..100 {
        last = app.ask("007", "01", records::checks(&format!("S{n}"), "370203", UPDATED, 1)).accepted().await;
    }
    persisted(&app, &last).await;

    let walk = async |size: Option<u32>| {
        let (mut seen, mut pages, mut after) = (Vec::new(), Vec::new(), None::<String>);
        loop {
            let mut conditions = json!({});
            if let Some(size) = size {
                conditions["SIZE"] = json!(size);
            }
            if let Some(after) = &after {
                conditions["AFTER"] = json!(after);
            }
            let page = app.ask("007", "04", json!([conditions])).succeeds().await;
            assert!(page.message.contains(&page.busilist.len().to_string()), "counts this page: {}", page.message);
            pages.push(page.busilist.len());
            seen.extend(names(&page.busilist).into_iter().map(str::to_owned));
            after = page.after;
            if after.is_none() {
                return (seen, pages);
            }
        }
    };
    // A page may end early while transactions run, so how many there are is told only of the last.
    for size in [None, Some(100), Some(7), Some(249), Some(250), Some(2_000)] {
        let (seen, pages) = walk(size).await;
        assert_eq!(seen.len(), 250, "{size:?}: {pages:?}");
        assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 250, "{size:?}: doubles");
        assert!(pages.iter().all(|page| *page <= size.unwrap_or(100) as usize), "{pages:?}");
        assert!(seen[..150].iter().all(|name| name.starts_with("BIG")), "{size:?}: in the order applied");
    }

    // What changes meanwhile moves to the end: a walk that has passed it meets it again, and skips nothing.
    let first = app.ask("007", "04", r#"[{"SIZE":"100"}]"#).succeeds().await;
    let moved = names(&first.busilist)[0].to_owned();
    let change = json!([{"JCJLBH": moved, "SJGXSJ": "2025-07-01 08:00:00", "BZ": "改"}]);
    persisted(&app, &app.ask("007", "02", change).accepted().await).await;
    let rest = app.ask("007", "04", json!([{"SIZE": "2000", "AFTER": first.after}])).succeeds().await;
    assert_eq!((rest.busilist.len(), names(&rest.busilist).last().copied()), (151, Some(moved.as_str())));
}
