//! Apps known by client certificates, alone or beside the signature (§7.2).

use super::fixture::{Pki, YEAR, anyone, assert_unproven, query, query_signed};
use crate::harness::{KEY, Spec, TestNode, eventually};
use sesame::client::ClientError;
use time::Duration;

fn app(appid: &str, authentication: &str) -> String {
    format!(
        "[[apps]]\nappid = \"{appid}\"\nkey = \"{KEY}\"\nregion = \"370203\"\nauthentication = \"{authentication}\"\n\
         certificate = \"CN={appid}\"\n"
    )
}

async fn node(pki: &Pki) -> TestNode {
    let listener = pki.listener("interface", &pki.asks_for_certificates());
    Spec::new("370203").extra(&(listener + &app("bare", "certificate") + &app("both", "both"))).start(&[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_2_a_certificate_alone_proves_the_app_it_names_and_no_other() {
    let pki = Pki::new();
    let node = node(&pki).await;
    let bare = pki.authority.client("bare", YEAR).unwrap();
    let caller = pki.client(&node, "bare", Some(&bare));
    assert!(query_signed(&caller, "").await.unwrap().success, "no signature is needed");
    assert!(query(&caller).await.unwrap().success, "one that holds does no harm");
    assert_unproven(query_signed(&caller, "00").await, "签名校验失败");

    // A renewed certificate of the same subject is as good.
    let renewed = pki.authority.client("bare", YEAR).unwrap();
    assert!(query_signed(&pki.client(&node, "bare", Some(&renewed)), "").await.unwrap().success);

    let other = pki.authority.client("both", YEAR).unwrap();
    assert_unproven(query(&pki.client(&node, "bare", Some(&other))).await, "客户端证书与应用账号不符");
    assert_unproven(query(&pki.client(&node, "bare", None)).await, "缺少客户端证书");
    // Who needs none is let in without, and with any.
    assert!(query(&anyone(&pki, &node)).await.unwrap().success);
    assert!(query(&pki.client(&node, crate::harness::APP, Some(&other))).await.unwrap().success);
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_2_where_both_are_asked_for_neither_is_enough() {
    let pki = Pki::new();
    let node = node(&pki).await;
    let both = pki.authority.client("both", YEAR).unwrap();
    let caller = pki.client(&node, "both", Some(&both));
    assert!(query(&caller).await.unwrap().success);
    for sign in ["", "00"] {
        assert_unproven(query_signed(&caller, sign).await, "签名校验失败");
    }
    assert_unproven(query(&pki.client(&node, "both", None)).await, "缺少客户端证书");
    let other = pki.authority.client("bare", YEAR).unwrap();
    assert_unproven(query(&pki.client(&node, "both", Some(&other))).await, "不符");
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_2_what_is_expired_or_of_another_ca_is_turned_away_at_the_handshake() {
    let pki = Pki::new();
    let node = node(&pki).await;
    let expired = pki.authority.client("bare", Duration::days(-1)).unwrap();
    let foreign = Pki::new().authority.client("bare", YEAR).unwrap();
    for bad in [expired, foreign] {
        let answered = query(&pki.client(&node, "bare", Some(&bad))).await;
        assert!(matches!(answered, Err(ClientError::Unreachable { .. })), "{answered:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_2_where_a_certificate_is_required_nobody_is_let_in_without_one() {
    let pki = Pki::new();
    let listener = pki.listener("interface", &(pki.asks_for_certificates() + "client = \"required\"\n"));
    let node = Spec::new("370203").extra(&(listener + &app("bare", "certificate"))).start(&[]).await;
    let answered = query(&anyone(&pki, &node)).await;
    assert!(matches!(answered, Err(ClientError::Unreachable { .. })), "{answered:?}");
    let foreign = Pki::new().authority.client("bare", YEAR).unwrap();
    assert!(query(&pki.client(&node, "bare", Some(&foreign))).await.is_err());
    let [bare, other] = ["bare", "other"].map(|name| pki.authority.client(name, YEAR).unwrap());
    assert!(query_signed(&pki.client(&node, "bare", Some(&bare)), "").await.unwrap().success);
    // Whoever is let in must still prove who it is.
    assert!(query(&pki.client(&node, crate::harness::APP, Some(&other))).await.unwrap().success);
    assert_unproven(query_signed(&pki.client(&node, crate::harness::APP, Some(&other)), "00").await, "签名校验失败");
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_2_a_revoked_certificate_is_refused_without_restart_and_on_connections_that_live_on() {
    let pki = Pki::new();
    let node = node(&pki).await;
    let (bare, both) = (pki.authority.client("bare", YEAR).unwrap(), pki.authority.client("both", YEAR).unwrap());
    let before = pki.client(&node, "bare", Some(&bare));
    assert!(query(&before).await.unwrap().success);
    pki.write("crl.pem", &pki.authority.revocations(&[&bare]).unwrap());
    eventually("a new connection is refused", || async {
        query(&pki.client(&node, "bare", Some(&bare))).await.is_err().then_some(())
    })
    .await;
    // The caller from before has its connection still, but nothing to prove itself with.
    assert_unproven(query(&before).await, "缺少客户端证书");
    assert!(query(&pki.client(&node, "both", Some(&both))).await.unwrap().success);
}
