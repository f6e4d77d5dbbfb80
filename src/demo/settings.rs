//! The settings file of each demo node: an ordinary one, so that it can be looked at, changed and used by hand.

use super::{DemoError, DemoNode, Federation, trouble};
use crate::config::PeerTls;
use crate::dataset::Dictionary;
use crate::lab::authority::SecuredFiles;
use crate::tls::{ClientTls, TlsError};
use std::fmt::Write;
use std::path::Path;

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

    /// Writes what the nodes run with: settings, keys, and the dictionary of the tier that has one of its own.
    pub(super) fn write(&self, federation: &Federation, folder: &Path) -> Result<(), DemoError> {
        for node in federation.nodes() {
            write(&folder.join(node.key_file()), self.key(federation, node))?;
            write(&folder.join(node.settings_file()), &self.settings(federation, node, folder))?;
        }
        let datasets = folder.join(federation.cast().strict.datasets_folder());
        std::fs::create_dir_all(&datasets).map_err(|reason| DemoError::Folder { path: datasets.clone(), reason })?;
        Dictionary::builtin_files()
            .try_for_each(|(name, text)| write(&datasets.join(name), &trouble::stricter(name, text)))
    }

    /// Gives a node a new key, which nobody is told of. It takes it at its next start.
    ///
    /// Its old one does not stay among the former keys, as it should: with it the node would believe the receipts of its parent, and
    /// send what they complain of once more, sealed with the same unknown key.
    pub(super) fn renew_key(&self, node: &DemoNode, key: &str, folder: &Path) -> Result<(), DemoError> {
        let (settings, former) = (folder.join(node.settings_file()), node.key_file());
        let new = format!("{}.new.key", node.region);
        write(&folder.join(&new), key)?;
        let text = std::fs::read_to_string(&settings);
        let text = text.map_err(|reason| DemoError::Folder { path: settings.clone(), reason })?;
        write(&settings, &text.replacen(&format!("\"file:{former}\""), &format!("\"file:{new}\""), 1))
    }

    /// The settings of one node.
    fn settings(&self, federation: &Federation, node: &DemoNode, folder: &Path) -> String {
        let mut toml = format!(
            "# Settings of a node of `sesame demo`.\n\n\
             [node]\nregion = \"{}\"\nappid = \"{}\"\nkey = \"file:{}\"\nmaster_key = \"{}\"\n\n\
             [interface]\nlisten = \"127.0.0.1:{}\"\n{}\n\
             [console]\nlisten = \"127.0.0.1:{}\"\nadmin_password = \"{}\"\n{}\n\
             [metrics]\nlisten = \"127.0.0.1:{}\"\n\n\
             [broker]\nuri = \"{}\"\nmanagement = \"{}\"\nchannels = 2\n{}\n\
             [store]\nuri = \"{}\"\nconnections = 3\n{}\n\
             # Short pauses: nobody who tries it wants to wait.\n[failures]\nretry_secs = [1, 2]\n",
            node.region,
            node.appid(),
            node.key_file(),
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
        // Writing to a String cannot fail.
        if federation.cast().strict == *node {
            let datasets = folder.join(node.datasets_folder());
            let _ = write!(toml, "\n[dictionary]\ndatasets = {datasets:?}\n");
        }
        let parent = federation.nodes().iter().find(|other| Some(other.region) == node.parent);
        if let Some(parent) = parent {
            let uri = self.amqp(node, parent);
            let _ = write!(toml, "\n[parent]\nregion = \"{}\"\nuri = \"{}\"\n{}", parent.region, uri, self.trusted());
        }
        for child in federation.children(node.region) {
            let _ = write!(
                toml,
                "\n[[children]]\nregion = \"{}\"\nappid = \"{}\"\nkey = \"file:{}\"\nbroker_password = \"{}\"\n",
                child.region,
                child.appid(),
                child.key_file(),
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

fn write(path: &Path, text: &str) -> Result<(), DemoError> {
    std::fs::write(path, text).map_err(|reason| DemoError::Folder { path: path.to_owned(), reason })
}
