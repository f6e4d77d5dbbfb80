//! The settings file of each demo node: an ordinary one, so that it can be looked at, changed and used by hand.

use super::{DemoNode, Federation};
use crate::config::PeerTls;
use crate::lab::authority::SecuredFiles;
use crate::tls::{ClientTls, TlsError};
use std::fmt::Write;

/// Key of every app of the demo.
pub(super) const APP_KEY: &str = "0123456789abcdeffedcba9876543210";

/// What the settings of all nodes have in common.
pub(super) struct Shared {
    /// `host:port` of the private broker.
    pub(super) broker: String,
    /// URI of the private database for a database's name.
    pub(super) store: Box<dyn Fn(&str) -> String + Send + Sync>,
    /// `http://user:password@host:port` of the broker's management API.
    pub(super) management: String,
    /// Password of all broker users.
    pub(super) broker_password: String,
    /// Password of the consoles.
    pub(super) admin_password: String,
    /// The key that all nodes seal the keys of apps under, so that `sesame app` can be tried.
    pub(super) master_key: String,
    /// A key for each node, in the order of the federation.
    pub(super) keys: Vec<String>,
    /// Certificate, key and CA of everything, where all runs over TLS.
    pub(super) secured: Option<SecuredFiles>,
}

impl Shared {
    fn key(&self, federation: &Federation, node: &DemoNode) -> &str {
        let at = federation.nodes().iter().position(|other| other == node);
        at.and_then(|at| self.keys.get(at)).map_or("", String::as_str)
    }

    fn amqp(&self, user: &DemoNode, at: &DemoNode) -> String {
        let scheme = if self.secured.is_some() { "amqps" } else { "amqp" };
        format!("{scheme}://{}:{}@{}/{}", user.appid(), self.broker_password, self.broker, at.name())
    }

    /// Whom the demo itself trusts.
    pub(super) fn tls(&self) -> Result<ClientTls, TlsError> {
        let ca = self.secured.as_ref().map(|files| files.ca.clone());
        ClientTls::load("demo", &PeerTls { ca, identity: None })
    }

    /// `http` or `https`.
    pub(super) fn scheme(&self) -> &'static str {
        if self.secured.is_some() { "https" } else { "http" }
    }

    /// HTTPS of a listener.
    fn https(&self, listener: &str) -> String {
        self.secured.as_ref().map_or_else(String::new, |files| {
            let SecuredFiles { certificate, key, ca } = files;
            format!("\n[{listener}.tls]\ncertificate = {certificate:?}\nkey = {key:?}\nclient_ca = {ca:?}\n")
        })
    }

    /// The CA of a connection.
    fn trusted(&self) -> String {
        self.secured.as_ref().map_or_else(String::new, |files| format!("ca = {:?}\n", files.ca))
    }

    /// The settings of one node.
    pub(super) fn settings(&self, federation: &Federation, node: &DemoNode) -> String {
        let mut toml = format!(
            "# Settings of a node of `sesame demo`.\n\n\
             [node]\nregion = \"{}\"\nappid = \"{}\"\nkey = \"{}\"\nmaster_key = \"{}\"\n\n\
             [interface]\nlisten = \"127.0.0.1:{}\"\n{}\n\
             [console]\nlisten = \"127.0.0.1:{}\"\nadmin_password = \"{}\"\n{}\n\
             [metrics]\nlisten = \"127.0.0.1:{}\"\n\n\
             [broker]\nuri = \"{}\"\nmanagement = \"{}\"\nchannels = 2\n{}\n\
             [store]\nuri = \"{}\"\nconnections = 3\n{}",
            node.region,
            node.appid(),
            self.key(federation, node),
            self.master_key,
            node.interface_port(),
            self.https("interface"),
            node.console_port(),
            self.admin_password,
            self.https("console"),
            node.metrics_port(),
            self.amqp(node, node),
            self.management,
            self.trusted(),
            (self.store)(&node.name()),
            self.trusted(),
        );
        let parent = federation.nodes().iter().find(|other| Some(other.region) == node.parent);
        // Writing to a String cannot fail.
        if let Some(parent) = parent {
            let uri = self.amqp(node, parent);
            let _ = write!(toml, "\n[parent]\nregion = \"{}\"\nuri = \"{}\"\n{}", parent.region, uri, self.trusted());
        }
        for child in federation.children(node.region) {
            let _ = write!(
                toml,
                "\n[[children]]\nregion = \"{}\"\nappid = \"{}\"\nkey = \"{}\"\nbroker_password = \"{}\"\n",
                child.region,
                child.appid(),
                self.key(federation, child),
                self.broker_password
            );
        }
        let _ = write!(
            toml,
            "\n[[apps]]\nappid = \"{}\"\nkey = \"{APP_KEY}\"\nregion = \"{}\"\noperator = true\n",
            node.app(),
            node.region
        );
        toml
    }
}
