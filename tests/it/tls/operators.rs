//! Operators known by client certificates, and by their password (§7.2).

use super::fixture::{Pki, YEAR};
use crate::desk::fixture::{Office, PARKED};
use crate::harness::{NodeProcess, Spec};
use futures_util::future::join_all;
use serde_json::json;
use sesame::desk::{Selection, Sight};
use sesame::lab::authority::Issued;
use std::net::IpAddr;

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

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_2_a_guesser_is_held_and_an_operator_elsewhere_is_not_kept_waiting() {
    let node = Spec::new("370203").prepare(&[]).await;
    let process = NodeProcess::start(&node);
    process.ready().await;
    let url = format!("http://127.0.0.1:{}/login", process.console().port());
    let attempt = |from: &str, password: &str| {
        let redirects = reqwest::redirect::Policy::none();
        let http =
            reqwest::Client::builder().no_proxy().redirect(redirects).local_address(from.parse::<IpAddr>().unwrap());
        let form = format!("user=admin&password={password}");
        let kind = "application/x-www-form-urlencoded";
        let post = http.build().unwrap().post(&url).header("Content-Type", kind).body(form);
        async move { post.send().await.unwrap().status().as_u16() }
    };
    let guesses = join_all((0..20).map(|at| attempt("127.0.0.1", &format!("guess{at}"))));
    let mut guesses = guesses.await;
    guesses.sort_unstable();
    assert_eq!(guesses[0], 401);
    // Two where the machine took more than a second over twenty requests.
    assert!(guesses.iter().filter(|status| **status == 429).count() >= 18, "{guesses:?}");
    let guesser = tokio::spawn(attempt("127.0.0.1", "guess"));
    assert_eq!(attempt("127.0.0.2", "secret").await, 303);
    guesser.await.unwrap();
    let metrics = reqwest::get(format!("{}/metrics", process.metrics_url())).await.unwrap().text().await.unwrap();
    for result in ["welcome\"} 1", "wrong\"} "] {
        assert!(metrics.contains(&format!("sesame_console_logins_total{{result=\"{result}")), "{metrics}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_2_a_viewer_only_looks_an_operator_acts_and_a_supervisor_reads_in_full() {
    let pki = Pki::new();
    let listener = pki.listener("console", &pki.asks_for_certificates());
    let operator = |role: &str| {
        format!("[[console.operators]]\nname = \"{role}\"\ncertificate = \"CN={role}\"\nrole = \"{role}\"\n")
    };
    let roles = ["viewer", "operator", "supervisor"];
    let settings = format!("{PARKED}{}{listener}", roles.map(operator).concat());
    let office = Office::new(&settings).await;
    office.fail("R", 1).await;
    let page = office.desk.list(&Selection::default(), 1, None).await.unwrap();
    let id = page.failures[0].id;
    let clients = roles.map(|role| {
        let tls = pki.trust(Some(&pki.authority.client(role, YEAR).unwrap())).config().as_ref().clone();
        reqwest::Client::builder().no_proxy().tls_backend_preconfigured(tls).build().unwrap()
    });
    let base = format!("https://127.0.0.1:{}/api", office.node.console.port());
    let act = json!({"selection": {"id": id}, "why": "试", "dry_run": true});
    let pause = json!({"why": "试"});
    let absent = uuid::Uuid::new_v4();
    // What each of the three is answered.
    let asked = [
        (format!("/failures/{id}"), None, [200, 200, 200]),
        (format!("/failures/{id}?full=true"), None, [403, 403, 200]),
        ("/failures/replay".to_owned(), Some(&act), [403, 200, 200]),
        ("/failures/discard".to_owned(), Some(&act), [403, 200, 200]),
        (format!("/acts/{absent}/pause"), Some(&pause), [403, 404, 404]),
        (format!("/acts/{absent}/resume"), Some(&pause), [403, 404, 404]),
        (format!("/acts/{absent}/cancel"), Some(&pause), [403, 404, 404]),
    ];
    for (path, body, statuses) in asked {
        for ((client, role), status) in clients.iter().zip(roles).zip(statuses) {
            let url = format!("{base}{path}");
            let request = body.map_or_else(|| client.get(&url), |body| client.post(&url).json(body));
            assert_eq!(request.send().await.unwrap().status().as_u16(), status, "{role} {path}");
        }
    }
    let shown = office.desk.show(id, Sight::Masked).await.unwrap();
    let read: Vec<_> = shown.past.as_array().unwrap().iter().filter(|entry| entry["act"] == "read").collect();
    assert!(read.len() == 1 && read[0]["by"] == "supervisor", "who reads in full is noted: {read:?}");
}
