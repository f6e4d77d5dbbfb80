//! The sender's own signature over an exchange, with all that is needed to check it without a node, a database or a network.

use crate::batch::{Evidence, batch_id};
use crate::standard::cipher::{Cipher, Key};
use crate::standard::encryption;
use crate::standard::region::Region;
use crate::standard::sign::{Canonical, Signer};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An exchange as its sender signed it (§6.2.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedExchange {
    /// The batch it became.
    pub batch: Uuid,
    /// Region of the entering node.
    pub origin: String,
    /// When that node accepted it, in RFC 3339; its word, which the sender has not signed.
    pub accepted: String,
    /// 业务分类代码.
    pub busicode: String,
    /// 请求动作代码.
    pub action: String,
    /// The array's text, as sent or decrypted.
    pub busilist: String,
    /// Who signed it, and how.
    #[serde(flatten)]
    pub evidence: Evidence,
}

/// A row of an archive of batches: the columns of the table.
#[derive(Deserialize)]
struct ArchivedBatch {
    id: Uuid,
    origin: u32,
    accepted_at: String,
    busicode: u16,
    action: u16,
    busilist: String,
    evidence: Evidence,
}

impl From<ArchivedBatch> for SignedExchange {
    fn from(row: ArchivedBatch) -> Self {
        Self {
            batch: row.id,
            origin: format!("{:06}", row.origin),
            accepted: row.accepted_at,
            busicode: format!("{:03}", row.busicode),
            action: format!("{:02}", row.action),
            busilist: row.busilist,
            evidence: row.evidence,
        }
    }
}

/// What a signature is checked with.
#[derive(Clone, Copy)]
pub struct Means<'a> {
    /// The key of the sender.
    pub key: &'a Key,
    /// The key it encrypted with.
    pub data_key: Option<&'a Key>,
}

/// Why an exchange is not proven to be its sender's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotProven {
    /// The region of the entering node is none.
    #[error("{0:?} is no region: the file has been changed")]
    NoRegion(String),
    /// The batch id is not that of node, app and random.
    #[error("the batch is {given}, but its node, app and random make it {made}: the file has been changed")]
    OtherBatch {
        /// As the file says.
        given: Uuid,
        /// As it must be.
        made: Uuid,
    },
    /// The sender encrypted what it signed.
    #[error("the sender signed what it had encrypted: give its data key")]
    NeedsDataKey,
    /// The initial vector cannot be read.
    #[error("the initial vector of the encryption cannot be read: the file has been changed")]
    NoVector,
    /// The sender did not sign: the node knew it by the client certificate that it showed. A certificate shown proves nothing about
    /// what was sent.
    #[error("the sender did not sign: that it sent this, showing a client certificate, is the word of node {0} alone")]
    NotSigned(String),
    /// The signature is not that of this key over this exchange.
    #[error("the signature is not that of this key over this exchange: another key, or the exchange has been changed")]
    Mismatch,
}

/// How the evidence begins that an app did not sign, and of a signature too long to be kept.
const CERTIFICATE: &str = "X509-SM3:";
const DIGEST: &str = "SM3:";

impl SignedExchange {
    /// Reads a file of evidence, or a row of an archive.
    pub fn read(text: &str) -> serde_json::Result<Self> {
        serde_json::from_str(text).or_else(|error| match serde_json::from_str::<ArchivedBatch>(text) {
            Ok(row) => Ok(row.into()),
            Err(_) => Err(error),
        })
    }

    /// Whether the sender has signed exactly this.
    pub fn verify(&self, cipher: &dyn Cipher, means: Means<'_>) -> Result<(), NotProven> {
        let Evidence { appid, random, sign, profile, .. } = &self.evidence;
        let origin = Region::parse(&self.origin).map_err(|_| NotProven::NoRegion(self.origin.clone()))?;
        let made = batch_id(origin, appid, random);
        if made != self.batch {
            return Err(NotProven::OtherBatch { given: self.batch, made });
        }
        if sign.starts_with(CERTIFICATE) {
            return Err(NotProven::NotSigned(self.origin.clone()));
        }
        let text = self.signed_text(cipher, means.data_key)?;
        let canonical =
            Canonical::Request { action: &self.action, appid, busicode: &self.busicode, busilist: &text, random };
        let signer = Signer { cipher, profile: *profile, key: means.key };
        let is_signed = match sign.strip_prefix(DIGEST) {
            Some(digest) => hex::encode_upper(cipher.sm3(&[signer.sign(&canonical).as_bytes()])) == digest,
            None => signer.verify(&canonical, sign),
        };
        if is_signed { Ok(()) } else { Err(NotProven::Mismatch) }
    }

    /// The busilist as the sender signed it.
    fn signed_text(&self, cipher: &dyn Cipher, data_key: Option<&Key>) -> Result<String, NotProven> {
        let form = &self.evidence.form;
        let text = format!("{}{}{}", form.before, self.busilist, form.after);
        let Some(iv) = &form.iv else { return Ok(text) };
        let iv = hex::decode(iv).ok().and_then(|iv| iv.try_into().ok()).ok_or(NotProven::NoVector)?;
        let ciphertext = encryption::encrypt(cipher, data_key.ok_or(NotProven::NeedsDataKey)?, iv, &text);
        Ok(if form.lower { ciphertext.to_ascii_lowercase() } else { ciphertext })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::Form;
    use crate::standard::cipher::Software;
    use crate::standard::sign::Profile;

    const KEY: &str = "0123456789abcdeffedcba9876543210";
    const OTHER: &str = "00112233445566778899aabbccddeeff";

    fn exchange(profile: Profile, form: Form) -> SignedExchange {
        let (appid, random) = ("A01".to_owned(), "r-1".to_owned());
        let evidence = Evidence { appid, random, sign: String::new(), profile, form, millis: 0 };
        let mut exchange = SignedExchange {
            batch: batch_id(Region::parse("370203").unwrap(), "A01", "r-1"),
            origin: "370203".to_owned(),
            accepted: "2026-01-01T00:00:00Z".to_owned(),
            busicode: "007".to_owned(),
            action: "01".to_owned(),
            busilist: r#"[{"JCJLBH":"1"}]"#.to_owned(),
            evidence,
        };
        let key = Key::parse(KEY).unwrap();
        let text = exchange.signed_text(&Software, Some(&Key::parse(OTHER).unwrap())).unwrap();
        let canonical =
            Canonical::Request { action: "01", appid: "A01", busicode: "007", busilist: &text, random: "r-1" };
        exchange.evidence.sign = Signer { cipher: &Software, profile, key: &key }.sign(&canonical);
        exchange
    }

    fn verified(exchange: &SignedExchange, key: &str, data_key: Option<&str>) -> Result<(), NotProven> {
        let (key, data_key) = (Key::parse(key).unwrap(), data_key.map(|key| Key::parse(key).unwrap()));
        exchange.verify(&Software, Means { key: &key, data_key: data_key.as_ref() })
    }

    #[test]
    fn what_the_sender_signed_is_proven_and_nothing_else_is() {
        for profile in Profile::ALL {
            let good = exchange(profile, Form::default());
            assert_eq!(verified(&good, KEY, None), Ok(()), "{profile:?}");
            assert_eq!(verified(&good, OTHER, None), Err(NotProven::Mismatch));
            let spoilt = SignedExchange { busilist: good.busilist.replace('1', "2"), ..good.clone() };
            assert_eq!(verified(&spoilt, KEY, None), Err(NotProven::Mismatch));
            let mut renamed = good.clone();
            renamed.evidence.appid = "A02".to_owned();
            assert!(matches!(verified(&renamed, KEY, None), Err(NotProven::OtherBatch { .. })));
        }
        let spaced = exchange(Profile::Digest, Form { before: "\n ".to_owned(), ..Form::default() });
        assert_eq!(verified(&spaced, KEY, None), Ok(()));
    }

    #[test]
    fn an_encrypted_exchange_is_proven_with_its_data_key_and_a_long_signature_by_its_digest() {
        let sealed = exchange(Profile::Digest, Form { iv: Some("00".repeat(16)), ..Form::default() });
        assert_eq!(verified(&sealed, KEY, Some(OTHER)), Ok(()));
        assert_eq!(verified(&sealed, KEY, None), Err(NotProven::NeedsDataKey));
        assert_eq!(verified(&sealed, KEY, Some(KEY)), Err(NotProven::Mismatch));

        let mut long = exchange(Profile::Full, Form::default());
        long.evidence.sign = format!("SM3:{}", hex::encode_upper(Software.sm3(&[long.evidence.sign.as_bytes()])));
        assert_eq!(verified(&long, KEY, None), Ok(()));
        assert_eq!(verified(&long, OTHER, None), Err(NotProven::Mismatch));
    }

    #[test]
    fn an_app_that_did_not_sign_is_not_proven_by_a_certificate_that_everybody_has() {
        let mut unsigned = exchange(Profile::Digest, Form::default());
        unsigned.evidence.sign = format!("X509-SM3:{}", hex::encode_upper(Software.sm3(&[b"certificate"])));
        assert_eq!(verified(&unsigned, KEY, None), Err(NotProven::NotSigned("370203".to_owned())));
    }

    #[test]
    fn a_ciphertext_sent_in_lower_case_is_what_its_sender_signed() {
        let form = Form { iv: Some("00".repeat(16)), lower: true, ..Form::default() };
        let sealed = exchange(Profile::Digest, form);
        assert_eq!(verified(&sealed, KEY, Some(OTHER)), Ok(()));
        let upper = Form { lower: false, ..sealed.evidence.form.clone() };
        let other = SignedExchange { evidence: Evidence { form: upper, ..sealed.evidence.clone() }, ..sealed };
        assert_eq!(verified(&other, KEY, Some(OTHER)), Err(NotProven::Mismatch));
    }

    #[test]
    fn a_file_of_evidence_is_read_as_it_was_written() {
        let written = exchange(Profile::Cmac, Form { after: " ".to_owned(), ..Form::default() });
        let text = serde_json::to_string_pretty(&written).unwrap();
        assert_eq!(SignedExchange::read(&text).unwrap(), written);
        let row = serde_json::json!({
            "id": written.batch, "origin": 370203, "accepted_at": written.accepted, "busicode": 7, "action": 1, "stale": 0,
            "busilist": written.busilist, "evidence": written.evidence,
        });
        assert_eq!(SignedExchange::read(&row.to_string()).unwrap(), written);
        assert!(SignedExchange::read("{}").is_err());
    }
}
