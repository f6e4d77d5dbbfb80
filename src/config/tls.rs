//! `[interface.tls]`, `[console.tls]`, `[metrics.tls]`, and what `[broker]`, `[parent]` and `[store]` say of certificates.

use serde::Deserialize;
use std::path::PathBuf;

/// HTTPS on a listener. All files are PEM, and are read again when they change.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListenerTls {
    /// The listener's certificate, followed by those of the CAs between it and the root.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// The CAs whose client certificates are taken (§7.2). Without it no client certificate is asked for.
    pub client_ca: Option<PathBuf>,
    /// Revocation lists of those CAs.
    pub client_crl: Option<PathBuf>,
    /// Whether a client must show a certificate.
    #[serde(default)]
    pub client: ClientCertificates,
}

impl ListenerTls {
    /// Whether it asks for client certificates, so that callers and operators can be known by them.
    pub fn takes_certificates(&self) -> bool {
        self.client_ca.is_some()
    }
}

/// Whether a client must show a certificate to be let in at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientCertificates {
    /// It may; what it may do then depends on who it is.
    #[default]
    Optional,
    /// It must.
    Required,
}

/// What a connection to another server trusts, and what it shows of itself. All files are PEM.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PeerTls {
    /// The CAs the server's certificate may be signed by; the system's by default.
    pub ca: Option<PathBuf>,
    /// A certificate to show, and its private key.
    pub identity: Option<(PathBuf, PathBuf)>,
}

impl PeerTls {
    /// Of the three keys a section has for it.
    pub(super) fn of(ca: &Option<PathBuf>, certificate: &Option<PathBuf>, key: &Option<PathBuf>) -> Self {
        Self { ca: ca.clone(), identity: certificate.clone().zip(key.clone()) }
    }
}
