//! How an app proves who it is (§7.2 身份认证方式): by its signature, by a client certificate of a CA, or by both.

use super::outcome::Denial;
use crate::config::{AppSettings, Authentication};
use crate::standard::refusal::RefusalCode;
use crate::tls::{NotASubject, PeerCertificate, Subject};

/// What an app must prove itself with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Proof {
    /// Its signature.
    Signature,
    /// A client certificate of this subject. It need not sign; a signature it gives must hold all the same.
    Certificate(Subject),
    /// Both.
    Both(Subject),
}

impl Proof {
    /// As the settings of an app say.
    pub(super) fn of(settings: &AppSettings) -> Result<Self, NotASubject> {
        // The settings' check has seen to it that there is a certificate where one is asked for; no text is no subject.
        let subject = || Subject::parse(settings.certificate.as_deref().unwrap_or_default());
        Ok(match settings.authentication {
            Authentication::Signature => Proof::Signature,
            Authentication::Certificate => Proof::Certificate(subject()?),
            Authentication::Both => Proof::Both(subject()?),
        })
    }

    /// Whether the connection's certificate is the one asked for, where one is.
    pub(super) fn check(&self, shown: Option<&PeerCertificate>) -> Result<(), Denial> {
        let (Proof::Certificate(subject) | Proof::Both(subject)) = self else { return Ok(()) };
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

    /// Whether `sign` must verify.
    pub(super) fn needs_signature(&self, sign: &str) -> bool {
        !(matches!(self, Proof::Certificate(_)) && sign.is_empty())
    }
}
