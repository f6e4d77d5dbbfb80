//! The forms of requests and answers that are settings of an app or a node.

use super::ask::App;
use super::fixture::{app, persisted};
use crate::harness::{Spec, records};
use serde_json::json;
use sesame::clock::Clock;
use sesame::standard::response::DatalistForm;

const UPDATED: &str = "2025-06-01 08:00:00";

#[tokio::test(flavor = "multi_thread")]
async fn an_app_or_a_node_set_so_is_always_answered_with_200() {
    let mut node = Spec::new("370203").extra(&app("lenient", "370203", "always_ok = true")).prepare(&[]).await;
    node.run(Clock::system()).await;
    let lenient = App::named(&node, "lenient");
    for (reply, code) in [
        (lenient.ask("099", "04", "[]").send().await, "UNKNOWN_BUSICODE"),
        (lenient.ask("007", "01", "[]").send().await, "INVALID_RECORDS"),
        (lenient.log(json!([{"APPID": "other"}])).send().await, "NOT_GRANTED"),
    ] {
        reply.assert_refusal(200, code);
        assert!(reply.holds, "{reply:?}");
    }
    // Who has not shown to be that app is not known to want it.
    lenient.ask("007", "04", "[]").sign("00").send().await.assert_refusal(401, "SIGN_MISMATCH");
    App::of(&node).ask("099", "04", "[]").is_refused(400, "UNKNOWN_BUSICODE").await;
    node.stop().await;

    node.config.interface.always_ok = true;
    node.run(Clock::system()).await;
    let app = App::of(&node);
    app.ask("099", "04", "[]").is_refused(200, "UNKNOWN_BUSICODE").await;
    App::named(&node, "stranger").ask("007", "04", "[]").send().await.assert_refusal(200, "UNKNOWN_APP");
    app.post("exchange", Default::default(), "").await.assert_refusal(200, "MALFORMED");
    app.call("GET", &app.url).await.assert_refusal(200, "NOT_FOUND");
    app.call("GET", &format!("{}/exchange", app.url)).await.assert_refusal(200, "NOT_FOUND");
    app.ask("007", "04", "[]").succeeds().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_6_2_3_table_4_a_datalist_that_is_a_string_is_signed_by_its_content() {
    let node = Spec::new("370203").extra(&app("literal", "370203", "datalist_as_string = true")).start(&[]).await;
    let (object, literal) = (App::of(&node), App::named(&node, "literal"));
    let batch = literal.ask("007", "01", records::checks("S", "370203", UPDATED, 2)).accepted().await;
    persisted(&object, &batch).await;
    let page = literal.ask("007", "04", r#"[{"SIZE":"1"}]"#).succeeds().await;
    assert_eq!((page.form, page.busilist.len(), page.after.is_some()), (DatalistForm::Text, 1, true), "{page:?}");
    assert!(page.text.starts_with(r#"{"datalist":"{\"result\":\"0001\","#), "{}", page.text);
    let refused = literal.ask("007", "01", "[]").is_refused(422, "INVALID_RECORDS").await;
    assert_eq!(refused.form, DatalistForm::Text);
    // An unknown caller has no settings.
    let unknown = literal.ask("007", "04", "[]").sign("00").send().await;
    assert_eq!((unknown.form, unknown.is_unsigned), (DatalistForm::Object, true), "{unknown:?}");
    let page = object.ask("007", "04", "[]").succeeds().await;
    assert!(page.form == DatalistForm::Object && page.text.starts_with(r#"{"datalist":{"result":"0001","#));
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_1_an_app_with_encryption_sends_and_gets_every_busilist_encrypted() {
    let key = "fedcba98765432100123456789abcdef";
    let settings = app("sealed", "370203", &format!("data_key = \"{key}\"\ndatalist_as_string = true"));
    let node = Spec::new("370203").extra(&settings).start(&[]).await;
    let (plain, sealed) = (App::of(&node), App::named(&node, "sealed").encrypting_with(key));
    let records = records::checks("C", "370203", UPDATED, 2);
    let write = sealed.ask("007", "01", &records);
    let batch = write.clone().accepted().await;
    // Each body has an initial vector of its own, so sameness is that of the decrypted text.
    assert_ne!(write.body(), write.body());
    assert_eq!(write.clone().accepted().await, batch);
    let row = persisted(&plain, &batch).await;
    assert_eq!((row["RECORDS"].as_str(), row["CODE"].as_str()), (Some("2"), Some("")), "{row}");

    let (here, there) = (sealed.ask("007", "04", "[]").succeeds().await, plain.ask("007", "04", "[]").succeeds().await);
    assert_eq!((here.busilist.len(), &here.busilist), (2, &there.busilist));
    assert!(!here.text.contains("JCJLBH") && !here.text.contains("[]"), "rows are encrypted: {}", here.text);
    for reply in [
        sealed.ask("007", "04", r#"[{"JCJLBH":"none"}]"#).succeeds().await,
        sealed.log("[]").succeeds().await,
        sealed.ask("007", "01", &records).at("validate").succeeds().await,
        sealed.ask("007", "01", "[]").is_refused(422, "INVALID_RECORDS").await,
        sealed.ask("012", "01", "[]").is_refused(400, "UNKNOWN_BUSICODE").await,
    ] {
        assert!(!reply.text.contains("\\\"busilist\\\":["), "busilist is not encrypted: {}", reply.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busilist_sent_as_a_string_is_the_array_it_holds() {
    let node = Spec::new("370203").start(&[]).await;
    let app = App::of(&node);
    let records = format!(" {}\n", records::checks("J", "370203", UPDATED, 2).replace(",\"", " ,\n \""));
    let batch = app.ask("007", "01", &records).into_text().random("either").accepted().await;
    persisted(&app, &batch).await;
    // The same array as an array is the same exchange: sameness is that of the content.
    assert_eq!(app.ask("007", "01", records.trim()).random("either").accepted().await, batch);
    let page = app.ask("007", "04", r#"[{"JCJLBH":"J-1"}]"#).into_text().succeeds().await;
    assert_eq!(page.busilist[0]["JCRY"], "张三、李四", "{page:?}");
    let log = app.ask("000", "04", "[]").at("log").into_text().succeeds().await;
    assert!(!log.busilist.is_empty());
    app.ask("007", "01", "[]").into_text().is_refused(422, "INVALID_RECORDS").await;
    // Escapes in the string are the sender's own business.
    let escaped = app.ask("007", "04", r#"[{"JCJLBH":"J-1"}]"#).into_text().random("escaped");
    let body = escaped.body().replace("JCJLBH", "\\u004a\\u0043JLBH");
    let reply = app.post("exchange", Default::default(), body).await;
    assert_eq!((reply.result.as_str(), reply.busilist.len()), ("0001", 1), "{reply:?}");
}
