//! Batches as a child could forge them, and publishing them with its own credentials.

use super::{KEY, records};
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Confirmation, Connection, ConnectionProperties};
use sesame::batch::{Evidence, Form, Manifest, NodeIdentity, Sealed, batch_id, content_digest, routing_key, seal};
use sesame::standard::busilist::Array;
use sesame::standard::cipher::{Key, Software};
use sesame::standard::code::{Action, BusinessCode};
use sesame::standard::moment::Moment;
use sesame::standard::region::Region;
use sesame::standard::sign::Profile;
use std::sync::Arc;

/// A batch as a child could forge it.
pub struct Forgery {
    pub origin: &'static str,
    pub record_region: &'static str,
    pub key_region: &'static str,
    pub accepted: Moment,
    pub sign_key: &'static str,
}

/// One that forges nothing.
pub fn honest() -> Forgery {
    let now: Moment = time::OffsetDateTime::now_utc().into();
    Forgery { origin: "370203", record_region: "370203", key_region: "370203", accepted: now, sign_key: KEY }
}

pub fn region(text: &str) -> Region {
    Region::parse(text).unwrap()
}

impl Forgery {
    pub fn sealed(&self, appid: &str, name: &str) -> (String, Sealed) {
        self.sealed_as(appid, name, None, None)
    }

    /// Sealed with the id of another random's batch, or with another digest.
    pub fn sealed_as(
        &self,
        appid: &str,
        name: &str,
        stolen: Option<&str>,
        digest: Option<[u8; 32]>,
    ) -> (String, Sealed) {
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
            digest: digest.unwrap_or_else(|| content_digest(&Software, "app", busicode, action, &list, name)),
            records: 1,
            refused: Vec::new(),
            dataset: "1".to_owned(),
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
        (
            routing_key(region(self.key_region), busicode, action),
            seal(&node, &manifest, busicode, action, Array::known(&list)),
        )
    }
}

/// Publishes as the child's user; `Err` is RabbitMQ's refusal.
pub async fn publish(
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
    let confirm = channel.basic_publish("city".into(), key.into(), options, &sealed.body, properties).await?;
    assert_eq!(confirm.await?, Confirmation::Ack(None));
    Ok(())
}
