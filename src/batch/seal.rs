//! Sealing: what lies on a broker is always signed by the node that put it there.

use super::{BULK_BYTES, Manifest, SIZE_HEADER};
use crate::standard::busilist::Array;
use crate::standard::cipher::{Cipher, Key};
use crate::standard::code::{Action, BusinessCode};
use crate::standard::envelope::{Busilist, Envelope};
use crate::standard::random::Random;
use crate::standard::region::Region;
use crate::standard::sign::{Canonical, Profile, Signer};
use bytes::Bytes;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Who a node is when it signs.
#[derive(Clone)]
pub struct NodeIdentity {
    /// The node's region.
    pub region: Region,
    /// Its appid: also its user at brokers.
    pub appid: String,
    /// Its key.
    pub key: Key,
    /// Software or certified hardware.
    pub cipher: Arc<dyn Cipher>,
}

impl NodeIdentity {
    pub(super) fn signer(&self, profile: Profile) -> Signer<'_> {
        Signer { cipher: self.cipher.as_ref(), profile, key: &self.key }
    }
}

/// A batch ready for a broker.
#[derive(Debug, Clone)]
pub struct Sealed {
    /// The manifest, its signature, and the size that routes it.
    pub headers: BTreeMap<String, String>,
    /// The envelope of Annex A.1, signed by the node, its random the batch id.
    pub body: Bytes,
}

/// Header of the signature over the manifest.
pub(super) const SIGN_HEADER: &str = "sesame-sign";

/// Seals a batch in the name of `node`. `busilist` is the array as sent, decrypted.
pub fn seal(
    node: &NodeIdentity,
    manifest: &Manifest,
    busicode: BusinessCode,
    action: Action,
    busilist: Array<'_>,
) -> Sealed {
    let envelope = Envelope {
        appid: Cow::Borrowed(&node.appid),
        busicode: busicode.to_string().into(),
        action: action.code().into(),
        busilist: Busilist::Array(busilist),
        random: Random::from(manifest.batch),
        sign: Cow::Borrowed(""),
    };
    let envelope = envelope.signed(node.signer(Profile::Digest));
    let body = envelope.write();
    Sealed { headers: seal_headers(node, manifest, &envelope.sign, body.len()), body: body.into() }
}

/// Seals the manifest anew around a body that the same node has sealed before, its envelope signed `envelope_sign`.
pub fn reseal(node: &NodeIdentity, manifest: &Manifest, envelope_sign: &str, body: Bytes) -> Sealed {
    Sealed { headers: seal_headers(node, manifest, envelope_sign, body.len()), body }
}

/// What the manifest's signature covers: the manifest, and the signature of the envelope that it belongs to. So the manifest of one
/// envelope is not taken for that of another, even where a sender has used one random twice.
pub(super) fn sealed_text(headers: &BTreeMap<String, String>, envelope_sign: &str) -> String {
    let mut text = Manifest::signed_text(headers);
    text.push_str("\nsign=");
    text.push_str(envelope_sign);
    text
}

fn seal_headers(
    node: &NodeIdentity,
    manifest: &Manifest,
    envelope_sign: &str,
    body_bytes: usize,
) -> BTreeMap<String, String> {
    let mut headers = manifest.to_headers();
    let sign = node.signer(Profile::Hmac).sign(&Canonical::Headers(&sealed_text(&headers, envelope_sign)));
    headers.insert(SIGN_HEADER.to_owned(), sign);
    let size = if body_bytes < BULK_BYTES { "small" } else { "bulk" };
    headers.insert(SIZE_HEADER.to_owned(), size.to_owned());
    headers
}
