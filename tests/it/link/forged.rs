//! Invariant 5 at the door of a parent: no one hands over a batch in another's name.

use crate::harness::{APP, Forgery, Spec, TestNode, eventually, honest};
use sesame::batch::{Sealed, to_http};
use sesame::standard::answer::ResultCode;
use sesame::standard::response::Response;

async fn post(city: &TestNode, flag: &str, headers: Vec<(String, String)>, body: bytes::Bytes) -> (u16, String) {
    let mut request = reqwest::Client::new().post(format!("{}/{flag}", city.url())).body(body);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let response = request.send().await.unwrap();
    let (status, body) = (response.status().as_u16(), response.bytes().await.unwrap());
    let response = Response::read(&body).unwrap();
    let answer = response.answer().unwrap();
    let result = if answer.result == ResultCode::Success { "0001" } else { "0000" };
    (status, format!("{result} {}", answer.message))
}

async fn hand_over(city: &TestNode, sealed: &Sealed) -> (u16, String) {
    post(city, "exchange", to_http(&sealed.headers), sealed.body.clone()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_5_only_a_child_hands_over_batches_and_only_of_its_own_region() {
    let (city, county) = (Spec::new("370200"), Spec::new("370203"));
    let (child, neighbour) = (county.user(), "node-370211");
    let city = city.start(&[&county]).await;
    let refused = [
        (401, "UNKNOWN_APP", neighbour, honest()),
        (401, "UNKNOWN_APP", APP, honest()),
        (401, "UNKNOWN_APP", city.config.node.appid.as_str(), honest()),
        (401, "SIGN_MISMATCH", &child, Forgery { sign_key: "ffffffffffffffffffffffffffffffff", ..honest() }),
        (403, "NOT_GRANTED", &child, Forgery { origin: "370211", ..honest() }),
        (403, "NOT_GRANTED", &child, Forgery { record_region: "370211", ..honest() }),
        (422, "INVALID_RECORDS", &child, Forgery { accepted: honest().accepted.plus_micros(660_000_000), ..honest() }),
    ];
    for (at, (status, code, appid, forgery)) in refused.iter().enumerate() {
        let (_, sealed) = forgery.sealed(appid, &format!("forged-{at}"));
        let (seen, message) = hand_over(&city, &sealed).await;
        assert!(seen == *status && message.contains(&format!("0000 [{code}] ")), "{at}: {seen} {message}");
    }
    // Another batch's id, another content's digest, a header changed on its way, and none at all.
    let (_, thief) = honest().sealed_as(&child, "thief", Some("victim"), None);
    let (_, liar) = honest().sealed_as(&child, "liar", None, Some([7; 32]));
    let (_, mut altered) = honest().sealed(&child, "altered");
    altered.headers.insert("sesame-accepted".to_owned(), "2020-01-01T00:00:00Z".to_owned());
    let (_, mut lacking) = honest().sealed(&child, "lacking");
    lacking.headers.remove("sesame-sign");
    for sealed in [thief, liar, altered, lacking] {
        let (status, message) = hand_over(&city, &sealed).await;
        assert!(status == 401 && message.contains("[SIGN_MISMATCH]"), "{status} {message}");
    }
    // A seal is for handing over, and opens nothing else.
    let (_, sealed) = honest().sealed(&child, "elsewhere");
    for flag in ["validate", "log"] {
        let (status, message) = post(&city, flag, to_http(&sealed.headers), sealed.body.clone()).await;
        assert!(status == 401 && message.contains("[UNKNOWN_APP]"), "{status} {message}");
    }
    let (status, message) = post(&city, "exchange", Vec::new(), sealed.body.clone()).await;
    assert!(status == 401 && message.contains("[UNKNOWN_APP]"), "{status} {message}");

    // An honest one is taken, and once, however often it comes.
    let (_, sealed) = honest().sealed(&child, "honest");
    for _ in 0..3 {
        let (status, message) = hand_over(&city, &sealed).await;
        assert!(status == 200 && message.starts_with("0001 "), "{status} {message}");
    }
    let store = city.store();
    eventually("it is committed", || async { (store.batch_count().await.ok()? == 1).then_some(()) }).await;
    assert!(store.failure_counts().await.unwrap().is_empty(), "what is refused at the door makes no failure here");
}
