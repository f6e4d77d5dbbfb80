//! Certificates are renewed without a restart.

use super::fixture::{Pki, YEAR, anyone, query};
use crate::harness::{Spec, eventually};
use sesame::tls::ClientTls;
use time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_2_a_renewed_certificate_is_taken_without_dropping_connections_and_a_bad_one_is_not() {
    let (old, new) = (Pki::new(), Pki::new());
    let node = Spec::new("370203").extra(&old.listener("interface", "")).start(&[]).await;
    let certificates = || node.health().checks().certificates;
    eventually("the certificate is looked at", || async { certificates().ok.then_some(()) }).await;
    assert!(certificates().detail.contains("interface 36"), "{:?}", certificates());
    let before = anyone(&old, &node);
    assert!(query(&before).await.unwrap().success);

    // Of another CA, so that it shows which is in use.
    old.serve_with(&new.authority.server(YEAR).unwrap());
    eventually("the new certificate is in use", || async {
        query(&anyone(&new, &node)).await.ok().filter(|answered| answered.success)
    })
    .await;
    assert!(query(&anyone(&old, &node)).await.is_err(), "the old one is gone");
    assert!(query(&before).await.unwrap().success, "its connection lives on");

    // A file that cannot be used, and a key that does not belong to the certificate.
    let bad: [&dyn Fn(); 2] = [&|| old.write("server.pem", "-----BEGIN CERTIFICATE-----\nnonsense"), &|| {
        old.write("server.pem", &new.authority.server(YEAR).unwrap().certificate)
    }];
    for spoil in bad {
        spoil();
        let detail = eventually("the bad file is noticed", || async {
            let check = certificates();
            (!check.ok).then_some(check.detail)
        })
        .await;
        assert!(detail.contains("the old stay in use"), "{detail}");
        assert!(query(&anyone(&new, &node)).await.unwrap().success);
        assert!(query(&before).await.unwrap().success);
        old.serve_with(&new.authority.server(YEAR).unwrap());
        eventually("a good file is taken again", || async { certificates().ok.then_some(()) }).await;
    }

    // One that ends within a month is in use, and said to be near its end.
    old.serve_with(&new.authority.server(Duration::days(7)).unwrap());
    eventually("the end is near", || async { (!certificates().ok).then_some(()) }).await;
    assert!(certificates().detail.contains("interface 6 days"), "{:?}", certificates());
    assert!(query(&anyone(&new, &node)).await.unwrap().success);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_s_ca_is_read_again() {
    let (old, new) = (Pki::new(), Pki::new());
    let node = Spec::new("370203").extra(&new.listener("interface", "")).start(&[]).await;
    let tls: ClientTls = old.trust(None);
    let mut watch = sesame::tls::Watch::default();
    watch.client(&tls);
    let stop = tokio_util::sync::CancellationToken::new();
    tokio::spawn(std::sync::Arc::new(watch).run(stop.clone()));
    let caller = || super::fixture::client(&node, crate::harness::APP, &tls);
    assert!(query(&caller()).await.is_err());
    old.write("ca.pem", &new.authority.certificate());
    eventually("the new CA is trusted", || async { query(&caller()).await.ok() }).await;
    stop.cancel();
}
