//! TLS to broker, parent and database.

use super::fixture::Pki;
use crate::harness::{Spec, eventually, records};
use sesame::clock::Clock;
use sesame::lab::{Lab, LabOptions};
use sesame::standard::code::{Action, BusinessCode};
use sesame::standard::random::Random;
use uuid::Uuid;

/// Servers that take TLS alone.
async fn secured_lab(pki: &Pki) -> (Lab, tempfile::TempDir) {
    let secured = pki.authority.secure().unwrap();
    tokio::task::spawn_blocking(move || {
        let folder = tempfile::Builder::new().prefix("sesame-test-").tempdir().unwrap();
        let options = LabOptions { secured: Some(secured), ..LabOptions::new(folder.path()) };
        (Lab::start(&options).unwrap_or_else(|error| panic!("{error}")), folder)
    })
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_1_a_batch_goes_up_over_amqps_and_tls_to_postgresql_and_a_wrong_ca_is_named() {
    crate::harness::lab();
    let pki = Pki::new();
    let (lab, _folder) = secured_lab(&pki).await;
    let ca = pki.path("ca.pem");
    let city = Spec::new("370200").on(&lab).trusting(&ca);
    let county = Spec::new("370203").on(&lab).trusting(&ca).parent(&city);
    let city = city.start(&[&county]).await;
    let mut county = county.prepare(&[]).await;
    assert!(county.toml.contains("amqps://") && county.toml.contains("sslmode=verify-full"), "{}", county.toml);
    county.run(Clock::system()).await;
    let records = records::checks("S", "370203", "2025-06-01 08:00:00", 5);
    let busicode = BusinessCode::parse("007").unwrap();
    let sent = county.client().send(busicode, Action::Add, &records, &Random::from(Uuid::new_v4())).await.unwrap();
    assert!(sent.success, "{sent:?}");
    let (store, region) = (city.store(), county.config.node.region);
    eventually("the parent holds the records", || async {
        store.tally(region).await.unwrap().first().filter(|row| row.records == 5).map(|_| ())
    })
    .await;
    county.stop().await;

    // Another CA: neither server is trusted, and health says which setting to look at.
    let stranger = Pki::new();
    let wrong = county.toml.replace(&format!("{ca:?}"), &format!("{:?}", stranger.path("ca.pem")));
    county.config = sesame::config::parse(&wrong, "test", []).unwrap();
    county.launch(Clock::system()).await;
    let checks = eventually("both are looked at", || async {
        let checks = county.health().checks();
        let said = |detail: &str, ca: &str| detail.contains("signed by none of the CAs") && detail.contains(ca);
        (said(&checks.broker.detail, "[broker] ca") && said(&checks.store.detail, "[store] ca")).then_some(checks)
    })
    .await;
    assert!(!checks.ready());
    county.stop().await;
}
