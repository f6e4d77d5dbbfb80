//! TLS to broker, parent and database.

use super::fixture::{Pki, YEAR};
use crate::harness::{Spec, TestNode, eventually, records};
use sesame::clock::Clock;
use sesame::lab::{BrokerSettings, Lab, LabOptions};
use sesame::node::Checks;
use sesame::standard::code::{Action, BusinessCode};
use sesame::standard::random::Random;
use uuid::Uuid;

/// Servers that take TLS alone.
async fn secured_lab(pki: &Pki, broker_conf: &[(&str, &str)]) -> (Lab, tempfile::TempDir) {
    let secured = pki.authority.secure().unwrap();
    let conf = broker_conf.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let broker = BrokerSettings { conf, ..BrokerSettings::default() };
    tokio::task::spawn_blocking(move || {
        let folder = tempfile::Builder::new().prefix("sesame-test-").tempdir().unwrap();
        let options = LabOptions { secured: Some(secured), broker: Some(broker), ..LabOptions::new(folder.path()) };
        (Lab::start(&options).unwrap_or_else(|error| panic!("{error}")), folder)
    })
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_1_a_batch_goes_up_over_amqps_and_tls_to_postgresql_and_a_wrong_ca_is_named() {
    crate::harness::lab();
    let pki = Pki::new();
    let (lab, _folder) = secured_lab(&pki, &[]).await;
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

/// Has PostgreSQL take clients with a certificate of its CA alone.
fn require_certificates(lab: &Lab) {
    let database = lab.database.as_ref().expect("a database");
    let rules = "hostssl all all 127.0.0.1/32 scram-sha-256 clientcert=verify-ca\n";
    std::fs::write(database.data_directory().join("pg_hba.conf"), rules).unwrap();
    let pid = nix::unistd::Pid::from_raw(database.pid().expect("a running database"));
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGHUP).unwrap();
}

/// Runs the node with `from` of its settings replaced by `to` until its health is as expected.
async fn run_with(node: &mut TestNode, from: &str, to: &str, what: &str, expected: impl Fn(&Checks) -> bool) {
    node.config = sesame::config::parse(&node.toml.replace(from, to), "test", []).unwrap();
    node.launch(Clock::system()).await;
    eventually(what, || async { Some(node.health().checks()).filter(&expected) }).await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_2_servers_that_ask_for_a_certificate_are_shown_the_node_s() {
    crate::harness::lab();
    let pki = Pki::new();
    let (lab, _folder) = secured_lab(&pki, &[("ssl_options.fail_if_no_peer_cert", "true")]).await;
    let ca = pki.path("ca.pem");
    let mut node = Spec::new("370203").on(&lab).trusting(&ca).prepare(&[]).await;
    require_certificates(&lab);
    let trusted = format!("ca = {ca:?}\n");
    run_with(&mut node, "", "", "both ask for a certificate", |checks| {
        checks.broker.detail.contains("client certificate") && checks.store.detail.contains("client certificate")
    })
    .await;

    let shown = |pki: &Pki| {
        let issued = pki.authority.client("node-370203", YEAR).unwrap();
        pki.write("node.pem", &issued.certificate);
        pki.write("node.key", &issued.key);
        let (certificate, key) = (pki.path("node.pem"), pki.path("node.key"));
        format!("{trusted}client_certificate = {certificate:?}\nclient_key = {key:?}\n")
    };
    run_with(&mut node, &trusted, &shown(&Pki::new()), "neither takes one of another CA", |checks| {
        checks.broker.detail.contains("TLS handshake") && checks.store.detail.contains("fatal alert")
    })
    .await;
    run_with(&mut node, &trusted, &shown(&pki), "both take the node's", Checks::ready).await;
}
