//! TLS to PostgreSQL.

use super::StoreError;
use crate::tls::ClientTls;
use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::str::FromStr;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres_rustls::MakeRustlsConnect;

/// Secures connections by what the certificates' files hold at that moment.
#[derive(Clone)]
pub(super) struct Connector(pub(super) ClientTls);

impl<S> MakeTlsConnect<S> for Connector
where
    S: Send + 'static,
    MakeRustlsConnect: MakeTlsConnect<S, Error = Infallible>,
    <MakeRustlsConnect as MakeTlsConnect<S>>::TlsConnect: TlsConnect<S, Error = io::Error, Stream = <MakeRustlsConnect as MakeTlsConnect<S>>::Stream, Future: Send>
        + Send
        + 'static,
{
    type Stream = <MakeRustlsConnect as MakeTlsConnect<S>>::Stream;
    type TlsConnect = Explained<<MakeRustlsConnect as MakeTlsConnect<S>>::TlsConnect>;
    type Error = Infallible;

    fn make_tls_connect(&mut self, host: &str) -> Result<Self::TlsConnect, Infallible> {
        let connect = MakeRustlsConnect::new(self.0.config().as_ref().clone()).make_tls_connect(host)?;
        Ok(Explained { connect, tls: self.0.clone() })
    }
}

/// A handshake whose failure says which setting to look at.
pub(super) struct Explained<C> {
    connect: C,
    tls: ClientTls,
}

impl<S, C> TlsConnect<S> for Explained<C>
where
    S: Send + 'static,
    C: TlsConnect<S, Error = io::Error, Future: Send> + Send + 'static,
{
    type Stream = C::Stream;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<C::Stream>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        let Self { connect, tls } = self;
        Box::pin(async move {
            let shaken = connect.connect(stream).await;
            shaken.map_err(|error| match tls.explain(&error) {
                Some(reason) => io::Error::new(error.kind(), reason),
                None => error,
            })
        })
    }
}

/// Reads a connection string, and when it asks for TLS.
///
/// `sslmode` is honoured where it is given; `require`, `verify-ca` and `verify-full` are one, since certificate and host name are
/// always verified. Without it TLS is required towards other hosts, and towards this one where the settings name CAs: a
/// PostgreSQL of this machine often has a certificate that nobody has signed.
pub(super) fn parse(uri: &str, has_ca: bool) -> Result<Config, StoreError> {
    let named = uri.contains("sslmode=");
    let known = uri.replace("sslmode=verify-full", "sslmode=require").replace("sslmode=verify-ca", "sslmode=require");
    let mut config = Config::from_str(&known.replace("sslmode=allow", "sslmode=prefer"))?;
    let is_remote = |host: &Host| match host {
        Host::Tcp(name) => name != "localhost" && !name.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback()),
        Host::Unix(_) => false,
    };
    if !named {
        let secured = has_ca || config.get_hosts().iter().any(is_remote);
        config.ssl_mode(if secured { SslMode::Require } else { SslMode::Disable });
    }
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_is_required_towards_other_hosts_and_where_it_is_asked_for() {
        for (uri, has_ca, expected) in [
            ("postgresql://u:p@127.0.0.1/d", false, SslMode::Disable),
            ("postgresql:///d?host=/run/postgresql", false, SslMode::Disable),
            ("postgresql://u:p@127.0.0.1/d", true, SslMode::Require),
            ("postgresql://u:p@db.example/d", false, SslMode::Require),
            ("postgresql://u:p@127.0.0.1,db.example/d", false, SslMode::Require),
            ("postgresql://u:p@localhost/d?sslmode=verify-full", false, SslMode::Require),
            ("postgresql://u:p@db.example/d?sslmode=verify-ca", false, SslMode::Require),
            ("postgresql://u:p@db.example/d?sslmode=disable", true, SslMode::Disable),
            ("host=db.example sslmode=prefer", false, SslMode::Prefer),
        ] {
            assert_eq!(parse(uri, has_ca).unwrap().get_ssl_mode(), expected, "{uri}");
        }
        assert!(parse("postgresql://u:p@h/d?sslmode=perhaps", false).is_err());
    }
}
