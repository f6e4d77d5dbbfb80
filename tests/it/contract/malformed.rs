//! `MALFORMED`: what is no envelope.

use super::ask::App;
use super::fixture;
use crate::harness::{Spec, records};
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};

/// A body that is right but for one replacement.
fn spoilt(app: &App, from: &str, to: &str) -> String {
    let body = app.ask("007", "01", "[]").random("R-1").body();
    assert!(body.contains(from), "{from} is not in {body}");
    body.replace(from, to)
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_6_2_2_what_is_no_envelope_is_told_so_and_its_random_repeated_where_it_can_be_read() {
    let node = Spec::new("370203").start(&[]).await;
    let app = App::of(&node);
    let whole = app.ask("007", "01", "[]").random("R-1").body();
    let gbk = [b"{\"appid\":\"".as_slice(), &[0xb2, 0xe2], b"\"}"].concat();
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("nothing", Vec::new(), ""),
        ("white space", b" \n".to_vec(), ""),
        ("no JSON", b"appid=1&action=01".to_vec(), ""),
        ("an array", b"[]".to_vec(), ""),
        ("GBK", gbk, ""),
        ("cut off after the random", whole.as_bytes()[..whole.len() - 4].to_vec(), "R-1"),
        ("something after the object", format!("{whole}x").into_bytes(), "R-1"),
        ("a repeated key", spoilt(&app, "{\"appid\"", "{\"x\":1,\"\\u0078\":2,\"appid\"").into_bytes(), "R-1"),
        ("a repeated appid", spoilt(&app, "{\"appid\"", "{\"appid\":\"other\",\"appid\"").into_bytes(), "R-1"),
        ("no action", spoilt(&app, "\"action\"", "\"Action\"").into_bytes(), "R-1"),
        ("no busilist", spoilt(&app, "\"busilist\"", "\"busiList\"").into_bytes(), "R-1"),
        ("no sign", spoilt(&app, "\"sign\"", "\"signature\"").into_bytes(), "R-1"),
        ("no random", spoilt(&app, "\"random\"", "\"Random\"").into_bytes(), ""),
        ("an action that is a number", spoilt(&app, "\"01\"", "1").into_bytes(), "R-1"),
        ("a random that is a number", spoilt(&app, "\"R-1\"", "1").into_bytes(), ""),
        ("an empty random", spoilt(&app, "\"R-1\"", "\"\"").into_bytes(), ""),
        ("a random of 65 characters", spoilt(&app, "R-1", &"r".repeat(65)).into_bytes(), ""),
        ("a random in Chinese", spoilt(&app, "R-1", "随机").into_bytes(), ""),
        ("a busilist that is an object", spoilt(&app, "[]", "{}").into_bytes(), "R-1"),
        ("a busilist that is null", spoilt(&app, "[]", "null").into_bytes(), "R-1"),
        ("half a surrogate pair", spoilt(&app, "\"007\"", "\"\\ud800\"").into_bytes(), "R-1"),
    ];
    for (what, body, random) in cases {
        for flag in ["exchange", "log", "validate"] {
            let reply = app.post(flag, HeaderMap::new(), body.clone()).await;
            reply.assert_refusal(400, "MALFORMED");
            assert!(reply.is_unsigned, "{what}: nobody knows the caller, {reply:?}");
            assert_eq!(reply.random, random, "{what}: {reply:?}");
        }
    }
    // What reads like a slip of the pen is named.
    let slip = app.post("exchange", HeaderMap::new(), spoilt(&app, "\"appid\"", "\"appId\"")).await;
    assert!(slip.message.contains("缺少 appid") && slip.message.contains("appId"), "{slip:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_6_2_1_utf_8_is_taken_however_it_is_announced_and_nothing_else_is() {
    let node = Spec::new("370203").start(&[]).await;
    let app = App::of(&node);
    let query = || app.ask("007", "04", "[]");
    for content_type in [
        "application/json",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        "text/plain; Charset=\"utf-8\"",
        "application/x-www-form-urlencoded",
    ] {
        query().header("content-type", content_type).succeeds().await;
    }
    query().header("content-encoding", "identity").succeeds().await;
    let with = |name, value: &'static str| HeaderMap::from_iter([(name, HeaderValue::from_static(value))]);
    for headers in [
        with(CONTENT_TYPE, "application/json; charset=GBK"),
        with(CONTENT_TYPE, "application/json; charset=\"gb18030\"; x=y"),
        with(CONTENT_ENCODING, "gzip"),
    ] {
        let reply = app.post("exchange", headers, query().body()).await;
        reply.assert_refusal(400, "MALFORMED");
        assert!(reply.is_unsigned && reply.random.is_empty(), "refused before the body is read: {reply:?}");
    }
    // A byte order mark, other keys, any order and white space are none of the caller's faults.
    let body = query().random("bom").body().replacen('{', "\u{feff}{ \n\"version\": {\"a\":[1]}, ", 1);
    assert_eq!(app.post("exchange", HeaderMap::new(), body).await.result, "0001");
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_1_what_cannot_be_decrypted_is_malformed_and_the_answer_is_signed_and_encrypted() {
    let data_key = "fedcba98765432100123456789abcdef";
    let sealed = fixture::app("sealed", "370203", &format!("data_key = \"{data_key}\""));
    let node = Spec::new("370203").extra(&sealed).start(&[]).await;
    let app = App::named(&node, "sealed");
    let good = app.clone().encrypting_with(data_key);
    let records = records::checks("E", "370203", "2025-06-01 08:00:00", 1);

    for (what, request) in [
        ("a plain array", app.ask("007", "01", &records)),
        ("a plain array as a string", app.ask("007", "01", &records).into_text()),
        ("no hexadecimal", app.ask("007", "01", "密文").into_text()),
        ("half a block", app.ask("007", "01", "00".repeat(24)).into_text()),
        ("an initial vector alone", app.ask("007", "01", "00".repeat(16)).into_text()),
        ("a wrong padding", app.ask("007", "01", "00".repeat(32)).into_text()),
        ("an object inside", good.ask("007", "01", "{}")),
        ("no JSON inside", good.ask("007", "01", "[{")),
    ] {
        let body = request.body();
        let reply = good.post("exchange", HeaderMap::new(), body).await;
        reply.assert_refusal(400, "MALFORMED");
        assert!(reply.holds, "{what}: the caller's signature held, so the answer is signed: {reply:?}");
        assert!(!reply.text.contains("\"busilist\":[]"), "{what}: busilist is not encrypted: {reply:?}");
    }

    // A string that holds no array is as malformed without encryption.
    let plain = App::of(&node);
    for text in ["{}", "", "[1", "[] []"] {
        plain.ask("007", "01", text).into_text().is_refused(400, "MALFORMED").await;
    }
}
