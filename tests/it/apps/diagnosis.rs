//! `SIGN_MISMATCH` to an app under development names the likely cause; to all others it does not.

use super::fixture::{Managed, soon};
use crate::harness::{KEY, Spec};
use reqwest::header::HeaderMap;
use sesame::standard::cipher::{Cipher, Key, Software};

#[tokio::test(flavor = "multi_thread")]
async fn clause_6_5_1_an_app_under_test_is_told_why_its_signature_is_wrong() {
    // Every mistake is made under one random, which would be marked after three of them.
    let managed = Managed::start(Spec::new("370203").extra("[interface.marks]\nfailures = 100\n")).await;
    let file = managed.path("k");
    std::fs::write(&file, KEY).unwrap();
    let test = managed.add("test", &["--key-file", &file, "--test"]).await;
    let production = managed.add("production", &["--key-file", &file]).await;
    soon(&production, "007", "04", "").await;
    soon(&test, "007", "04", "").await;

    let key = Key::parse(KEY).unwrap();
    let as_text = Key::from_bytes(KEY.as_bytes()[..16].try_into().unwrap());
    let sign = |key: &Key, canonical: &str| {
        hex::encode_upper(Software.sm4_ecb(key, &[hex::encode(Software.sm3(&[canonical.as_bytes()])).as_bytes()]))
    };
    let list = r#"[{"SIZE":"1","REGION":"370203"}]"#;
    let canonical = |appid: &str, list: &str| format!("action=04&appid={appid}&busicode=007&busilist={list}&random=r");
    let cases = [
        (sign(&as_text, &canonical("test", list)), "解码成 16 个字节"),
        (sign(&key, &canonical("test", &list.replace(',', ", ").replace(':', ": "))), "各序列化了一次"),
        (sign(&key, &canonical("test", r#"[{SIZE=1, REGION=370203}]"#)), "Java"),
        (sign(&key, &format!("appid=test&busicode=007&action=04&busilist={list}&random=r")), "参数顺序"),
        (sign(&key, &canonical("test", list).replace("&random=r", "")), "没有 random"),
        ("00".repeat(80), "密钥不对"),
    ];
    for (sign, cause) in &cases {
        let reply = test.ask("007", "04", list).random("r").sign(sign).send().await;
        reply.assert_refusal(401, "SIGN_MISMATCH");
        assert!(reply.message.contains(cause) && !reply.text.contains(KEY), "{cause}: {reply:?}");
        assert!(reply.is_unsigned, "{reply:?}");
    }
    for (wrong, cause) in &cases {
        let wrong = if *cause == "Java" { sign(&as_text, &canonical("production", list)) } else { wrong.clone() };
        let reply = production.ask("007", "04", list).random("r").sign(&wrong).send().await;
        reply.assert_refusal(401, "SIGN_MISMATCH");
        assert!(reply.message.starts_with("[SIGN_MISMATCH] 签名校验失败：请核对"), "nothing is told: {reply:?}");
    }
    let spaced = test.ask("007", "04", list).body().replace("\"test\"", "\"test \"");
    let reply = test.post("exchange", HeaderMap::new(), spaced).await;
    reply.assert_refusal(401, "UNKNOWN_APP");
    assert!(reply.message.contains("空白"), "{reply:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_into_signatures_cannot_be_made_to_slow_the_door() {
    let managed = Managed::start(Spec::new("370203")).await;
    let test = managed.add("test", &["--test"]).await;
    soon(&test, "007", "04", "").await;
    let started = std::time::Instant::now();
    let asked = (0..100).map(|_| test.ask("007", "04", "[]").sign("00").send());
    let replies = futures_util::future::join_all(asked).await;
    let told = replies.iter().filter(|reply| reply.message.contains("可能的原因")).count();
    // Twenty at once and five a second.
    let most = 21.0 + 5.0 * started.elapsed().as_secs_f64();
    assert!(told >= 20 && told as f64 <= most, "{told} of 100 were looked into, expected {most} at the most");
    test.ask("007", "04", "[]").succeeds().await;
}
