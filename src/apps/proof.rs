//! How an app proves who it is (§7.2 身份认证方式): by its signature, by a client certificate of a CA, or by both.

use crate::config::{AppSettings, Authentication};
use crate::tls::{NotASubject, Subject};

/// What an app must prove itself with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
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

    /// The subject that a client certificate must have, where one is asked for.
    pub fn subject(&self) -> Option<&Subject> {
        match self {
            Proof::Signature => None,
            Proof::Certificate(subject) | Proof::Both(subject) => Some(subject),
        }
    }

    /// Whether `sign` must verify.
    pub fn needs_signature(&self, sign: &str) -> bool {
        !(matches!(self, Proof::Certificate(_)) && sign.is_empty())
    }
}
