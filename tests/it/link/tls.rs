//! Certificates of a link over https (§7.1, §7.2).

use crate::contract::ask::App;
use crate::harness::{Spec, eventually, records};
use crate::tls::fixture::{Pki, YEAR};
use sesame::clock::Clock;

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_2_a_wrong_certificate_is_an_outage_with_plain_words_and_the_right_one_lets_batches_pass() {
    crate::harness::lab();
    let (pki, stranger) = (Pki::new(), Pki::new());
    let (city, county) = (Spec::new("370200"), Spec::new("370203"));
    let asks = format!("{}client = \"required\"\n", pki.asks_for_certificates());
    let mut city = city.extra(&pki.listener("interface", &asks)).start(&[&county]).await;
    let shown = pki.authority.client("node-370203", YEAR).unwrap();
    pki.write("child.pem", &shown.certificate);
    pki.write("child.key", &shown.key);
    let parent = format!(
        "ca = {:?}\nclient_certificate = {:?}\nclient_key = {:?}\n[parent.https]\n\
         url = \"https://127.0.0.1:{}/sesame/exchange\"\n",
        pki.path("ca.pem"),
        pki.path("child.pem"),
        pki.path("child.key"),
        city.interface.port(),
    );
    let mut county = county.parent_over_https("370200", &parent).prepare(&[]).await;
    let (right, ca) = (county.toml.clone(), format!("{:?}", pki.path("ca.pem")));
    let wrong_ca = right.replace(&ca, &format!("{:?}", stranger.path("ca.pem")));
    let no_identity: String =
        right.lines().filter(|line| !line.starts_with("client_")).map(|l| format!("{l}\n")).collect();
    for (sent, (toml, words)) in
        [(&wrong_ca, "signed by none of the CAs of [parent] ca"), (&no_identity, "client certificate")]
            .into_iter()
            .enumerate()
    {
        county.config = sesame::config::parse(toml, "test", []).unwrap();
        county.run(Clock::system()).await;
        let list = records::checks(&format!("T{sent}"), "370203", "2025-06-01 08:00:00", 5);
        App::of(&county).ask("007", "01", list).accepted().await;
        eventually(&format!("health says {words:?}"), || async {
            let link = county.health().checks().link;
            (!link.ok && link.detail.contains(words)).then_some(())
        })
        .await;
        county.stop().await;
    }
    county.config = sesame::config::parse(&right, "test", []).unwrap();
    county.run(Clock::system()).await;
    let (store, region) = (city.store(), county.config.node.region);
    eventually("both batches are at the parent", || async {
        (store.tally(region).await.ok()?.first()?.records == 10).then_some(())
    })
    .await;
    assert!(county.store().failure_counts().await.unwrap().is_empty(), "nothing counts");
    county.stop().await;
    city.stop().await;
}
