//! A batch that a child node hands over by its https link: the very message that it would have published to this node's broker, its
//! manifest in HTTP headers. It is taken under its own id and version, and goes on sealed by this node, as everything that lies on its
//! broker does.

use super::admit::{Acceptable, Admission, Subject, Work};
use super::caller::Caller;
use super::door::Door;
use super::limited::{Party, too_many_records};
use super::outcome::Denial;
use super::randoms::refuse_reuse;
use crate::apps::App;
use crate::batch::{
    Against, BadEscape, Findings, Incoming, OpenFault, Opened, Stamp, TOLERANCE_MICROS, Trust, from_http, open,
    read_changes, routing_key, seal,
};
use crate::standard::envelope::Envelope;
use crate::standard::moment::Moment;
use crate::standard::refusal::RefusalCode;
use axum::http::HeaderMap;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The child nodes that may hand batches over here.
pub struct Children {
    trust: Arc<Trust>,
}

/// The manifest and its signature, as they came in HTTP headers.
pub(super) type Carried = Result<BTreeMap<String, String>, BadEscape>;

/// What a request carries beside its envelope; `None` if it is none of a child's link.
pub(super) fn carried(headers: &HeaderMap) -> Option<Carried> {
    from_http(|name| headers.get(name).map(|value| value.as_bytes()))
}

impl Children {
    /// Those that `trust` knows.
    pub fn new(trust: Arc<Trust>) -> Self {
        Self { trust }
    }

    /// Runs every check: that a child sealed the batch, that it entered in the child's region, and that all of its records lie there.
    pub(super) fn admit(&self, door: &Door, carried: Carried, body: &[u8]) -> Admission {
        let mut subject = Subject::default();
        let envelope = match Envelope::read(body) {
            Ok(envelope) => envelope,
            Err(error) => {
                let work = Err(Denial::from(error.reason));
                return Admission { random: error.random, caller: None, subject, pass: None, work };
            }
        };
        subject.name(&envelope);
        let random = Some(envelope.random.clone());
        let now = door.clock.now();
        let opened = match &carried {
            Ok(headers) => self.open(door, headers, &envelope, body, now),
            Err(error) => Err(Denial::new(RefusalCode::Malformed, format!("节点间报文头无法读取（{error}）"))),
        };
        let (caller, work) = match opened {
            Err(denial) => (None, Err(denial)),
            Ok(opened) => {
                let app = Arc::new(App::of_node(&envelope.appid, opened.key.clone(), opened.sender_region));
                let (key, random) = (opened.key.clone(), envelope.random.clone());
                let caller = Caller { app, key, random, cipher: door.node.cipher.clone() };
                (Some(caller), take(door, &mut subject, &opened, now))
            }
        };
        Admission { random, caller, subject, pass: None, work }
    }

    fn open<'a>(
        &self,
        door: &'a Door,
        headers: &'a BTreeMap<String, String>,
        envelope: &Envelope<'_>,
        body: &'a [u8],
        now: Moment,
    ) -> Result<Opened<'a>, Denial> {
        if self.trust.child(&envelope.appid).is_none() {
            let reason = "该应用账号不是本节点登记的下级节点：请核对 appid，或请上级在 [[children]] 中登记";
            return Err(Denial::new(RefusalCode::UnknownApp, reason));
        }
        // No broker vouches for a user here: the two signatures say who sealed it.
        let incoming = Incoming { user_id: Some(&door.node.appid), copied: false, headers, body };
        open(incoming, &self.trust, now).map_err(|fault| refusal(&fault))
    }
}

/// The batch as this node publishes it.
fn take(door: &Door, subject: &mut Subject, opened: &Opened<'_>, now: Moment) -> Result<Work, Denial> {
    let (busicode, action, manifest) = (opened.busicode, opened.action, &opened.manifest);
    let dictionary = door.dictionary.now();
    let dataset = dictionary.get(busicode).ok_or_else(|| {
        Denial::new(RefusalCode::UnknownBusicode, format!("业务分类代码 {busicode} 在本节点没有数据字典"))
    })?;
    (subject.busicode_known, subject.action_known) = (Some(busicode), Some(action));
    let most = door.limits.records;
    if opened.busilist.is_longer_than(most) {
        return Err(too_many_records(Party::Node, most));
    }
    let stamp = Stamp {
        batch: manifest.batch,
        accepted: manifest.accepted,
        home: manifest.home,
        latest: now.plus_micros(TOLERANCE_MICROS),
    };
    // What is wrong with single records is for this tier's persist, which applies the good ones.
    let changes = read_changes(dataset, action, opened.busilist, &manifest.refused, &stamp, Against::Merging)
        .map_err(|fault| Denial::new(RefusalCode::InvalidRecords, fault.error))?;
    let sender = opened.sender_region;
    if let Some(foreign) = changes.regions.iter().find(|region| !sender.covers(**region)) {
        let reason = format!("下级节点只能报送 {sender} 的数据，批次中有所属行政区划 {foreign} 的记录");
        return Err(Denial::new(RefusalCode::NotGranted, reason));
    }
    refuse_reuse(door.randoms.note(manifest.batch, manifest.digest, true))?;
    // As persist works it out: a batch of which no record tells its region is the entering node's.
    let cover = door.regions.smallest_covering(changes.regions.iter().copied());
    Ok(Work::Publish(Box::new(Acceptable {
        batch: manifest.batch,
        busicode,
        action,
        findings: Findings { good: manifest.records as usize, ..Findings::default() },
        routing_key: routing_key(cover.unwrap_or(manifest.origin), busicode, action),
        sealed: seal(&door.node, manifest, busicode, action, opened.busilist),
    })))
}

/// What the child is told, which notes it as the reason of a failure.
fn refusal(fault: &OpenFault) -> Denial {
    let (code, reason) = match fault {
        OpenFault::Copied | OpenFault::Manifest(_) | OpenFault::Envelope(_) => {
            (RefusalCode::Malformed, "不是下级节点封装的批次")
        }
        OpenFault::UnknownSender(_) => (RefusalCode::UnknownApp, "该应用账号不是本节点登记的下级节点"),
        OpenFault::SenderMismatch { .. }
        | OpenFault::SignMismatch { .. }
        | OpenFault::OtherBatch { .. }
        | OpenFault::OtherContent => (RefusalCode::SignMismatch, "节点间签名校验失败：请核对两个节点的密钥"),
        OpenFault::ForeignOrigin { .. } => (RefusalCode::NotGranted, "批次的接收节点不在该下级节点的行政区划内"),
        OpenFault::Ahead { .. } => (RefusalCode::InvalidRecords, "接收时间超前10分钟以上：请校准时钟"),
    };
    Denial::new(code, format!("{reason}（{fault}）"))
}
