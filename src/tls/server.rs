//! TLS of a listener.

use super::material::{Made, Material, Watched};
use super::peer::Peer;
use super::pem::{Content, Source};
use super::provider::provider;
use super::{Expiry, TlsError};
use crate::config::{ClientCertificates, ListenerTls};
use rustls::ServerConfig;
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use std::io;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// How connections to one listener are secured. Clones share it.
#[derive(Clone)]
pub struct ServerTls {
    material: Arc<Material<Serving>>,
}

/// What a listener serves with.
struct Serving {
    config: Arc<ServerConfig>,
    /// By which client certificates are verified, where they are asked for.
    verifier: Option<Arc<dyn ClientCertVerifier>>,
}

impl ServerTls {
    /// As a listener's settings say. `listener` names it in errors and metrics.
    pub fn load(listener: &str, settings: &ListenerTls) -> Result<Self, TlsError> {
        let section = format!("{listener}.tls");
        let source = |key: &str, path| Source::new(&section, key, path);
        let mut sources = vec![source("certificate", &settings.certificate), source("key", &settings.key)];
        sources.extend(settings.client_ca.as_ref().map(|path| source("client_ca", path)));
        sources.extend(settings.client_crl.as_ref().map(|path| source("client_crl", path)));
        let (name, client) = (listener.to_owned(), settings.client);
        let material = Material::new(listener, sources, move |contents| make(&name, client, contents))?;
        Ok(Self { material })
    }

    /// Secures a connection, and tells whose it is where the client showed a certificate.
    ///
    /// # Errors
    /// When the handshake fails, also for a client certificate that is not good.
    pub async fn accept<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
    ) -> io::Result<(TlsStream<S>, Option<Peer>)> {
        let (generation, serving) = (self.generation(), self.material.current());
        let stream = TlsAcceptor::from(serving.config.clone()).accept(stream).await?;
        let shown = stream.get_ref().1.peer_certificates();
        let peer = shown.map(|chain| Peer::new(chain, generation)).transpose().map_err(io::Error::other)?;
        Ok((stream, peer))
    }

    pub(super) fn generation(&self) -> u64 {
        self.material.generation()
    }

    /// By which client certificates are verified now.
    pub(super) fn verifier(&self) -> Option<Arc<dyn ClientCertVerifier>> {
        self.material.current().verifier.clone()
    }

    pub(super) fn watched(&self) -> Arc<dyn Watched> {
        self.material.clone()
    }
}

fn make(listener: &str, client: ClientCertificates, contents: &[Content<'_>]) -> Result<Made<Serving>, TlsError> {
    let unfit = |reason: String| TlsError::Unfit { setting: format!("[{listener}.tls]"), reason };
    let [certificate, key, clients @ ..] = contents else {
        return Err(unfit("certificate and key are needed".to_owned()));
    };
    let mut expiries = vec![certificate.certificates_end(listener)?];
    let verifier = match clients {
        [] => None,
        [ca, lists @ ..] => Some(verifier(listener, client, ca, lists.first(), &mut expiries)?),
    };
    let builder = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
    let builder = builder.map_err(|e| unfit(e.to_string()))?;
    let builder = match &verifier {
        Some(verifier) => builder.with_client_cert_verifier(verifier.clone()),
        None => builder.with_no_client_auth(),
    };
    let config = builder.with_single_cert(certificate.certificates()?, key.key()?);
    let mut config = config.map_err(|e| unfit(format!("certificate and key do not go together: {e}")))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    if verifier.is_some() {
        // A resumed session is not verified again, and would outlive the revocation of its certificate.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
    }
    Ok(Made { value: Serving { config: Arc::new(config), verifier }, expiries })
}

fn verifier(
    listener: &str,
    client: ClientCertificates,
    ca: &Content<'_>,
    revocations: Option<&Content<'_>>,
    expiries: &mut Vec<Expiry>,
) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    expiries.push(ca.certificates_end(&format!("{listener} client_ca"))?);
    let mut builder = WebPkiClientVerifier::builder_with_provider(Arc::new(ca.roots()?), provider());
    if let Some(lists) = revocations {
        expiries.extend(lists.revocations_end(&format!("{listener} client_crl"))?);
        builder = builder.with_crls(lists.revocations()?);
    }
    if client == ClientCertificates::Optional {
        builder = builder.allow_unauthenticated();
    }
    let unfit = |reason: String| TlsError::Unfit { setting: format!("[{listener}.tls] client_ca"), reason };
    builder.build().map_err(|e| unfit(e.to_string()))
}
