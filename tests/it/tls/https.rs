//! HTTPS on the interface (§6.2.1).

use super::fixture::{Pki, anyone, client, query};
use crate::harness::{APP, Spec, records};
use sesame::client::ClientError;
use sesame::standard::code::{Action, BusinessCode};
use sesame::standard::random::Random;
use sesame::tls::ClientTls;
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread")]
async fn clause_6_2_1_an_exchange_over_https_by_who_trusts_the_node_s_ca() {
    let pki = Pki::new();
    let node = Spec::new("370203").extra(&pki.listener("interface", "")).start(&[]).await;
    let busicode = BusinessCode::parse("007").unwrap();
    let records = records::checks("H", "370203", "2025-06-01 08:00:00", 3);
    let sent = anyone(&pki, &node).send(busicode, Action::Add, &records, &Random::from(Uuid::new_v4())).await.unwrap();
    assert!(sent.success, "{sent:?}");

    // Whoever trusts another CA sends nothing, and is told why.
    for stranger in [client(&node, APP, &ClientTls::system()), client(&node, APP, &Pki::new().trust(None))] {
        let Err(ClientError::Unreachable { reason, .. }) = query(&stranger).await else { panic!("trusted a stranger") };
        assert!(reason.contains("signed by none of the CAs"), "{reason}");
    }
    // The name in the certificate counts as well.
    let elsewhere = format!("https://127.0.0.2:{}/sesame", node.interface.port());
    let key = sesame::standard::cipher::Key::parse(crate::harness::KEY).unwrap();
    let elsewhere = sesame::client::Client::trusting(&elsewhere, APP, key, &pki.trust(None)).unwrap();
    assert!(query(&elsewhere).await.is_err());
    // Without TLS nothing is answered on this port.
    assert!(query(&node.client()).await.is_err());
    assert!(query(&anyone(&pki, &node)).await.unwrap().success);
}
