//! How an app proves who it is (§7.2 身份认证方式): by its signature, by a client certificate of a CA, or by both.

use super::subject::Subject;
use serde::Deserialize;
use std::fmt;

/// What an app must prove itself with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Proof {
    /// Its signature.
    #[default]
    Signature,
    /// A client certificate of this subject. It need not sign; a signature it gives must hold all the same.
    Certificate(Subject),
    /// Both.
    Both(Subject),
}

/// A kind of proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Authentication {
    /// By its signature.
    #[default]
    Signature,
    /// By its client certificate; it need not sign.
    Certificate,
    /// By both.
    Both,
}

/// An authentication and a certificate that do not fit together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAProof {
    /// A certificate is asked for, and none is known.
    #[error("authentication \"{0}\" needs certificate, the subject of the app's client certificate: give it")]
    NoCertificate(Authentication),
    /// A certificate is known, and none is asked for.
    #[error(
        "certificate proves nothing while authentication is \"signature\": set authentication to \"certificate\" or \
         \"both\", or leave certificate out"
    )]
    NotAskedFor,
}

/// A text that names no kind of proof.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no way to prove who one is: signature, certificate or both")]
pub struct NotAnAuthentication(String);

impl Authentication {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Signature, Self::Certificate, Self::Both];

    /// Its name in settings, in commands and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Authentication::Signature => "signature",
            Authentication::Certificate => "certificate",
            Authentication::Both => "both",
        }
    }

    /// The kind of a name.
    pub fn parse(text: &str) -> Result<Self, NotAnAuthentication> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| NotAnAuthentication(text.to_owned()))
    }
}

impl fmt::Display for Authentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Proof {
    /// The proof of a kind, with the subject of the certificate where it asks for one and no subject where it does not.
    pub fn new(authentication: Authentication, certificate: Option<Subject>) -> Result<Self, NotAProof> {
        match (authentication, certificate) {
            (Authentication::Signature, None) => Ok(Proof::Signature),
            (Authentication::Signature, Some(_)) => Err(NotAProof::NotAskedFor),
            (Authentication::Certificate, Some(subject)) => Ok(Proof::Certificate(subject)),
            (Authentication::Both, Some(subject)) => Ok(Proof::Both(subject)),
            (Authentication::Certificate | Authentication::Both, None) => Err(NotAProof::NoCertificate(authentication)),
        }
    }

    /// This proof with what is given changed. What is not given stays, but for the certificate of an app that is to prove
    /// itself by its signature alone: that binds it no more.
    pub fn changed(
        &self,
        authentication: Option<Authentication>,
        certificate: Option<Subject>,
    ) -> Result<Self, NotAProof> {
        let authentication = authentication.unwrap_or(self.authentication());
        let bound = || self.subject().filter(|_| authentication != Authentication::Signature).cloned();
        Self::new(authentication, certificate.or_else(bound))
    }

    /// Which kind it is.
    pub fn authentication(&self) -> Authentication {
        match self {
            Proof::Signature => Authentication::Signature,
            Proof::Certificate(_) => Authentication::Certificate,
            Proof::Both(_) => Authentication::Both,
        }
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

#[cfg(test)]
mod tests {
    use super::Authentication::{Both, Certificate, Signature};
    use super::*;

    fn subject(name: &str) -> Subject {
        Subject::parse(&format!("CN={name}")).unwrap()
    }

    #[test]
    fn clause_7_2_a_certificate_is_known_exactly_where_one_is_asked_for() {
        assert_eq!(Proof::new(Signature, None), Ok(Proof::Signature));
        assert_eq!(Proof::new(Signature, Some(subject("a"))), Err(NotAProof::NotAskedFor));
        for kind in [Certificate, Both] {
            assert_eq!(Proof::new(kind, None), Err(NotAProof::NoCertificate(kind)));
            let proof = Proof::new(kind, Some(subject("a"))).unwrap();
            assert_eq!((proof.authentication(), proof.subject()), (kind, Some(&subject("a"))));
        }
    }

    #[test]
    fn what_is_not_given_stays() {
        let (signs, both) = (Proof::Signature, Proof::Both(subject("a")));
        assert_eq!(both.changed(None, None), Ok(both.clone()));
        assert_eq!(both.changed(Some(Certificate), None), Ok(Proof::Certificate(subject("a"))));
        assert_eq!(both.changed(None, Some(subject("b"))), Ok(Proof::Both(subject("b"))));
        assert_eq!(both.changed(Some(Signature), None), Ok(Proof::Signature), "what it was bound to binds no more");
        assert_eq!(both.changed(Some(Signature), Some(subject("b"))), Err(NotAProof::NotAskedFor));
        assert_eq!(signs.changed(None, Some(subject("a"))), Err(NotAProof::NotAskedFor));
        assert_eq!(signs.changed(Some(Both), None), Err(NotAProof::NoCertificate(Both)));
    }

    #[test]
    fn clause_7_2_only_who_is_known_by_its_certificate_alone_need_not_sign() {
        assert!(Proof::Signature.needs_signature("") && Proof::Both(subject("a")).needs_signature(""));
        let bare = Proof::Certificate(subject("a"));
        assert!(!bare.needs_signature("") && bare.needs_signature("00"), "a signature that is given must hold");
    }

    #[test]
    fn kinds_have_the_names_of_the_settings() {
        for kind in Authentication::ALL {
            assert_eq!(Authentication::parse(kind.as_str()), Ok(kind));
            assert_eq!(serde_json::from_value::<Authentication>(kind.as_str().into()).unwrap(), kind);
        }
        assert!(Authentication::parse("Both").is_err() && Authentication::parse("").is_err());
    }
}
