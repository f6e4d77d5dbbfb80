//! Reading PEM files, with errors that name the file and the setting.

use super::{Expiry, TlsError};
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use std::path::PathBuf;
use x509_parser::prelude::{CertificateRevocationList, FromDer, X509Certificate};

/// A file and the setting that names it.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// `[interface.tls] certificate`.
    pub(super) setting: String,
    pub(super) path: PathBuf,
}

/// A file's content.
pub(super) struct Content<'a> {
    pub(super) source: &'a Source,
    pub(super) bytes: &'a [u8],
}

impl Source {
    pub(super) fn new(section: &str, key: &str, path: &std::path::Path) -> Self {
        Self { setting: format!("[{section}] {key}"), path: path.to_owned() }
    }

    pub(super) fn read(&self) -> Result<Vec<u8>, TlsError> {
        std::fs::read(&self.path).map_err(|reason| TlsError::Unreadable {
            setting: self.setting.clone(),
            path: self.path.clone(),
            reason,
        })
    }

    fn invalid(&self, reason: impl ToString) -> TlsError {
        TlsError::Invalid { setting: self.setting.clone(), path: self.path.clone(), reason: reason.to_string() }
    }

    fn empty(&self, wanted: &'static str) -> TlsError {
        TlsError::Empty { setting: self.setting.clone(), path: self.path.clone(), wanted }
    }
}

impl Content<'_> {
    fn all<T: PemObject>(&self, wanted: &'static str) -> Result<Vec<T>, TlsError> {
        let found: Vec<T> =
            T::pem_slice_iter(self.bytes).collect::<Result<_, _>>().map_err(|e| self.source.invalid(e))?;
        if found.is_empty() { Err(self.source.empty(wanted)) } else { Ok(found) }
    }

    /// The certificates, of which there is at least one.
    pub(super) fn certificates(&self) -> Result<Vec<CertificateDer<'static>>, TlsError> {
        self.all("certificate")
    }

    /// The private key.
    pub(super) fn key(&self) -> Result<PrivateKeyDer<'static>, TlsError> {
        self.all("private key")?.pop().ok_or_else(|| self.source.empty("private key"))
    }

    /// The revocation lists, of which there is at least one.
    pub(super) fn revocations(&self) -> Result<Vec<CertificateRevocationListDer<'static>>, TlsError> {
        self.all("revocation list (X509 CRL)")
    }

    /// The certificates as what other certificates are verified against.
    pub(super) fn roots(&self) -> Result<RootCertStore, TlsError> {
        let mut roots = RootCertStore::empty();
        for certificate in self.certificates()? {
            roots.add(certificate).map_err(|e| self.source.invalid(e))?;
        }
        Ok(roots)
    }

    /// When the first of the certificates ends.
    pub(super) fn certificates_end(&self, name: &str) -> Result<Expiry, TlsError> {
        let mut ends = Vec::new();
        for certificate in self.certificates()? {
            let (_, parsed) = X509Certificate::from_der(&certificate).map_err(|e| self.source.invalid(e))?;
            ends.push(parsed.validity().not_after.timestamp());
        }
        let at = ends.into_iter().min().ok_or_else(|| self.source.empty("certificate"))?;
        Ok(Expiry { certificate: name.to_owned(), at })
    }

    /// When the next of the revocation lists is due, if they say so.
    pub(super) fn revocations_end(&self, name: &str) -> Result<Option<Expiry>, TlsError> {
        let mut ends = Vec::new();
        for list in self.revocations()? {
            let (_, parsed) = CertificateRevocationList::from_der(&list).map_err(|e| self.source.invalid(e))?;
            ends.extend(parsed.next_update().map(|time| time.timestamp()));
        }
        Ok(ends.into_iter().min().map(|at| Expiry { certificate: name.to_owned(), at }))
    }
}
