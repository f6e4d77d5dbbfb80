//! Invariant 5: no one speaks for another. With a child's own broker user against its parent: what RabbitMQ lets through,
//! persist refuses and keeps; honest neighbours are committed.

use crate::harness::{KEY, Spec, TestNode, eventually, records};
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Confirmation, Connection, ConnectionProperties};
use sesame::batch::{Evidence, Form, Manifest, NodeIdentity, Sealed, batch_id, content_digest, routing_key, seal};
use sesame::standard::cipher::{Key, Software};
use sesame::standard::code::{Action, BusinessCode};
use sesame::standard::moment::Moment;
use sesame::standard::region::Region;
use sesame::standard::sign::Profile;
use std::sync::Arc;

/// A batch as a child could forge it.
struct Forgery {
    origin: &'static str,
    record_region: &'static str,
    key_region: &'static str,
    accepted: Moment,
    sign_key: &'static str,
}

fn honest() -> Forgery {
    let now: Moment = time::OffsetDateTime::now_utc().into();
    Forgery { origin: "370203", record_region: "370203", key_region: "370203", accepted: now, sign_key: KEY }
}

fn region(text: &str) -> Region {
    Region::parse(text).unwrap()
}

impl Forgery {
    fn sealed(&self, appid: &str, name: &str) -> (String, Sealed) {
        self.sealed_as(appid, name, None, None)
    }

    /// Sealed with the id of another random's batch, or with another digest.
    fn sealed_as(&self, appid: &str, name: &str, stolen: Option<&str>, digest: Option<[u8; 32]>) -> (String, Sealed) {
        let (busicode, action) = (BusinessCode::parse("007").unwrap(), Action::Add);
        let list = records::checks(name, self.record_region, "2025-06-01 08:00:00", 1);
        let node = NodeIdentity {
            region: region("370203"),
            appid: appid.to_owned(),
            key: Key::parse(self.sign_key).unwrap(),
            cipher: Arc::new(Software),
        };
        let manifest = Manifest {
            batch: batch_id(region(self.origin), "app", stolen.unwrap_or(name)),
            origin: region(self.origin),
            home: region(self.origin),
            accepted: self.accepted,
            digest: digest.unwrap_or_else(|| content_digest(&Software, busicode, action, &list)),
            records: 1,
            evidence: Evidence {
                appid: "app".to_owned(),
                random: name.to_owned(),
                sign: String::new(),
                profile: Profile::Digest,
                form: Form::default(),
                millis: 0,
            },
            trace: Vec::new(),
        };
        (routing_key(region(self.key_region), busicode, action), seal(&node, &manifest, busicode, action, &list))
    }
}

/// Publishes as the child's user; `Err` is RabbitMQ's refusal.
async fn publish(
    uri: &str,
    key: &str,
    sealed: &Sealed,
    user: Option<&str>,
    copy: Option<&str>,
) -> Result<(), lapin::Error> {
    let connection = Connection::connect(uri, ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    let mut headers = FieldTable::default();
    for (name, value) in &sealed.headers {
        headers.insert(name.as_str().into(), AMQPValue::LongString(value.as_str().into()));
    }
    if let Some(name) = copy {
        let keys = vec![AMQPValue::LongString("37.02.99.007.01".into())];
        headers.insert(name.into(), AMQPValue::FieldArray(keys.into()));
    }
    let mut properties = BasicProperties::default().with_headers(headers).with_delivery_mode(2);
    if let Some(user) = user {
        properties = properties.with_user_id(user.into());
    }
    let options = BasicPublishOptions { mandatory: true, immediate: false };
    let confirm = channel.basic_publish("city".into(), key.into(), options, sealed.body.as_bytes(), properties).await?;
    assert_eq!(confirm.await?, Confirmation::Ack(None));
    Ok(())
}

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
    let city = Spec::new("370200").extra("[persist]\nretry_secs = [3600, 3600]\n");
    let county = Spec::new("370203").parent(&city);
    let mut city = city.start(&[&county]).await;
    let county = county.prepare(&[]).await;
    let uri = county.config.parent.as_ref().unwrap().uri.text().to_owned();
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
    expected.sort();
    let (key, sealed) = honest().sealed(&user, "honest");
    publish(&uri, &key, &sealed, Some(&user), None).await.unwrap();

    eventually("each forgery is kept as a failure", || async { (reasons(&city).await == expected).then_some(()) })
        .await;
    let tally = eventually("the honest neighbour is committed", || async {
        let tally = city.store().tally(region("370200")).await.ok()?;
        (!tally.is_empty()).then_some(tally)
    })
    .await;
    assert_eq!((tally.len(), tally[0].records), (1, 1));
    city.stop().await;
}
