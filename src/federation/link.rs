//! The secrets that a child and its parent share: each side has a copy, and what exists is never replaced.

use super::FederationError;
use super::address::{BrokerAddress, password_of};
use super::secrets::{create, draw, keep_or_create, read};
use crate::standard::cipher::Key;
use crate::standard::region::Region;
use std::path::{Path, PathBuf};

/// The files of one node's folder.
pub(super) const NODE_KEY: &str = "node.key";
pub(super) const MASTER_KEY: &str = "master.key";
pub(super) const BROKER_URI: &str = "broker.uri";
pub(super) const PARENT_URI: &str = "parent.uri";
pub(super) const CONSOLE_PASSWORD: &str = "console.password";

/// The parent's copy of a child's key.
pub(super) fn child_key(child: Region) -> String {
    format!("child-{child}.key")
}

/// The parent's copy of the password of a child's user at its broker.
pub(super) fn child_password(child: Region) -> String {
    format!("child-{child}.password")
}

/// A child and its parent: the folders of their secrets, and the parent's broker.
pub(super) struct Link<'a> {
    pub(super) child: Region,
    pub(super) appid: &'a str,
    pub(super) childs: &'a Path,
    pub(super) parents: &'a Path,
    pub(super) broker: &'a BrokerAddress,
}

impl Link<'_> {
    /// Makes what is missing on either side, and answers the password of the child's user at the parent's broker.
    pub(super) fn tie(&self, created: &mut Vec<PathBuf>) -> Result<String, FederationError> {
        self.key(created)?;
        self.password(created)
    }

    fn key(&self, created: &mut Vec<PathBuf>) -> Result<(), FederationError> {
        let (childs, parents) = (self.childs.join(NODE_KEY), self.parents.join(child_key(self.child)));
        let key = match (read(&childs)?, read(&parents)?) {
            (Some(one), Some(other)) if one != other => {
                return Err(FederationError::Unlike { one: childs, other: parents });
            }
            (Some(key), _) | (None, Some(key)) => key,
            (None, None) => draw(),
        };
        Key::parse(&key).map_err(|e| FederationError::Unusable { path: childs.clone(), reason: e.to_string() })?;
        keep_or_create(&childs, || key.clone(), created)?;
        keep_or_create(&parents, || key, created)?;
        Ok(())
    }

    /// The child keeps its password within the URI of the parent's broker, the parent in a file of its own.
    fn password(&self, created: &mut Vec<PathBuf>) -> Result<String, FederationError> {
        let (childs, parents) = (self.childs.join(PARENT_URI), self.parents.join(child_password(self.child)));
        let in_uri = match read(&childs)? {
            Some(uri) => Some(password_of(&uri).ok_or_else(|| FederationError::Unusable {
                path: childs.clone(),
                reason: "it is no URI with a password".to_owned(),
            })?),
            None => None,
        };
        let password = match (in_uri.clone(), read(&parents)?) {
            (Some(one), Some(other)) if one != other => {
                return Err(FederationError::Unlike { one: childs, other: parents });
            }
            (Some(password), _) | (None, Some(password)) => password,
            (None, None) => draw(),
        };
        if in_uri.is_none() {
            create(&childs, &self.broker.for_user(self.appid, &password))?;
            created.push(childs);
        }
        keep_or_create(&parents, || password.clone(), created)?;
        Ok(password)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_lost_on_one_side_comes_from_the_other() {
        let (childs, parents) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (child, broker) = (Region::parse("370203").unwrap(), BrokerAddress::parse("amqp://mq/sesame").unwrap());
        let tie = || {
            let mut created = Vec::new();
            let link =
                Link { child, appid: "node-370203", childs: childs.path(), parents: parents.path(), broker: &broker };
            link.tie(&mut created).map(|password| (password, created.len()))
        };
        let (password, created) = tie().unwrap();
        assert_eq!(created, 4);
        assert_eq!(tie().unwrap(), (password.clone(), 0));
        let at = |folder: &tempfile::TempDir, name: &str| folder.path().join(name);
        let files = [
            at(&childs, NODE_KEY),
            at(&childs, PARENT_URI),
            at(&parents, &child_key(child)),
            at(&parents, &child_password(child)),
        ];
        for file in &files {
            let before = std::fs::read_to_string(file).unwrap();
            std::fs::remove_file(file).unwrap();
            assert_eq!(tie().unwrap(), (password.clone(), 1));
            assert_eq!(std::fs::read_to_string(file).unwrap(), before);
        }
        for file in &files {
            let before = std::fs::read_to_string(file).unwrap();
            let other = before.replace(['1', '2', '3', '4', '5', '6', '7', '8', '9'], "0");
            std::fs::write(file, other).unwrap();
            assert!(matches!(tie(), Err(FederationError::Unlike { .. })), "{}", file.display());
            std::fs::write(file, before).unwrap();
        }
        std::fs::write(&files[1], "no uri").unwrap();
        assert!(matches!(tie(), Err(FederationError::Unusable { .. })));
    }
}
