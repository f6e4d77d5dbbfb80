//! Every refusal of contract 6.1, as a caller sees it.

use crate::harness::{APP, KEY, Spec, TestNode, records};
use serde_json::{Value, json};
use sesame::client::Answered;
use sesame::standard::answer::{Answer, ResultCode};
use sesame::standard::cipher::{Key, Software};
use sesame::standard::code::{Action, BusinessCode};
use sesame::standard::random::Random;
use sesame::standard::response::Response;
use sesame::standard::sign::{Canonical, Profile, Signer, sign};
use uuid::Uuid;

/// An answer down to its bytes.
struct Seen {
    status: u16,
    code: String,
    random: String,
    signed: bool,
    list: Vec<Value>,
}

fn random() -> String {
    Uuid::new_v4().to_string()
}

/// A request's body, signed over the text of `busilist` as it stands.
fn body(appid: &str, key: &str, busicode: &str, action: &str, busilist: &str, random: &str) -> String {
    // Of a busilist sent as a JSON string the content is signed.
    let canonical = Canonical::Request { action, appid, busicode, busilist: busilist.trim_matches('"'), random };
    let sign = sign(&Software, Profile::Digest, &Key::parse(key).unwrap(), &canonical);
    format!(
        r#"{{"appid":"{appid}","busicode":"{busicode}","action":"{action}","busilist":{busilist},"random":"{random}","sign":"{sign}"}}"#
    )
}

fn good(busicode: &str, action: &str, busilist: &str) -> String {
    body(APP, KEY, busicode, action, busilist, &random())
}

async fn post(node: &TestNode, path: &str, request: impl Into<reqwest::Body>, headers: &[(&str, &str)]) -> Seen {
    let mut call = reqwest::Client::new().post(format!("http://{}{path}", node.interface)).body(request);
    for (name, value) in headers {
        call = call.header(*name, *value);
    }
    seen(call.send().await.unwrap()).await
}

async fn seen(response: reqwest::Response) -> Seen {
    let status = response.status().as_u16();
    let bytes = response.bytes().await.unwrap();
    let response = Response::read(&bytes).unwrap();
    let answer: Answer<'_> = response.answer().unwrap();
    assert_eq!(answer.result, ResultCode::Failure, "{}", String::from_utf8_lossy(&bytes));
    let key = Key::parse(KEY).unwrap();
    let signer = Signer { cipher: &Software, profile: Profile::Digest, key: &key };
    let signed = !response.sign.is_empty();
    assert!(!signed || signer.verify(&response.canonical(), &response.sign), "a wrong signature");
    let code = answer.message.trim_start_matches('[').split(']').next().unwrap().to_owned();
    // An app that encrypts gets ciphertext.
    let list = serde_json::from_str(answer.busilist.text()).unwrap_or_default();
    Seen { status, code, random: response.random.to_string(), signed, list }
}

fn assert_refused(seen: &Seen, status: u16, code: &str, signed: bool, what: &str) {
    assert_eq!((seen.status, seen.code.as_str(), seen.signed), (status, code, signed), "{what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn contract_6_1_each_refusal_has_its_code_status_and_form() {
    let node = Spec::new("370203")
        .extra(&format!(
            "[[apps]]\nappid = \"narrow\"\nkey = \"{KEY}\"\nregion = \"370203\"\nbusicodes = [\"003\"]\nactions = [\"01\"]\n\
             [[apps]]\nappid = \"closed\"\nkey = \"{KEY}\"\nregion = \"370203\"\ndata_key = \"{KEY}\"\n"
        ))
        .start(&[])
        .await;
    let exchange = "/sesame/exchange";
    let record = |key: &str| format!("[{}]", records::check(key, "370203", "2025-06-01 08:00:00"));
    let refused = async |request: String, status, code, signed, what| {
        let seen = post(&node, exchange, request, &[]).await;
        assert_refused(&seen, status, code, signed, what);
        seen
    };

    refused("nonsense".to_owned(), 400, "MALFORMED", false, "no JSON").await;
    refused(String::new(), 400, "MALFORMED", false, "empty").await;
    refused("{\"appid\":\"a\"}".to_owned(), 400, "MALFORMED", false, "keys missing").await;
    let repeated = good("007", "01", &record("A")).replacen('{', "{\"appid\":\"x\",", 1);
    let echoed = refused(repeated.clone(), 400, "MALFORMED", false, "a repeated key").await;
    assert!(
        repeated.contains(&echoed.random) && !echoed.random.is_empty(),
        "the random is echoed where it can be read"
    );
    let latin = post(&node, exchange, vec![b'{', 0xff, b'}'], &[]).await;
    assert_refused(&latin, 400, "MALFORMED", false, "not UTF-8");
    let gbk = [("content-type", "application/json; charset=GBK")];
    assert_refused(&post(&node, exchange, good("007", "01", "[]"), &gbk).await, 400, "MALFORMED", false, "charset");
    let gzip = [("content-encoding", "gzip")];
    assert_refused(&post(&node, exchange, "x", &gzip).await, 400, "MALFORMED", false, "compressed");
    refused(body("closed", KEY, "007", "01", "\"00FF\"", &random()), 400, "MALFORMED", true, "cannot be decrypted")
        .await;
    refused(body("closed", KEY, "007", "01", "[]", &random()), 400, "MALFORMED", true, "not encrypted").await;

    refused(body("nobody", KEY, "007", "01", "[]", &random()), 401, "UNKNOWN_APP", false, "unknown app").await;
    let other_key = "ffffffffffffffffffffffffffffffff";
    refused(body(APP, other_key, "007", "01", "[]", &random()), 401, "SIGN_MISMATCH", false, "another key").await;
    refused(good("012", "01", "[]"), 400, "UNKNOWN_BUSICODE", true, "no such dataset").await;
    refused(good("7", "01", "[]"), 400, "UNKNOWN_BUSICODE", true, "no code").await;
    refused(good("007", "05", "[]"), 400, "UNKNOWN_ACTION", true, "no such action").await;
    refused(body("narrow", KEY, "007", "01", "[]", &random()), 403, "NOT_GRANTED", true, "dataset").await;
    refused(body("narrow", KEY, "003", "04", "[]", &random()), 403, "NOT_GRANTED", true, "action").await;
    let foreign = format!("[{}]", records::check("A", "370211", "2025-06-01 08:00:00"));
    refused(good("007", "01", &foreign), 403, "NOT_GRANTED", true, "another region's record").await;
    refused(good("007", "04", r#"[{"REGION":"320000"}]"#), 403, "NOT_GRANTED", true, "another region's query").await;
    let empty = refused(good("007", "01", "[]"), 422, "INVALID_RECORDS", true, "an empty list in a write").await;
    assert_eq!(empty.list[0]["RULE"], "minItems");

    let elsewhere = post(&node, "/sesame/nothing", good("007", "01", "[]"), &[]).await;
    assert_refused(&elsewhere, 404, "NOT_FOUND", false, "path");
    let get = reqwest::get(format!("http://{}{exchange}", node.interface)).await.unwrap();
    assert_refused(&seen(get).await, 405, "NOT_FOUND", false, "method");

    let once = random();
    let first = body(APP, KEY, "007", "01", &record("B"), &once);
    let accepted = reqwest::Client::new().post(node.url() + "/exchange").body(first.clone()).send().await.unwrap();
    assert_eq!(accepted.status(), 200);
    let again = reqwest::Client::new().post(node.url() + "/exchange").body(first).send().await.unwrap();
    assert_eq!(again.status(), 200, "the same exchange again");
    refused(body(APP, KEY, "007", "01", &record("C"), &once), 409, "RANDOM_REUSED", true, "other content").await;
    refused(body(APP, KEY, "007", "04", "[]", &once), 409, "RANDOM_REUSED", true, "a query").await;

    let too_long = format!("{{\"x\":\"{}\"}}", "y".repeat(33 << 20));
    refused(too_long, 413, "TOO_LARGE", false, "33 MiB").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_7_every_bad_record_is_listed_with_its_field_and_rule() {
    let node = Spec::new("370203").start(&[]).await;
    let base = records::check("A", "370203", "2025-06-01 08:00:00");
    let with = |field: &str, value: Value| {
        let mut record = base.clone();
        record[field] = value;
        record
    };
    let cases = [
        (with("JCRQ", json!("2025-02-30")), "JCRQ", "format"),
        (with("JCLX", json!("8")), "JCLX", "enum"),
        (with("BJCDWDM", json!("91370100MA3C00011K")), "BJCDWDM", "format"),
        (with("JCJG", json!("关".repeat(101))), "JCJG", "maxLength"),
        (with("SJSBSL", json!("1.5")), "SJSBSL", "pattern"),
        (with("JCRY", json!("")), "JCRY", "required"),
        (with("NOPE", json!("1")), "NOPE", "additionalProperties"),
        (with("BZ", json!(true)), "BZ", "type"),
        (with("BZ", json!({"a": "b"})), "BZ", "type"),
        (with("BZ", json!("a\u{0}b")), "BZ", "unicode"),
        (with("SJGXSJ", json!("2999-01-01 00:00:00")), "SJGXSJ", "future"),
    ];
    let list = Value::Array(cases.iter().map(|(record, _, _)| record.clone()).collect()).to_string();
    let seen = post(&node, "/sesame/exchange", good("007", "01", &list), &[]).await;
    assert_refused(&seen, 422, "INVALID_RECORDS", true, "bad records");
    for (at, (_, field, rule)) in cases.iter().enumerate() {
        let index = (at + 1).to_string();
        let found = seen.list.iter().any(|row| row["INDEX"] == index && row["FIELD"] == *field && row["RULE"] == *rule);
        assert!(found, "{index} {field} {rule}: {:?}", seen.list);
    }
    assert!(seen.list.iter().all(|row| row["ERROR"].as_str().is_some_and(|text| !text.is_ascii())), "in Chinese");
    let surrogate = good("007", "02", r#"[{"JCJLBH":"A","SJGXSJ":"2025-06-01 08:00:00","BZ":"\ud800"}]"#);
    assert_eq!(post(&node, "/sesame/exchange", surrogate, &[]).await.list[0]["RULE"], "unicode");
    let many = records::checks("M", "370203", "2025/06/01", 150);
    assert_eq!(post(&node, "/sesame/exchange", good("007", "01", &many), &[]).await.list.len(), 100, "the first 100");
}

#[tokio::test(flavor = "multi_thread")]
async fn unavailable_means_repeat_the_same_envelope() {
    let mut node = Spec::new("370203").prepare(&[]).await;
    let toml = node.toml.replace("amqp://", "amqp://nobody:");
    node.config = sesame::config::parse(&toml, "test", []).unwrap();
    node.launch(sesame::clock::Clock::system()).await;
    let busicode = BusinessCode::parse("007").unwrap();
    let list = records::checks("U", "370203", "2025-06-01 08:00:00", 1);
    let answered: Answered =
        node.client().send(busicode, Action::Add, &list, &Random::parse("r-1").unwrap()).await.unwrap();
    assert_eq!((answered.status, answered.success), (503, false), "{answered:?}");
    assert!(answered.message.starts_with("[UNAVAILABLE]"), "{answered:?}");
    let ready = reqwest::get(format!("http://{}/health/ready", node.metrics)).await.unwrap();
    assert_eq!(ready.status(), 503);
}
