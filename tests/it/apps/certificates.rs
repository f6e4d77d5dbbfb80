//! Apps of the store that are bound to client certificates (§7.2).

use super::fixture::{Managed, SOON};
use crate::harness::{APP, KEY, Spec};
use crate::tls::fixture::{Pki, YEAR, anyone, assert_unproven, query, query_signed};
use serde_json::{Value, json};
use sesame::client::Client;
use tokio::time::{Instant, sleep};

const ADD: [&str; 4] = ["--name", "某检验院", "--region", "370203"];

/// A node that asks for certificates, whose commands have a file with the key of everybody in the tests.
async fn managed(pki: &Pki) -> Managed {
    let listener = pki.listener("interface", &pki.asks_for_certificates());
    let managed = Managed::start(Spec::new("370203").extra(&listener)).await;
    std::fs::write(managed.path("k"), KEY).unwrap();
    managed
}

/// Asks until the message of the answer holds these words: `0001` has none of a refusal.
async fn soon(caller: &Client, sign: Option<&str>, words: &str) {
    let deadline = Instant::now() + SOON;
    loop {
        let answered = match sign {
            Some(sign) => query_signed(caller, sign).await.unwrap(),
            None => query(caller).await.unwrap(),
        };
        if answered.success == words.is_empty() && answered.message.contains(words) {
            return;
        }
        assert!(Instant::now() < deadline, "expected {words:?} soon: {answered:?}");
        sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_2_an_app_bound_to_a_certificate_is_known_by_it_at_once() {
    let pki = Pki::new();
    let managed = managed(&pki).await;
    let (own, others) = (pki.authority.client("new", YEAR).unwrap(), pki.authority.client("other", YEAR).unwrap());
    managed.json(&[&["add", "new", "--key-file", &managed.path("k")], &ADD[..]].concat()).await;
    let node = &managed.node;
    let [bare, right, wrong] = [None, Some(&own), Some(&others)].map(|shown| pki.client(node, "new", shown));
    soon(&bare, None, "").await;

    let set = managed.json(&["set", "new", "--authentication", "both", "--certificate", "subject=CN = new"]).await;
    assert_eq!((&set["authentication"], &set["certificate"]), (&json!("both"), &json!("CN=new")));
    soon(&bare, None, "缺少客户端证书").await;
    assert_unproven(query(&wrong).await, "客户端证书与应用账号不符");
    assert_unproven(query_signed(&right, "").await, "签名校验失败");
    assert!(query(&right).await.unwrap().success);

    // The certificate stays what it is; the client verifies that answers are signed with the app's key.
    managed.json(&["set", "new", "--authentication", "certificate"]).await;
    soon(&right, Some(""), "").await;
    assert_unproven(query_signed(&right, "00").await, "签名校验失败");
    assert_unproven(query_signed(&bare, "").await, "缺少客户端证书");
    assert_unproven(query_signed(&wrong, "").await, "客户端证书与应用账号不符");

    managed.json(&["set", "new", "--certificate", "CN=other"]).await;
    soon(&wrong, Some(""), "").await;
    assert_unproven(query_signed(&right, "").await, "客户端证书与应用账号不符");

    managed.json(&["set", "new", "--authentication", "signature"]).await;
    soon(&bare, None, "").await;
    assert_unproven(query_signed(&wrong, "").await, "签名校验失败");

    let acts = managed.json(&["history", "new"]).await;
    let details: Vec<&Value> = acts.as_array().unwrap().iter().rev().map(|act| &act["detail"]).collect();
    assert_eq!((&details[0]["authentication"], &details[0]["certificate"]), (&json!("signature"), &Value::Null));
    let change = |from: Option<&str>, to: Option<&str>| json!({"from": from, "to": to});
    let expected = [
        json!({"authentication": change(Some("signature"), Some("both")), "certificate": change(None, Some("CN=new"))}),
        json!({"authentication": change(Some("both"), Some("certificate"))}),
        json!({"certificate": change(Some("CN=new"), Some("CN=other"))}),
        json!({
            "authentication": change(Some("certificate"), Some("signature")),
            "certificate": change(Some("CN=other"), None),
        }),
    ];
    assert_eq!(details[1..], expected.iter().collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_2_an_app_added_with_a_certificate_has_a_key_for_its_answers() {
    let pki = Pki::new();
    let managed = managed(&pki).await;
    let proof = ["--authentication", "certificate", "--certificate", "CN=new"];
    let key = ["--key-file", &managed.path("k"), "--url", "https://node.example/sesame"];
    let output = managed.app(&[&["add", "new", "--json"], &ADD[..], &proof, &key].concat()).await;
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("answers, which are signed with it") && !told.contains("warning"), "{told}");
    let added: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&added["key"], &added["samples"]), (&json!(KEY), &json!({})), "what need not sign is not shown how");
    let own = pki.authority.client("new", YEAR).unwrap();
    let caller = pki.client(&managed.node, "new", Some(&own));
    crate::harness::eventually("the app is known", || async { query(&caller).await.unwrap().success.then_some(()) })
        .await;
    assert!(query_signed(&caller, "").await.unwrap().success);

    let listed = managed.json(&["list"]).await;
    let row = |appid: &str| listed.as_array().unwrap().iter().find(|row| row["appid"] == appid).unwrap();
    assert_eq!((&row("new")["authentication"], &row("new")["certificate"]), (&json!("certificate"), &json!("CN=new")));
    assert_eq!((&row(APP)["authentication"], &row(APP)["certificate"]), (&json!("signature"), &Value::Null));

    // Where the settings ask for no certificates, that is said; another process may have others.
    managed.write_settings(&managed.node.toml.replace("\nclient_ca", "\n# client_ca").replace("\nclient_crl", "\n# "));
    let told = managed.app(&["set", "new", "--authentication", "both"]).await;
    let told = String::from_utf8(told.stderr).unwrap();
    assert!(told.contains("needs [interface.tls] with client_ca") && !told.contains("note:"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_together_is_refused_with_what_to_do() {
    let managed = Managed::start(Spec::new("370203")).await;
    let out = managed.path("out.key");
    managed.json(&[&["add", "new"], &ADD[..]].concat()).await;
    for proof in ["certificate", "both"] {
        let error = managed.fails(&["set", "new", "--authentication", proof]).await;
        assert!(error.contains("needs certificate") && error.contains("--certificate"), "{error}");
        let add = ["add", "other", "--key-out", &out, "--authentication", proof];
        assert_eq!(managed.fails(&[&add, &ADD[..]].concat()).await, error);
    }
    assert!(!std::path::Path::new(&out).exists(), "a refused app leaves no key behind");
    for args in [vec!["set", "new"], [&["add", "other"], &ADD[..]].concat()] {
        let error = managed.fails(&[&args, &["--certificate", "CN=new"][..]].concat()).await;
        assert!(error.contains("proves nothing") && error.contains("--authentication"), "{error}");
    }
    for (wrong, says) in [(["--certificate", "new"], "is no subject"), (["--authentication", "key"], "signature")] {
        let usage = managed.app(&[&["set", "new"], &wrong[..]].concat()).await;
        assert_eq!(usage.status.code(), Some(2), "wrong usage");
        let error = String::from_utf8(usage.stderr).unwrap();
        assert!(error.contains(says), "{error}");
    }
    let acts = managed.json(&["history"]).await;
    assert_eq!(acts.as_array().unwrap().len(), 1, "what was refused is no act: {acts}");
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_2_a_certificate_the_table_does_not_tell_lets_nobody_in() {
    let pki = Pki::new();
    let managed = managed(&pki).await;
    let proof = ["--authentication", "both", "--certificate", "CN=new", "--key-file", &managed.path("k")];
    let url = ["--url", "https://node.example/sesame"];
    let added = managed.json(&[&["add", "new"], &ADD[..], &proof, &url].concat()).await;
    let samples = added["samples"].to_string();
    assert!(samples.contains(KEY) && !samples.contains("/exchange"), "they sign, and send nothing without certificate");
    let own = pki.authority.client("new", YEAR).unwrap();
    let caller = pki.client(&managed.node, "new", Some(&own));
    crate::harness::eventually("the app is known", || async { query(&caller).await.unwrap().success.then_some(()) })
        .await;

    for halves in ["certificate = NULL", "authentication = 'signature'", "authentication = 'none'"] {
        let refused = format!(
            "DO $$ BEGIN UPDATE apps SET {halves}; RAISE 'done'; EXCEPTION WHEN check_violation THEN NULL; END $$"
        );
        managed.sql(&refused).await;
    }
    assert!(query(&caller).await.unwrap().success);

    managed.sql("UPDATE apps SET certificate = 'new'").await;
    soon(&caller, None, "[UNAVAILABLE]").await;
    let listed = managed.json(&["list"]).await.to_string();
    assert!(listed.contains("column certificate holds an impossible value"), "{listed}");
    assert!(query(&anyone(&pki, &managed.node)).await.unwrap().success, "one app's trouble is no one else's");
}
