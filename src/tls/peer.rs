//! Who a client certificate says is calling.

use super::expiry::now;
use super::server::ServerTls;
use crate::standard::subject::Subject;
use rustls::pki_types::{CertificateDer, UnixTime};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use x509_parser::prelude::{FromDer, X509Certificate};

/// A client certificate that a listener's CAs have signed.
#[derive(Debug)]
pub struct PeerCertificate {
    subject: Subject,
    not_after: i64,
    der: CertificateDer<'static>,
}

/// Why a certificate that passed the handshake cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the client certificate cannot be read: {0}")]
pub struct Unreadable(String);

impl PeerCertificate {
    /// Whom it names.
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The certificate itself.
    pub fn der(&self) -> &[u8] {
        &self.der
    }
}

/// The client at the other end of a connection.
pub struct Peer {
    certificate: Arc<PeerCertificate>,
    intermediates: Vec<CertificateDer<'static>>,
    /// The listener's generation under which the chain was last found good.
    verified: AtomicU64,
}

impl Peer {
    pub(super) fn new(chain: &[CertificateDer<'_>], generation: u64) -> Result<Self, Unreadable> {
        let (leaf, intermediates) = chain.split_first().ok_or_else(|| Unreadable("it is empty".to_owned()))?;
        let der = leaf.clone().into_owned();
        let (_, parsed) = X509Certificate::from_der(&der).map_err(|e| Unreadable(e.to_string()))?;
        let (subject, not_after) = (Subject::of(parsed.subject()), parsed.validity().not_after.timestamp());
        Ok(Self {
            certificate: Arc::new(PeerCertificate { subject, not_after, der }),
            intermediates: intermediates.iter().map(|each| each.clone().into_owned()).collect(),
            verified: AtomicU64::new(generation),
        })
    }

    /// The certificate, as long as it is good: a connection may live on when its certificate has expired, or is found on a new
    /// revocation list.
    pub fn certificate(&self, tls: &ServerTls) -> Option<Arc<PeerCertificate>> {
        if now() > self.certificate.not_after {
            return None;
        }
        let generation = tls.generation();
        if self.verified.load(Ordering::Relaxed) != generation {
            let verifier = tls.verifier()?;
            let leaf = &self.certificate.der;
            verifier.verify_client_cert(leaf, &self.intermediates, UnixTime::now()).ok()?;
            self.verified.store(generation, Ordering::Relaxed);
        }
        Some(self.certificate.clone())
    }
}
