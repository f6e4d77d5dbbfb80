//! A failure's message as an operator may read it.

use super::ShownFailure;
use crate::batch::{Against, Manifest, Passage, RecordFault, Stamp, TOLERANCE_MICROS, read_changes};
use crate::broker::Names;
use crate::dataset::{Dataset, Dictionary};
use crate::standard::busilist::Array;
use crate::standard::code::BusinessCode;
use crate::standard::envelope::Envelope;
use crate::standard::moment::Moment;
use crate::store::FailureDetail;
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// What of a message may be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// Sensitive values are masked.
    Masked,
    /// Everything.
    Full,
}

/// A failure with its message.
#[derive(Debug, Clone, Serialize)]
pub struct ShownMessage {
    /// What lists show of it.
    #[serde(flatten)]
    pub failure: ShownFailure,
    /// Each failed attempt and each act of an operator, oldest first.
    pub past: Value,
    /// The nodes that have committed it.
    pub way: Vec<Passage>,
    /// Routing key of the message.
    pub routing_key: String,
    /// Bytes of its body.
    pub bytes: usize,
    /// The envelope but for its records (§6.2.2); absent where the body is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub envelope: Option<Value>,
    /// Why the envelope cannot be shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unreadable: Option<String>,
    /// What is wrong with its records by the rules of this moment.
    pub faults: Vec<ShownFault>,
    /// Records, the bad ones first, up to [`MOST_RECORDS`].
    pub records: Vec<ShownRecord>,
}

/// A broken rule.
#[derive(Debug, Clone, Serialize)]
pub struct ShownFault {
    /// Place of the record from 1; 0 for the list as a whole.
    pub index: usize,
    /// The field.
    pub field: String,
    /// The rule.
    pub rule: String,
    /// The reason in Chinese.
    pub error: String,
}

/// A record of the message.
#[derive(Debug, Clone, Serialize)]
pub struct ShownRecord {
    /// Its place from 1.
    pub index: usize,
    /// Its fields.
    pub fields: Map<String, Value>,
}

/// Records shown of one message.
pub const MOST_RECORDS: usize = 20;
const MOST_FAULTS: usize = 100;

impl ShownMessage {
    pub(super) fn of(detail: FailureDetail, dictionary: &Dictionary, names: Names, sight: Sight, now: Moment) -> Self {
        let manifest = Manifest::from_headers(&detail.headers).ok();
        let mut shown = Self {
            failure: ShownFailure::of(detail.row, names, now),
            past: detail.past,
            way: manifest.as_ref().map(|manifest| manifest.trace.clone()).unwrap_or_default(),
            routing_key: detail.routing_key,
            bytes: 0,
            envelope: None,
            unreadable: None,
            faults: Vec::new(),
            records: Vec::new(),
        };
        match zstd::stream::decode_all(detail.body.as_slice()) {
            Ok(body) => shown.read(&body, manifest.as_ref(), dictionary, sight, now),
            Err(error) => shown.unreadable = Some(format!("the stored body cannot be decompressed: {error}")),
        }
        shown
    }

    fn read(&mut self, body: &[u8], manifest: Option<&Manifest>, dictionary: &Dictionary, sight: Sight, now: Moment) {
        self.bytes = body.len();
        let envelope = match Envelope::read(body) {
            Ok(envelope) => envelope,
            Err(error) => {
                self.unreadable = Some(match sight {
                    // What cannot be read cannot be masked.
                    Sight::Masked => error.to_string(),
                    Sight::Full => format!("{error}; it begins {:?}", beginning(body)),
                });
                return;
            }
        };
        self.envelope = Some(json!({
            "appid": envelope.appid, "busicode": envelope.busicode, "action": envelope.action,
            "random": envelope.random.as_str(), "sign": envelope.sign,
        }));
        let dataset = BusinessCode::parse(&envelope.busicode).ok().and_then(|code| dictionary.get(code));
        let records = match envelope.busilist.array() {
            Ok(records) => records,
            Err(error) => {
                self.unreadable = Some(format!("its busilist is no list: {error}"));
                return;
            }
        };
        if let (Some(dataset), Some(manifest)) = (dataset, manifest) {
            self.judge(dataset, &envelope.action, records, manifest, now);
        }
        self.pick(records, dataset, sight);
    }

    /// Holds the records against the rules of this moment.
    fn judge(&mut self, dataset: &Dataset, action: &str, records: Array<'_>, manifest: &Manifest, now: Moment) {
        let stamp = Stamp {
            batch: manifest.batch,
            accepted: manifest.accepted,
            home: manifest.home,
            latest: now.plus_micros(TOLERANCE_MICROS),
        };
        let Ok(action) = crate::standard::code::Action::parse(action) else { return };
        let faults = match read_changes(dataset, action, records, &manifest.refused, &stamp, Against::Rules) {
            Ok(changes) => changes.faults,
            Err(fault) => vec![fault],
        };
        self.faults = faults.into_iter().take(MOST_FAULTS).map(ShownFault::from).collect();
    }

    /// Picks the records to be shown: the bad ones first.
    fn pick(&mut self, records: Array<'_>, dataset: Option<&Dataset>, sight: Sight) {
        let places = self.faults.iter().filter_map(|fault| fault.index.checked_sub(1));
        let bad: BTreeSet<usize> = places.take(MOST_RECORDS).collect();
        let mut room = MOST_RECORDS - bad.len();
        let (mut shown_bad, mut shown_others) = (Vec::new(), Vec::new());
        for (at, element) in records.elements().enumerate() {
            let is_bad = bad.contains(&at);
            if !is_bad {
                let Some(left) = room.checked_sub(1) else { continue };
                room = left;
            }
            let Ok(object) = element.object() else { continue };
            let fields = object.members().map(|(name, value)| {
                let text = value.given().unwrap_or_default();
                (name.to_owned(), Value::from(seen(dataset, name, text, sight)))
            });
            let shown = ShownRecord { index: at + 1, fields: fields.collect() };
            if is_bad { shown_bad.push(shown) } else { shown_others.push(shown) }
        }
        self.records = shown_bad;
        self.records.extend(shown_others);
    }
}

/// A value as it may be seen. Of a dataset that is not known nothing tells what is sensitive.
fn seen(dataset: Option<&Dataset>, name: &str, text: &str, sight: Sight) -> String {
    match (sight, dataset.map(|dataset| dataset.field(name))) {
        (Sight::Full, _) => text.to_owned(),
        (Sight::Masked, Some(Some(field))) => {
            field.sensitivity.map_or_else(|| text.to_owned(), |sensitivity| sensitivity.mask(text))
        }
        (Sight::Masked, Some(None) | None) => "*".repeat(text.chars().count().min(8)),
    }
}

fn beginning(body: &[u8]) -> String {
    String::from_utf8_lossy(&body[..body.len().min(200)]).into_owned()
}

impl From<RecordFault> for ShownFault {
    fn from(fault: RecordFault) -> Self {
        Self { index: fault.index, field: fault.field, rule: fault.rule, error: fault.error }
    }
}
