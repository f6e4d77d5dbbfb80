//! What travels beside the envelope, in headers covered by a signature of their own.

use crate::standard::moment::Moment;
use crate::standard::random::Random;
use crate::standard::region::Region;
use crate::standard::sign::Profile;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The federation's own data about a batch. Fixed at the entering node, but for the trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The batch id.
    pub batch: Uuid,
    /// Region of the entering node.
    pub origin: Region,
    /// The sender's own region: XZQHDM of a modify or delete that leaves it out.
    pub home: Region,
    /// When the entering node accepted it: the base of every version in the batch.
    pub accepted: Moment,
    /// SM3 of the content.
    pub digest: [u8; 32],
    /// How many records it has, without the refused ones.
    pub records: u32,
    /// Places of records that the entering node refused, from 0 and in order: its dataset takes the good ones of a batch alone.
    /// They stay in the body, which the sender has signed whole, and no tier looks at them.
    pub refused: Vec<u32>,
    /// The version of the dataset that the entering node held them against.
    pub dataset: String,
    /// The sender's own signature and how to check it.
    pub evidence: Evidence,
    /// The nodes that have committed it so far, the entering one first.
    pub trace: Vec<Passage>,
}

/// The sender's own signature, kept so that anyone with its key can check who sent the batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// 应用账号.
    pub appid: String,
    /// 请求随机标识.
    pub random: String,
    /// 签名, in upper case; of one longer than [`LONGEST_SIGN`], `SM3:` and its digest.
    pub sign: String,
    /// How it was computed.
    pub profile: Profile,
    /// What text was signed.
    #[serde(default)]
    pub form: Form,
    /// How long the entering node took from the first byte to handing the batch to the broker, in milliseconds.
    pub millis: u32,
}

/// A signature of the profile `full` is as long as its exchange, and a message's headers must fit one frame of AMQP. It is a
/// function of key and text, so its digest proves as much.
pub const LONGEST_SIGN: usize = 1024;

/// How the text that the sender signed is made from the batch's body.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Form {
    /// Initial vector, in hex, under which the text was encrypted with the sender's data key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iv: Option<String>,
    /// Whether the ciphertext was sent in lower-case hex: its sender has signed it so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lower: bool,
    /// White space before the array.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub before: String,
    /// White space after it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub after: String,
}

/// A node that has committed the batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passage {
    /// The node's region.
    pub region: String,
    /// When, in RFC 3339.
    pub at: String,
    /// The version of the dataset it was held against there.
    #[serde(default)]
    pub dataset: String,
}

/// Headers that are no manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("header {header} {problem}")]
pub struct NotAManifest {
    /// The header.
    pub header: &'static str,
    /// `is missing`, `is too long` or `cannot be read`.
    pub problem: &'static str,
}

pub(super) const BATCH: &str = "sesame-batch";
const ORIGIN: &str = "sesame-origin";
const HOME: &str = "sesame-home";
const ACCEPTED: &str = "sesame-accepted";
const DIGEST: &str = "sesame-digest";
const RECORDS: &str = "sesame-records";
const REFUSED: &str = "sesame-refused";
const DATASET: &str = "sesame-dataset";
const EVIDENCE: &str = "sesame-evidence";
const TRACE: &str = "sesame-trace";
/// In the order in which they are signed.
pub(super) const SIGNED: [&str; 10] =
    [ACCEPTED, BATCH, DATASET, DIGEST, EVIDENCE, HOME, ORIGIN, RECORDS, REFUSED, TRACE];

/// Headers travel in one frame of AMQP, which RabbitMQ limits to 128 KiB; each node adds its passage.
const LONGEST_HEADER: usize = 8 * 1024;

impl Evidence {
    /// What the store and the log rely on.
    fn check(&self) -> Result<(), ()> {
        let plain = |text: &str, most: usize| text.len() <= most && !text.chars().any(char::is_control);
        let space = |text: &str| text.len() <= 1024 && text.chars().all(char::is_whitespace);
        let whole = plain(&self.appid, 256)
            && Random::parse(&self.random).is_ok()
            && plain(&self.sign, LONGEST_SIGN)
            && self.form.iv.as_deref().is_none_or(|iv| plain(iv, 32))
            && space(&self.form.before)
            && space(&self.form.after)
            && i32::try_from(self.millis).is_ok();
        if whole { Ok(()) } else { Err(()) }
    }
}

impl Manifest {
    /// Header of the number of records, by which a transaction can be sized before anything is verified.
    pub const RECORDS_HEADER: &'static str = RECORDS;

    /// When the batch says it was accepted, unverified: for what is only shown.
    pub fn accepted_in(headers: &BTreeMap<String, String>) -> Option<Moment> {
        Moment::parse(headers.get(ACCEPTED)?).ok()
    }

    /// The most records that may be refused of a batch that is taken: their places travel in a header.
    pub const MOST_REFUSED: usize = 1_000;

    /// The headers.
    pub fn to_headers(&self) -> BTreeMap<String, String> {
        let json = |value: serde_json::Result<String>| value.unwrap_or_default();
        [
            (BATCH, self.batch.to_string()),
            (ORIGIN, self.origin.to_string()),
            (HOME, self.home.to_string()),
            (ACCEPTED, self.accepted.to_rfc3339()),
            (DIGEST, hex::encode(self.digest)),
            (RECORDS, self.records.to_string()),
            (DATASET, self.dataset.clone()),
            (EVIDENCE, json(serde_json::to_string(&self.evidence))),
            (TRACE, json(serde_json::to_string(&self.trace))),
        ]
        .into_iter()
        .chain((!self.refused.is_empty()).then(|| (REFUSED, json(serde_json::to_string(&self.refused)))))
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
    }

    /// Reads the headers.
    pub fn from_headers(headers: &BTreeMap<String, String>) -> Result<Self, NotAManifest> {
        let get = |header: &'static str| {
            headers.get(header).map(String::as_str).ok_or(NotAManifest { header, problem: "is missing" })
        };
        let bad = |header: &'static str| NotAManifest { header, problem: "cannot be read" };
        let refused = headers.get(REFUSED).map_or("[]", String::as_str);
        let long = [(DATASET, get(DATASET)?), (EVIDENCE, get(EVIDENCE)?), (TRACE, get(TRACE)?), (REFUSED, refused)];
        for (header, text) in long {
            if text.len() > LONGEST_HEADER {
                return Err(NotAManifest { header, problem: "is too long" });
            }
        }
        let evidence: Evidence = serde_json::from_str(get(EVIDENCE)?).map_err(|_| bad(EVIDENCE))?;
        evidence.check().map_err(|()| bad(EVIDENCE))?;
        let digest = hex::decode(get(DIGEST)?).map_err(|_| bad(DIGEST))?;
        Ok(Self {
            batch: get(BATCH)?.parse().map_err(|_| bad(BATCH))?,
            origin: Region::parse(get(ORIGIN)?).map_err(|_| bad(ORIGIN))?,
            home: Region::parse(get(HOME)?).map_err(|_| bad(HOME))?,
            accepted: Moment::parse(get(ACCEPTED)?).map_err(|_| bad(ACCEPTED))?,
            digest: digest.try_into().map_err(|_| bad(DIGEST))?,
            records: get(RECORDS)?.parse().map_err(|_| bad(RECORDS))?,
            refused: serde_json::from_str(refused).map_err(|_| bad(REFUSED))?,
            dataset: get(DATASET)?.to_owned(),
            evidence,
            trace: serde_json::from_str(get(TRACE)?).map_err(|_| bad(TRACE))?,
        })
    }

    /// The text that the headers' signature covers: every signed header as it stands, a line each.
    pub(super) fn signed_text(headers: &BTreeMap<String, String>) -> String {
        // Once at each end of every message: as one text, not pieced together of ten.
        let length = SIGNED.iter().map(|name| name.len() + 2 + headers.get(*name).map_or(0, String::len)).sum();
        let mut text = String::with_capacity(length);
        for name in SIGNED {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(name);
            text.push('=');
            text.push_str(headers.get(name).map_or("", String::as_str));
        }
        text
    }
}
