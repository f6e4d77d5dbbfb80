//! Opening: signatures, the broker's word on the sender, and what the sender may speak for must all agree (invariant 5).

use super::seal::{SIGN_HEADER, sealed_text};
use super::{Evidence, Manifest, NodeIdentity, NotAManifest, batch_id, content_digest};
use crate::standard::busilist::Array;
use crate::standard::cipher::{Cipher, Key};
use crate::standard::code::{Action, BusinessCode};
use crate::standard::envelope::{Busilist, Envelope};
use crate::standard::moment::Moment;
use crate::standard::region::Region;
use crate::standard::sign::{Canonical, Profile, Signer};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// A message as the broker delivers it.
#[derive(Debug, Clone, Copy)]
pub struct Incoming<'a> {
    /// The user that published it, checked by RabbitMQ.
    pub user_id: Option<&'a str>,
    /// Whether it carries CC or BCC.
    pub copied: bool,
    /// Its headers.
    pub headers: &'a BTreeMap<String, String>,
    /// Its body.
    pub body: &'a [u8],
}

/// The nodes whose word counts here: this one and its children.
#[derive(Clone)]
pub struct Trust {
    own: String,
    nodes: HashMap<String, TrustedNode>,
    cipher: Arc<dyn Cipher>,
}

/// A node whose signature is known.
#[derive(Clone)]
pub struct TrustedNode {
    /// What it may speak for.
    pub region: Region,
    /// What it signs with, and what it signed with before: a changed key must not strand what lies in queues.
    pub keys: Vec<Key>,
}

impl Trust {
    /// Trusts the node itself, by its key and its former ones, and its children, by appid.
    pub fn new(
        own: &NodeIdentity,
        former_keys: impl IntoIterator<Item = Key>,
        children: impl IntoIterator<Item = (String, TrustedNode)>,
    ) -> Self {
        let mut nodes: HashMap<_, _> = children.into_iter().collect();
        let keys = [own.key.clone()].into_iter().chain(former_keys).collect();
        nodes.insert(own.appid.clone(), TrustedNode { region: own.region, keys });
        Self { own: own.appid.clone(), nodes, cipher: own.cipher.clone() }
    }

    /// What a child may speak for, by its appid.
    pub fn child(&self, appid: &str) -> Option<Region> {
        self.nodes.get(appid).filter(|_| appid != self.own).map(|node| node.region)
    }

    /// The node's own keys, the present one first.
    pub fn own_keys(&self) -> &[Key] {
        // `new` puts the node itself among those it trusts.
        self.nodes.get(&self.own).map_or(&[], |node| &node.keys)
    }
}

/// A batch whose seals are whole.
#[derive(Debug, Clone)]
pub struct Opened<'a> {
    /// What travels beside the envelope.
    pub manifest: Manifest,
    /// The dataset.
    pub busicode: BusinessCode,
    /// What it does; never a query.
    pub action: Action,
    /// Its records.
    pub busilist: Array<'a>,
    /// What the node that sealed it may speak for.
    pub sender_region: Region,
    /// That node's signature of the envelope.
    pub envelope_sign: Cow<'a, str>,
    /// The key that it was sealed with.
    pub key: Key,
    /// Whether its sender has since changed that key.
    pub by_former_key: bool,
}

/// Why a message is not taken for a batch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenFault {
    /// It carries CC or BCC, by which a sender can evade the broker's topic permissions.
    #[error("the message carries CC or BCC headers, which would carry it past the broker's permissions")]
    Copied,
    /// Its headers are no manifest.
    #[error("{0}: the message was not sealed by a sesame node")]
    Manifest(#[from] NotAManifest),
    /// Its body is no envelope of a write.
    #[error("the body is no envelope of a write (Annex A.1): {0}")]
    Envelope(String),
    /// Sealed by a node that is neither this one nor a child.
    #[error("sealed by {0:?}, which is neither this node nor one of its children: add it to [[children]]")]
    UnknownSender(String),
    /// Published by another user than the node that sealed it.
    #[error("sealed by {sealed:?} but published by broker user {user:?}")]
    SenderMismatch {
        /// Who sealed it.
        sealed: String,
        /// The broker's word.
        user: String,
    },
    /// The envelope's or the manifest's signature does not verify.
    #[error("the signature of {sender:?} over the {part} does not verify: compare the keys of the two nodes")]
    SignMismatch {
        /// Who is said to have sealed it.
        sender: String,
        /// `envelope` or `manifest`.
        part: &'static str,
    },
    /// The manifest belongs to another envelope.
    #[error("the manifest is of batch {manifest}, but envelope and evidence make it {envelope}")]
    OtherBatch {
        /// Batch of the manifest.
        manifest: String,
        /// Random of the envelope.
        envelope: String,
    },
    /// The manifest's digest is not that of the content.
    #[error("the manifest's digest is not that of the content")]
    OtherContent,
    /// It entered at a node outside the sender's region.
    #[error("it entered at {origin}, which is not in the sender's region {sender}")]
    ForeignOrigin {
        /// The entering node.
        origin: Region,
        /// What the sender may speak for.
        sender: Region,
    },
    /// Its base version lies in the future.
    #[error("accepted at {accepted}, more than ten minutes ahead of this node's clock: check the clocks")]
    Ahead {
        /// The base version.
        accepted: Moment,
    },
}

/// How far ahead of this node's clock a version may lie.
pub const TOLERANCE_MICROS: i64 = 600_000_000;

/// Opens a message, or says why it is none of ours.
pub fn open<'a>(incoming: Incoming<'a>, trust: &Trust, now: Moment) -> Result<Opened<'a>, OpenFault> {
    if incoming.copied {
        return Err(OpenFault::Copied);
    }
    let manifest = Manifest::from_headers(incoming.headers)?;
    let envelope = Envelope::read(incoming.body).map_err(|e| OpenFault::Envelope(e.reason.to_string()))?;
    let (sender, key) = verify(&incoming, &envelope, trust)?;
    let by_former_key = sender.keys.first() != Some(key);
    if envelope.random.as_str() != manifest.batch.to_string() {
        let envelope = envelope.random.to_string();
        return Err(OpenFault::OtherBatch { manifest: manifest.batch.to_string(), envelope });
    }
    let derived = batch_id(manifest.origin, &manifest.evidence.appid, &manifest.evidence.random);
    if derived != manifest.batch {
        return Err(OpenFault::OtherBatch { manifest: manifest.batch.to_string(), envelope: derived.to_string() });
    }
    if !sender.region.covers(manifest.origin) {
        return Err(OpenFault::ForeignOrigin { origin: manifest.origin, sender: sender.region });
    }
    if manifest.accepted > now.plus_micros(TOLERANCE_MICROS) {
        return Err(OpenFault::Ahead { accepted: manifest.accepted });
    }
    let write = |text: &str| OpenFault::Envelope(text.to_owned());
    let busicode = BusinessCode::parse(&envelope.busicode).map_err(|e| write(&e.to_string()))?;
    let action = Action::parse(&envelope.action).map_err(|e| write(&e.to_string()))?;
    if !action.is_write() {
        return Err(write("a query cannot be a batch"));
    }
    let sealed_here = envelope.appid == trust.own.as_str() && manifest.origin == sender.region;
    let Busilist::Array(busilist) = envelope.busilist else {
        return Err(write("a node seals the busilist as an array"));
    };
    // What this node sealed at its own door has the digest that it wrote there: the two signatures, one of which covers the
    // other, have just told that both are as they were.
    if !sealed_here {
        let Evidence { appid, random, .. } = &manifest.evidence;
        if content_digest(trust.cipher.as_ref(), appid, busicode, action, busilist.as_str(), random) != manifest.digest
        {
            return Err(OpenFault::OtherContent);
        }
    }
    let (sender_region, envelope_sign) = (sender.region, envelope.sign);
    let key = key.clone();
    Ok(Opened { manifest, busicode, action, busilist, sender_region, envelope_sign, key, by_former_key })
}

/// The node that sealed the message, and the key it did so with.
fn verify<'t>(
    incoming: &Incoming<'_>,
    envelope: &Envelope<'_>,
    trust: &'t Trust,
) -> Result<(&'t TrustedNode, &'t Key), OpenFault> {
    let appid = envelope.appid.as_ref();
    let sender = trust.nodes.get(appid).ok_or_else(|| OpenFault::UnknownSender(appid.chars().take(64).collect()))?;
    // This node's own user stands for any sender: it publishes again what it has kept.
    let user = incoming.user_id.unwrap_or_default();
    if user != appid && user != trust.own {
        return Err(OpenFault::SenderMismatch { sealed: appid.to_owned(), user: user.to_owned() });
    }
    let mismatch = |part| OpenFault::SignMismatch { sender: appid.to_owned(), part };
    let text = sealed_text(incoming.headers, &envelope.sign);
    let given = incoming.headers.get(SIGN_HEADER).map_or("", String::as_str);
    let sealing = |key: &&Key| signer(trust, Profile::Hmac, key).verify(&Canonical::Headers(&text), given);
    let key = sender.keys.iter().find(sealing).ok_or_else(|| mismatch("manifest"))?;
    // By the same key: a node seals both at once.
    if !signer(trust, Profile::Digest, key).verify(&envelope.canonical(), &envelope.sign) {
        return Err(mismatch("envelope"));
    }
    Ok((sender, key))
}

fn signer<'a>(trust: &'a Trust, profile: Profile, key: &'a Key) -> Signer<'a> {
    Signer { cipher: trust.cipher.as_ref(), profile, key }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::{Form, Sealed, seal};
    use crate::standard::cipher::Software;

    const OLD: &str = "00112233445566778899aabbccddeeff";
    const NEW: &str = "ffeeddccbbaa99887766554433221100";

    fn node(key: &str) -> NodeIdentity {
        NodeIdentity {
            region: Region::parse("370203").unwrap(),
            appid: "node-370203".to_owned(),
            key: Key::parse(key).unwrap(),
            cipher: Arc::new(Software),
        }
    }

    fn sealed(key: &str) -> Sealed {
        sealed_with(key, "[{\"A\":\"1\"}]", None)
    }

    fn sealed_with(key: &str, busilist: &str, digest: Option<[u8; 32]>) -> Sealed {
        let node = node(key);
        let (busicode, action) = (BusinessCode::parse("007").unwrap(), Action::Add);
        let manifest = Manifest {
            batch: batch_id(node.region, "app", "r"),
            origin: node.region,
            home: node.region,
            accepted: Moment::from_micros(0),
            digest: digest.unwrap_or_else(|| content_digest(&Software, "app", busicode, action, busilist, "r")),
            records: 1,
            refused: Vec::new(),
            dataset: "1".to_owned(),
            evidence: Evidence {
                appid: "app".to_owned(),
                random: "r".to_owned(),
                sign: String::new(),
                profile: Profile::Digest,
                form: Form::default(),
                millis: 0,
            },
            trace: Vec::new(),
        };
        seal(&node, &manifest, busicode, action, Array::known(busilist))
    }

    fn opened<'a>(sealed: &'a Sealed, trust: &Trust) -> Result<Opened<'a>, OpenFault> {
        let incoming =
            Incoming { user_id: Some("node-370203"), copied: false, headers: &sealed.headers, body: &sealed.body };
        open(incoming, trust, Moment::from_micros(0))
    }

    #[test]
    fn a_changed_key_strands_nothing_and_a_key_taken_out_is_gone() {
        let key = |text: &str| Key::parse(text).unwrap();
        let overlap = Trust::new(&node(NEW), [key(OLD)], []);
        assert!(!opened(&sealed(NEW), &overlap).unwrap().by_former_key);
        assert!(opened(&sealed(OLD), &overlap).unwrap().by_former_key);
        let after = Trust::new(&node(NEW), [], []);
        let refused = opened(&sealed(OLD), &after).unwrap_err();
        assert!(matches!(refused, OpenFault::SignMismatch { part: "manifest", .. }), "{refused}");
    }

    #[test]
    fn envelope_and_manifest_are_sealed_with_one_key() {
        let key = |text: &str| Key::parse(text).unwrap();
        let mixed = Sealed { headers: sealed(NEW).headers, body: sealed(OLD).body };
        let refused = opened(&mixed, &Trust::new(&node(NEW), [key(OLD)], [])).unwrap_err();
        assert!(matches!(refused, OpenFault::SignMismatch { part: "manifest", .. }), "{refused}");
    }

    /// Of what the node sealed at its own door no digest is worked out: this signature alone guards the records.
    #[test]
    fn invariant_5_an_altered_body_is_refused_also_where_the_node_sealed_it_itself() {
        let mut altered = sealed(NEW);
        let body = std::str::from_utf8(&altered.body).unwrap();
        let changed = body.replace(r#""A":"1""#, r#""A":"2""#);
        assert_ne!(body, changed);
        altered.body = changed.into();
        let refused = opened(&altered, &Trust::new(&node(NEW), [], [])).unwrap_err();
        assert!(matches!(refused, OpenFault::SignMismatch { part: "envelope", .. }), "{refused}");
    }

    #[test]
    fn invariant_5_a_manifest_belongs_to_one_envelope_and_a_foreign_digest_is_worked_out_anew() {
        let trust = Trust::new(&node(NEW), [], []);
        let (one, mut other) = (sealed(NEW), sealed_with(NEW, "[{\"A\":\"2\"}]", None));
        other.headers = one.headers;
        let refused = opened(&other, &trust).unwrap_err();
        assert!(matches!(refused, OpenFault::SignMismatch { part: "manifest", .. }), "{refused}");
        // A parent believes no digest that it has not worked out.
        let lying = sealed_with(NEW, "[{\"A\":\"1\"}]", Some([0; 32]));
        let parent =
            NodeIdentity { region: Region::parse("370200").unwrap(), appid: "node-370200".to_owned(), ..node(OLD) };
        let child = TrustedNode { region: node(NEW).region, keys: vec![node(NEW).key] };
        let trust = Trust::new(&parent, [], [("node-370203".to_owned(), child)]);
        assert!(opened(&sealed(NEW), &trust).is_ok());
        assert_eq!(opened(&lying, &trust).unwrap_err(), OpenFault::OtherContent);
    }

    /// The signature is the same for both forms.
    #[test]
    fn a_busilist_sealed_as_a_string_is_refused() {
        let mut other = sealed(NEW);
        let body = std::str::from_utf8(&other.body).unwrap();
        let changed = body.replace(r#"[{"A":"1"}]"#, r#""[{\"A\":\"1\"}]""#);
        assert_ne!(body, changed);
        other.body = changed.into();
        let refused = opened(&other, &Trust::new(&node(NEW), [], [])).unwrap_err();
        assert_eq!(refused, OpenFault::Envelope("a node seals the busilist as an array".to_owned()));
    }
}
