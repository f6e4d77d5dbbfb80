//! `NOT_FOUND`, aliases and the interFlags.

use super::ask::App;
use super::fixture;
use crate::harness::{Spec, records};
use serde_json::json;
use sesame::clock::Clock;

#[tokio::test(flavor = "multi_thread")]
async fn clause_6_3_an_unknown_path_or_method_is_answered_in_the_standards_form() {
    let node = Spec::new("370203").start(&[]).await;
    let app = App::of(&node);
    let root = app.url.strip_suffix("/sesame").unwrap().to_owned();
    for path in
        ["/sesame/exchanges", "/sesame/exchange/", "/sesame/Exchange", "/sesame/", "/sesame", "/", "/x/exchange"]
    {
        for method in ["POST", "GET"] {
            let reply = app.call(method, &format!("{root}{path}")).await;
            reply.assert_refusal(404, "NOT_FOUND");
            assert!(reply.is_unsigned && reply.random.is_empty(), "{path}: {reply:?}");
        }
    }
    for flag in ["exchange", "log", "validate"] {
        for method in ["GET", "PUT", "DELETE", "OPTIONS", "PROPFIND"] {
            let reply = app.call(method, &format!("{}/{flag}", app.url)).await;
            reply.assert_refusal(405, "NOT_FOUND");
            assert_eq!(reply.headers["allow"], "POST", "{reply:?}");
            assert!(reply.is_unsigned, "{reply:?}");
        }
    }
    // What follows the path is no part of it.
    app.ask("007", "04", "[]").at("exchange?t=1").succeeds().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_6_3_service_and_inter_flag_have_the_names_an_operator_gives_them() {
    let mut node = Spec::new("370203").prepare(&[]).await;
    node.config.interface.service = "tzsb/v1".to_owned();
    let aliases = [("upload", "exchange"), ("rizhi", "log"), ("jiaoyan", "validate")];
    node.config.interface.aliases = aliases.map(|(a, b)| (a.to_owned(), b.to_owned())).into();
    node.run(Clock::system()).await;
    let mut app = App::of(&node);
    app.call("POST", &format!("{}/exchange", app.url)).await.assert_refusal(404, "NOT_FOUND");
    app.url = app.url.replace("/sesame", "/tzsb/v1");

    let write = app.ask("007", "01", records::checks("P", "370203", "2025-06-01 08:00:00", 2));
    let batch = write.clone().at("upload").accepted().await;
    assert_eq!(write.accepted().await, batch, "an alias is the interFlag it stands for");
    let row = fixture::persisted(&app, &batch).await;
    assert_eq!(row, app.log(json!([{"BATCH": batch}])).at("rizhi").succeeds().await.busilist[0]);
    let reply = app.ask("007", "01", records::checks("P", "370203", "2025-06-01 08:00:00", 3));
    let reply = reply.at("jiaoyan").succeeds().await;
    assert!(reply.message.contains('3') && reply.busilist.is_empty(), "{reply:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_6_1_validate_tells_what_exchange_would_and_sends_nothing() {
    let other = fixture::app("seven", "370203", "busicodes = [\"007\"]\nactions = [\"01\"]");
    let node = Spec::new("370203").extra(&other).start(&[]).await;
    let app = App::of(&node);
    let good = records::checks("V", "370203", "2025-06-01 08:00:00", 2);
    let bad = good.replacen("\"JCLX\":\"1\"", "\"JCLX\":\"Z\"", 1);

    let tried = app.ask("007", "01", &good).at("validate").random("validated").succeeds().await;
    assert!(tried.busilist.is_empty(), "no batch: {tried:?}");
    let here = app.ask("007", "01", &bad).is_refused(422, "INVALID_RECORDS").await;
    let there = app.ask("007", "01", &bad).at("validate").is_refused(422, "INVALID_RECORDS").await;
    assert_eq!((here.message, here.busilist), (there.message, there.busilist));
    app.ask("007", "01", "[]").at("validate").is_refused(422, "INVALID_RECORDS").await;
    let seven = App::named(&node, "seven");
    seven.ask("008", "01", &good).at("validate").is_refused(403, "NOT_GRANTED").await;
    seven.ask("007", "02", &good).at("validate").is_refused(403, "NOT_GRANTED").await;
    // Another interFlag is another use of a random.
    app.ask("007", "01", &good).random("validated").is_refused(409, "RANDOM_REUSED").await;

    // A later write that is committed shows that the earlier ones never were: they would have come before it.
    let last = records::checks("W", "370203", "2025-06-01 08:00:00", 1);
    fixture::persisted(&app, &app.ask("007", "01", last).accepted().await).await;
    let rows = app.ask("007", "04", "[]").succeeds().await.busilist;
    assert_eq!(rows.len(), 1, "{rows:?}");
}
