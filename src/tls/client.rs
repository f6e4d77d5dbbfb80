//! Connections to other servers: whom they trust, and what they show of themselves.

use super::material::{Made, Material, Watched};
use super::pem::{Content, Source};
use super::provider::provider;
use super::{Expiry, TlsError};
use crate::config::PeerTls;
use rustls::pki_types::ServerName;
use rustls::{CertificateError, ClientConfig, RootCertStore};
use std::error::Error;
use std::io;
use std::sync::{Arc, OnceLock};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// How connections to one server are secured. Host names and chains are always verified. Clones share it.
#[derive(Clone)]
pub struct ClientTls {
    made: Origin,
    /// What the settings call its CAs, for errors.
    ca: String,
}

#[derive(Clone)]
enum Origin {
    /// The system's CAs, no certificate of our own.
    System(Arc<ClientConfig>),
    Files(Arc<Material<Arc<ClientConfig>>>),
}

impl ClientTls {
    /// Trusts the CAs that the system trusts.
    pub fn system() -> Self {
        static SYSTEM: OnceLock<Arc<ClientConfig>> = OnceLock::new();
        // Without identity there is nothing in the settings that could be unfit.
        let config = SYSTEM.get_or_init(|| {
            let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
            // The provider ring has cipher suites of both versions.
            let builder = builder.expect("ring supports TLS 1.2 and 1.3");
            Arc::new(builder.with_root_certificates(system_roots()).with_no_client_auth())
        });
        Self { made: Origin::System(config.clone()), ca: "the system".to_owned() }
    }

    /// As a section of the settings says. `section` names it in errors and metrics.
    pub fn load(section: &str, settings: &PeerTls) -> Result<Self, TlsError> {
        if *settings == PeerTls::default() {
            return Ok(Self { ca: format!("the system ([{section}] ca is not set)"), ..Self::system() });
        }
        let ca = settings.ca.as_ref().map(|path| Source::new(section, "ca", path));
        let identity = settings.identity.as_ref().map(|(certificate, key)| {
            [Source::new(section, "client_certificate", certificate), Source::new(section, "client_key", key)]
        });
        let (has_ca, name) = (ca.is_some(), section.to_owned());
        let sources = ca.into_iter().chain(identity.into_iter().flatten()).collect();
        let material = Material::new(section, sources, move |contents| make(&name, has_ca, contents))?;
        let ca = if has_ca { format!("[{section}] ca") } else { format!("the system ([{section}] ca is not set)") };
        Ok(Self { made: Origin::Files(material), ca })
    }

    /// What connections begun from now on use.
    pub fn config(&self) -> Arc<ClientConfig> {
        match &self.made {
            Origin::System(config) => config.clone(),
            Origin::Files(material) => material.current().as_ref().clone(),
        }
    }

    /// Whether the settings name CAs or a certificate for it.
    pub fn is_configured(&self) -> bool {
        matches!(self.made, Origin::Files(_))
    }

    /// Secures a connection to `host`.
    ///
    /// # Errors
    /// With words that say whether the server's certificate was refused, or ours.
    pub async fn connect<S: AsyncRead + AsyncWrite + Unpin>(&self, host: &str, stream: S) -> io::Result<TlsStream<S>> {
        let name = ServerName::try_from(host.to_owned()).map_err(|e| io::Error::new(io::ErrorKind::InvalidInput, e))?;
        let connected = TlsConnector::from(self.config()).connect(name, stream).await;
        connected.map_err(|error| match self.explain(&error) {
            Some(reason) => io::Error::new(error.kind(), reason),
            None => error,
        })
    }

    /// What to do about an error of TLS; `None` if it is none.
    pub fn explain(&self, error: &(dyn Error + 'static)) -> Option<String> {
        let ca = &self.ca;
        match find(error)? {
            // Another CA of the same name looks like a bad signature.
            rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => {
                Some(format!("the server's certificate is signed by none of the CAs of {ca}"))
            }
            rustls::Error::InvalidCertificate(reason) => {
                Some(format!("the server's certificate is not good: {reason} (trusted are the CAs of {ca})"))
            }
            rustls::Error::AlertReceived(alert) => {
                Some(format!("the server refused the TLS handshake ({alert:?}): does it ask for a client certificate?"))
            }
            rustls::Error::InvalidMessage(_) => Some("the server does not speak TLS on this port".to_owned()),
            other => Some(format!("TLS: {other}")),
        }
    }

    pub(super) fn watched(&self) -> Option<Arc<dyn Watched>> {
        match &self.made {
            Origin::System(_) => None,
            Origin::Files(material) => Some(material.clone()),
        }
    }
}

/// The error of TLS among an error's causes.
fn find<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<rustls::Error>() {
            return Some(found);
        }
        // An io::Error keeps what it wraps apart from its source.
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = wrapped.map(|inner| inner as &(dyn Error + 'static)).or_else(|| error.source());
    }
    None
}

fn make(section: &str, has_ca: bool, contents: &[Content<'_>]) -> Result<Made<Arc<ClientConfig>>, TlsError> {
    let unfit = |e: rustls::Error| TlsError::Unfit { setting: format!("[{section}]"), reason: e.to_string() };
    let mut expiries: Vec<Expiry> = Vec::new();
    let mut rest = contents.iter();
    let roots = match rest.next().filter(|_| has_ca) {
        Some(ca) => {
            expiries.push(ca.certificates_end(&format!("{section} ca"))?);
            ca.roots()?
        }
        None => {
            rest = contents.iter();
            system_roots()
        }
    };
    let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
    let builder = builder.map_err(unfit)?.with_root_certificates(roots);
    let config = match (rest.next(), rest.next()) {
        (Some(certificate), Some(key)) => {
            expiries.push(certificate.certificates_end(section)?);
            builder.with_client_auth_cert(certificate.certificates()?, key.key()?).map_err(unfit)?
        }
        _ => builder.with_no_client_auth(),
    };
    Ok(Made { value: Arc::new(config), expiries })
}

/// The CAs that the operating system trusts. None at all is an error at the first handshake only.
fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    roots
}
