//! Operators known by client certificates (§7.2).

use super::fixture::{Pki, YEAR};
use crate::harness::Spec;
use sesame::lab::authority::Issued;

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_2_an_operator_s_certificate_opens_the_console_and_no_other_does() {
    let pki = Pki::new();
    let listener = pki.listener("console", &pki.asks_for_certificates());
    let operator = "[[console.operators]]\nname = \"张三\"\ncertificate = \"CN=operator\"\n";
    let node = Spec::new("370203").extra(&format!("{operator}{listener}")).start(&[]).await;
    let look = async |shown: Option<&Issued>| {
        let tls = pki.trust(shown).config().as_ref().clone();
        let http = reqwest::Client::builder().no_proxy().tls_backend_preconfigured(tls).build().unwrap();
        let page = http.get(format!("https://127.0.0.1:{}/", node.console.port())).send().await.unwrap();
        page.text().await.unwrap()
    };
    let (operator, caller) = (pki.authority.client("operator", YEAR), pki.authority.client("caller", YEAR));
    let page = look(Some(&operator.unwrap())).await;
    assert!(page.contains("张三") && page.contains("运行状态"), "{page}");
    for stranger in [Some(&caller.unwrap()), None] {
        let page = look(stranger).await;
        assert!(page.contains("name=\"password\"") && !page.contains("运行状态"), "{page}");
    }
}
