//! Who calls: the app of the appid, its client certificate, and whether one of its keys made the signature (§7.2 身份认证).

use super::caller::Caller;
use super::door::Door;
use super::outcome::Denial;
use crate::apps::{Absent, App};
use crate::standard::diagnosis::{Diagnosis, Known, diagnose};
use crate::standard::envelope::Envelope;
use crate::standard::moment::Moment;
use crate::standard::proof::Proof;
use crate::standard::refusal::RefusalCode;
use crate::standard::sign::Signable;
use crate::tls::PeerCertificate;

/// Whether app, certificate and signature are good. `signable` is what the envelope's signature covers.
pub(super) fn authenticate(
    door: &Door,
    envelope: &Envelope<'_>,
    signable: &Signable<'_>,
    certificate: Option<&PeerCertificate>,
    now: Moment,
) -> Result<Caller, Denial> {
    let app = door.apps.get(&envelope.appid).map_err(|absent| unknown(absent, &envelope.appid))?;
    prove(&app.proof, certificate)?;
    let verifies = |key| signable.verify(app.profile, key, &envelope.sign);
    // Whoever need not sign is answered with the newest key.
    let key = match app.proof.needs_signature(&envelope.sign) {
        true => app.keys.good_at(now).find(|key| verifies(key)).cloned(),
        false => Some(app.keys.current.clone()),
    };
    let Some(key) = key else {
        return Err(Denial::new(RefusalCode::SignMismatch, mismatch(door, &app, envelope, now)));
    };
    Ok(Caller { app, key, random: envelope.random.clone(), cipher: door.node.cipher.clone() })
}

/// Whether the connection's certificate is the one asked for, where one is.
fn prove(proof: &Proof, shown: Option<&PeerCertificate>) -> Result<(), Denial> {
    let Some(subject) = proof.subject() else { return Ok(()) };
    let Some(shown) = shown else {
        return Err(Denial::new(
            RefusalCode::SignMismatch,
            "缺少客户端证书：该应用账号须以 CA 证书认证（§7.2），请在 HTTPS 连接中出示登记的客户端证书；\
             证书已过期或被吊销的，请更换",
        ));
    };
    if shown.subject() == subject {
        return Ok(());
    }
    let reason = format!(
        "客户端证书与应用账号不符：收到的证书主体为 {}，不是该应用账号登记的主体；请核对 appid 与证书",
        shown.subject()
    );
    Err(Denial::new(RefusalCode::SignMismatch, reason))
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
