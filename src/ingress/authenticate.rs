//! Who calls: the app of the appid, and whether one of its keys made the signature (§7.2 身份认证).

use super::caller::Caller;
use super::door::Door;
use super::outcome::Denial;
use crate::apps::{Absent, App};
use crate::standard::diagnosis::{Diagnosis, Known, diagnose};
use crate::standard::envelope::Envelope;
use crate::standard::moment::Moment;
use crate::standard::refusal::RefusalCode;
use crate::standard::sign::Signer;

/// Whether app and signature are good.
pub(super) fn authenticate(door: &Door, envelope: &Envelope<'_>, now: Moment) -> Result<Caller, Denial> {
    let app = door.apps.get(&envelope.appid).map_err(|absent| unknown(absent, &envelope.appid))?;
    let cipher = door.node.cipher.as_ref();
    let canonical = envelope.canonical();
    let verifies = |key| Signer { cipher, profile: app.profile, key }.verify(&canonical, &envelope.sign);
    let key = app.keys.good_at(now).find(|key| verifies(key)).cloned();
    let Some(key) = key else {
        return Err(Denial::new(RefusalCode::SignMismatch, mismatch(door, &app, envelope, now)));
    };
    Ok(Caller { app, key, random: envelope.random.clone(), cipher: door.node.cipher.clone() })
}

fn unknown(absent: Absent, appid: &str) -> Denial {
    match absent {
        Absent::Unknown if appid.trim() != appid => {
            Denial::new(RefusalCode::UnknownApp, "应用账号不存在：appid 首尾有空白，请去掉")
        }
        Absent::Unknown => {
            Denial::new(RefusalCode::UnknownApp, "应用账号不存在或已停用：请核对 appid，或联系接口提供方开通")
        }
        Absent::CannotTell => {
            let reason = "应用账号资料暂时无法读取，未接收：请稍后用原报文（相同 random）重发";
            Denial::new(RefusalCode::Unavailable, reason)
        }
    }
}

/// Why a signature does not verify: in general, or, to an app under development, what was found out about it.
fn mismatch(door: &Door, app: &App, envelope: &Envelope<'_>, now: Moment) -> String {
    // An attempt costs some milliseconds, and anyone can cause one.
    if app.is_test && door.diagnoses.pass(0).is_ok() {
        let known = |key| Known {
            cipher: door.node.cipher.as_ref(),
            profile: app.profile,
            key,
            retired: app.keys.retired_at(now),
            data_key: app.data_key.as_ref(),
        };
        let diagnoses = app.keys.good_at(now).map(|key| diagnose(&known(key), envelope));
        let diagnosis = diagnoses.reduce(Diagnosis::or_better).unwrap_or(Diagnosis::Nothing);
        return format!("签名校验失败，可能的原因：{diagnosis}");
    }
    "签名校验失败：请核对密钥（32位十六进制）、参数顺序 action、appid、busicode、busilist、random，\
     并对发送的 busilist 原文签名"
        .to_owned()
}
