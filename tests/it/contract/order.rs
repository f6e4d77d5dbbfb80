//! The order of the checks: size, parse, appid, sign, codes, grants, random, rules. A request with two faults gets the
//! earlier code.

use super::ask::App;
use super::fixture;
use crate::harness::{Spec, records};
use reqwest::header::HeaderMap;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn of_two_faults_the_one_checked_first_is_told() {
    let none = fixture::app("none", "370203", "busicodes = []");
    let node = Spec::new("370203").extra(&none).start(&[]).await;
    let (app, none, stranger) = (App::of(&node), App::named(&node, "none"), App::named(&node, "stranger"));
    let good = records::checks("O", "370203", "2025-06-01 08:00:00", 1);
    let bad = good.replace("\"JCLX\":\"1\"", "\"JCLX\":\"Z\"");
    let foreign = good.replace("\"370203\"", "\"310101\"");
    app.ask("007", "01", &good).random("used").accepted().await;

    // Parse before appid.
    let body = stranger.ask("007", "01", &good).body().replace("\"sign\"", "\"Sign\"");
    app.post("exchange", HeaderMap::new(), body).await.assert_refusal(400, "MALFORMED");
    // Appid before sign.
    stranger.ask("007", "01", &good).sign("00").send().await.assert_refusal(401, "UNKNOWN_APP");
    // Sign before codes, and before a busilist that is none.
    app.ask("xyz", "01", &good).sign("00").send().await.assert_refusal(401, "SIGN_MISMATCH");
    app.ask("007", "01", "none").into_text().sign("00").send().await.assert_refusal(401, "SIGN_MISMATCH");
    // Codes, the business code first, before grants.
    none.ask("012", "09", &good).is_refused(400, "UNKNOWN_BUSICODE").await;
    none.ask("007", "09", &good).is_refused(400, "UNKNOWN_ACTION").await;
    none.ask("007", "04", &good).at("validate").is_refused(400, "UNKNOWN_ACTION").await;
    // Grants before random.
    for flag in ["exchange", "validate"] {
        app.ask("007", "01", &foreign).at(flag).random("used").is_refused(403, "NOT_GRANTED").await;
        // Random before rules.
        app.ask("007", "01", &bad).at(flag).random("used").is_refused(409, "RANDOM_REUSED").await;
        // Grants before rules, even of the same record.
        let both = bad.replace("\"370203\"", "\"310101\"");
        app.ask("007", "01", both).at(flag).is_refused(403, "NOT_GRANTED").await;
    }
    let condition = |text: &str| app.ask("007", "04", text);
    condition(r#"[{"REGION":"310000"}]"#).random("used").is_refused(403, "NOT_GRANTED").await;
    condition(r#"[{"SIZE":"0","REGION":"310000"}]"#).is_refused(403, "NOT_GRANTED").await;
    condition(r#"[{"SIZE":"0"}]"#).random("used").is_refused(409, "RANDOM_REUSED").await;
    condition(r#"[{"SIZE":"0"}]"#).is_refused(422, "INVALID_RECORDS").await;
    none.log(json!([{"APPID": "test-app"}])).random("twice").is_refused(403, "NOT_GRANTED").await;
    none.log(json!([{"SIZE": "0", "APPID": "test-app"}])).random("twice").is_refused(403, "NOT_GRANTED").await;
    app.log(json!([{"SIZE": "0"}])).random("used").is_refused(409, "RANDOM_REUSED").await;
}
