//! Invariant 5: no one speaks for another. With a child's own broker user against its parent: what RabbitMQ lets through,
//! persist refuses and keeps; honest neighbours are committed.

use crate::harness::{Forgery, Spec, TestNode, eventually, honest, publish, region};

async fn reasons(node: &TestNode) -> Vec<String> {
    let mut reasons: Vec<String> = Vec::new();
    for (_, reason, _, count) in node.store().failure_counts().await.unwrap_or_default() {
        reasons.extend(std::iter::repeat_n(reason, count as usize));
    }
    reasons.sort();
    reasons
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_5_a_child_cannot_speak_for_another() {
    let city = Spec::new("370200").extra("[failures]\nretry_secs = [0, 0]\n");
    let county = Spec::new("370203").parent(&city);
    let mut city = city.start(&[&county]).await;
    let county = county.prepare(&[]).await;
    let uri = county.uri_at_parent().to_owned();
    let user = county.config.node.appid.clone();

    // What RabbitMQ itself refuses: another region's key, another's user, another exchange's key by topic permission.
    let (_, sealed) = honest().sealed(&user, "elsewhere");
    assert!(publish(&uri, "37.02.11.007.01", &sealed, Some(&user), None).await.is_err(), "another region's key");
    assert!(publish(&uri, "37.02.03.007.01", &sealed, Some("guest"), None).await.is_err(), "a forged user_id");

    // What it lets through.
    let forgeries = [
        ("AHEAD", Forgery { accepted: honest().accepted.plus_micros(660_000_000), ..honest() }),
        ("FOREIGN_REGION", Forgery { origin: "370211", ..honest() }),
        ("FOREIGN_REGION", Forgery { record_region: "370211", ..honest() }),
        ("SIGN_MISMATCH", Forgery { sign_key: "ffffffffffffffffffffffffffffffff", ..honest() }),
    ];
    let mut expected: Vec<String> = Vec::new();
    for (at, (reason, forgery)) in forgeries.iter().enumerate() {
        let (key, sealed) = forgery.sealed(&user, &format!("forged-{at}"));
        publish(&uri, &key, &sealed, Some(&user), None).await.unwrap();
        expected.push((*reason).to_owned());
    }
    // Another batch's id, by which an honest batch could be kept out; and another content's digest.
    for (name, stolen, digest) in [("thief", Some("victim"), None), ("liar", None, Some([7; 32]))] {
        let (key, sealed) = honest().sealed_as(&user, name, stolen, digest);
        publish(&uri, &key, &sealed, Some(&user), None).await.unwrap();
        expected.push("SIGN_MISMATCH".to_owned());
    }
    let (key, sealed) = honest().sealed(&user, "copied");
    publish(&uri, &key, &sealed, Some(&user), Some("CC")).await.unwrap();
    let (key, sealed) = honest().sealed(&user, "nameless");
    publish(&uri, &key, &sealed, None, None).await.unwrap();
    let (key, sealed) = honest().sealed("node-000000", "stranger");
    publish(&uri, &key, &sealed, Some(&user), None).await.unwrap();
    let (_, sealed) = honest().sealed(&user, "mislabelled");
    publish(&uri, "37.02.03.011.01", &sealed, Some(&user), None).await.unwrap();
    let (key, mut sealed) = honest().sealed(&user, "bare");
    sealed.headers.retain(|name, _| name == "sesame-size");
    publish(&uri, &key, &sealed, Some(&user), None).await.unwrap();
    let (key, mut sealed) = honest().sealed(&user, "altered");
    sealed.headers.insert("sesame-records".to_owned(), "2".to_owned());
    publish(&uri, &key, &sealed, Some(&user), None).await.unwrap();
    for reason in ["COPIED", "SENDER_MISMATCH", "UNKNOWN_SENDER", "KEY_MISMATCH", "MALFORMED", "SIGN_MISMATCH"] {
        expected.push(reason.to_owned());
    }
    // A spoiled copy that comes first must not take the place of the batch itself among the failures.
    let ahead = Forgery { accepted: honest().accepted.plus_micros(660_000_000), ..honest() };
    let (key, itself) = ahead.sealed(&user, "twice");
    let mut spoiled = itself.clone();
    spoiled.headers.insert("sesame-sign".to_owned(), "00".to_owned());
    for (reason, sealed) in [("SIGN_MISMATCH", spoiled), ("AHEAD", itself)] {
        publish(&uri, &key, &sealed, Some(&user), None).await.unwrap();
        expected.push(reason.to_owned());
    }
    expected.sort();
    let (key, sealed) = honest().sealed(&user, "honest");
    publish(&uri, &key, &sealed, Some(&user), None).await.unwrap();

    // This node itself publishes them again, and they are still what they were.
    eventually("each forgery is kept, and fails three times", || async {
        let counts = city.store().failure_counts().await.ok()?;
        let all_parked = counts.iter().all(|(_, _, state, _)| state == "parked");
        (all_parked && reasons(&city).await == expected).then_some(())
    })
    .await;
    let tally = eventually("the honest neighbour is committed", || async {
        let tally = city.store().tally(region("370200")).await.ok()?;
        (!tally.is_empty()).then_some(tally)
    })
    .await;
    assert_eq!((tally.len(), tally[0].records), (1, 1));
    city.stop().await;
}
