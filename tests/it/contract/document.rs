//! The interface document (§6.5.1 形成接口说明文档) as a running node shows it.

use super::ask::App;
use super::fixture;
use crate::harness::{Spec, eventually, records};
use reqwest::StatusCode;
use reqwest::header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use serde_json::{Value, json};
use sesame::interface::contract::{Condition, LOG_CONDITIONS, LOG_FIELDS, RECORD_CONDITIONS, Shape, tier_fields};
use sesame::standard::region::Tier;

#[tokio::test(flavor = "multi_thread")]
async fn clause_6_5_1_the_document_is_answered_to_everyone_and_is_no_exchange() {
    let node = Spec::new("370203").start(&[]).await;
    let (http, url) = (reqwest::Client::builder().no_proxy().build().unwrap(), format!("{}/openapi.json", node.url()));
    let first = http.get(&url).send().await.unwrap();
    assert_eq!(
        (first.status(), &first.headers()[CONTENT_TYPE]),
        (StatusCode::OK, &"application/json; charset=utf-8".parse().unwrap())
    );
    let tag = first.headers()[ETAG].clone();
    let text = first.text().await.unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."));
    assert!(document["paths"]["/sesame/exchange"]["post"].is_object());

    let held = http.get(&url).header(IF_NONE_MATCH, &tag).send().await.unwrap();
    assert_eq!((held.status(), &held.headers()[ETAG]), (StatusCode::NOT_MODIFIED, &tag));
    assert!(held.text().await.unwrap().is_empty());
    let stale = http.get(&url).header(IF_NONE_MATCH, "\"another\"").send().await.unwrap();
    assert_eq!(stale.text().await.unwrap(), text);
    let head = http.head(&url).send().await.unwrap();
    assert_eq!((head.status(), &head.headers()[ETAG]), (StatusCode::OK, &tag));
    assert_eq!(head.headers()[CONTENT_LENGTH], text.len().to_string().as_str());

    let app = App::of(&node);
    for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
        let reply = app.call(method, &url).await;
        reply.assert_refusal(405, "NOT_FOUND");
        assert_eq!(reply.headers[ALLOW], "GET, HEAD");
    }
    // The refusals came last: once they are in the log, whatever was before them is.
    let rows = eventually("the refusals are in the log", || async {
        let rows = app.log(json!([{"SIZE": "100"}])).succeeds().await.busilist;
        (rows.iter().filter(|row| row["CODE"] == "NOT_FOUND").count() == 4).then_some(rows)
    })
    .await;
    assert!(rows.iter().all(|row| row["CODE"] == "NOT_FOUND" || row["BUSICODE"] == "000"), "{rows:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_6_5_1_the_page_is_shown_without_a_login_and_linked_from_the_start() {
    let node = Spec::new("370203").start(&[]).await;
    let (http, console) = (reqwest::Client::builder().no_proxy().build().unwrap(), format!("http://{}", node.console));
    let start = http.get(&console).send().await.unwrap().text().await.unwrap();
    assert!(start.contains("href=\"/interface\""), "{start}");
    let page = http.get(format!("{console}/interface")).send().await.unwrap();
    assert_eq!(page.status(), StatusCode::OK);
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("script-src"), "{policy}");
    let tag = page.headers()[ETAG].clone();
    let text = page.text().await.unwrap();
    assert!(text.contains("/sesame/exchange") && text.contains("SYDJZBH") && text.contains("INVALID_RECORDS"));
    let held = http.get(format!("{console}/interface")).header(IF_NONE_MATCH, tag).send().await.unwrap();
    assert_eq!(held.status(), StatusCode::NOT_MODIFIED);
}

/// A good value of a condition.
fn value(condition: &Condition) -> &'static str {
    match condition.shape {
        Shape::Region => "370203",
        Shape::Moment => "2025-08-01 00:00:00",
        Shape::Size => "1",
        Shape::Choice(choices) => choices[0],
        Shape::BusinessCode => "007",
        Shape::Uuid => "0192f0c1-7b1a-7c3e-9a51-0d2b6c7e8f90",
        Shape::Text => "test-app",
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_6_1_every_condition_and_every_field_of_the_document_is_the_nodes() {
    let node = Spec::new("370203").start(&[]).await;
    let app = App::of(&node);
    // Only AFTER has values that no caller can think of.
    for condition in RECORD_CONDITIONS.iter().filter(|condition| condition.name != "AFTER") {
        app.ask("007", "04", json!([{condition.name: value(condition)}])).succeeds().await;
    }
    for condition in LOG_CONDITIONS.iter().filter(|condition| condition.name != "AFTER") {
        app.log(json!([{condition.name: value(condition)}])).succeeds().await;
    }
    let unknown = app.ask("007", "04", json!([{"NOSUCH": "1"}])).is_refused(422, "INVALID_RECORDS").await;
    let unknown_log = app.log(json!([{"NOSUCH": "1"}])).is_refused(422, "INVALID_RECORDS").await;
    for (reply, conditions) in [(unknown, &RECORD_CONDITIONS[..]), (unknown_log, &LOG_CONDITIONS[..])] {
        let said = reply.busilist[0]["ERROR"].as_str().unwrap();
        assert!(conditions.iter().all(|condition| said.contains(condition.name)), "{said}");
    }

    let batch = app.ask("007", "01", records::checks("D", "370203", "2025-06-01 08:00:00", 1)).accepted().await;
    let row = fixture::persisted(&app, &batch).await;
    let names: Vec<String> = row.as_object().unwrap().keys().cloned().collect();
    let own = LOG_FIELDS.iter().map(|field| field.name.to_owned());
    let documented: Vec<String> = own.chain(tier_fields(Tier::County).map(|(name, _)| name)).collect();
    assert_eq!(names, documented);
}
