//! Who sends, as the connection tells before anything is read.

use crate::tls::PeerCertificate;
use std::net::IpAddr;
use std::sync::Arc;

/// The other end of the connection.
pub(super) struct Sender {
    /// Its address: a proxy's, where there is one in between. What a request says of itself (`X-Forwarded-For`) is not asked,
    /// since anyone can write it.
    pub(super) address: IpAddr,
    /// The client certificate it has shown.
    pub(super) certificate: Option<Arc<PeerCertificate>>,
}
