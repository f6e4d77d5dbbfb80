//! Certificates (§7.2): TLS for the listeners and for connections to other servers, who a client certificate names, and how
//! long each certificate is good.
//!
//! Whatever is made of files, a listener's or a connection's settings, is a [`Material`]: it is made anew when one of its files
//! changes, for the handshakes after that, and a file that cannot be used leaves the old in place. [`Watch`] looks at all of
//! them. rustls with the provider ring: no C library, TLS 1.2 and 1.3.

mod client;
mod error;
mod expiry;
mod material;
mod peer;
mod pem;
mod provider;
mod server;
mod watch;

pub use client::ClientTls;
pub use error::TlsError;
pub use expiry::Expiry;
pub use peer::{Peer, PeerCertificate};
pub use provider::install;
pub use rustls::ClientConfig;
pub use server::ServerTls;
pub use watch::{Standing, Watch};
