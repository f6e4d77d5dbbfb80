//! Keys at rest: sealed by SM4-CCM under the node's master key, bound to the app and the column they belong to.
//!
//! A sealed key is a version, the id of the master key, a nonce, and the ciphertext with its tag. Who can write to the
//! database can neither read a key nor put one where another was.

use crate::standard::cipher::{BLOCK, Cipher, Key, Software};
use ccm::aead::{Aead, KeyInit, Payload};
use ccm::consts::{U12, U16};
use std::fmt;

type Sm4Ccm = ccm::Ccm<sm4::Sm4, U16, U12>;

/// Seals and opens keys.
pub struct Vault {
    ccm: Sm4Ccm,
    id: [u8; ID],
}

/// What a sealed key is to its app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// What it signs with.
    Key,
    /// What it signed with before.
    PreviousKey,
    /// What it encrypts with.
    DataKey,
}

impl Column {
    fn as_str(self) -> &'static str {
        match self {
            Column::Key => "key",
            Column::PreviousKey => "previous_key",
            Column::DataKey => "data_key",
        }
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a sealed key does not open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CannotOpen {
    /// The settings have no master key.
    #[error(
        "[node] master_key is not set, and keys in the store are sealed under it: set it to the key they were added with"
    )]
    NoMasterKey,
    /// Sealed under another master key.
    #[error(
        "sealed under the master key with the id {found}, but that of [node] master_key is {own}: \
         set [node] master_key to the one it was added with, or, where that is lost, give the app new keys by \
         `sesame app rotate --overlap 0`"
    )]
    OtherMasterKey {
        /// Id of the key it was sealed under.
        found: String,
        /// Id of the key of the settings.
        own: String,
    },
    /// The master key is right and the seal is not: it was changed, or moved from another row or column.
    #[error(
        "column {column} was changed in the database, or moved there from another app: give it new keys by `sesame app rotate --overlap 0`"
    )]
    Tampered {
        /// Which.
        column: Column,
    },
}

const VERSION: u8 = 1;
const ID: usize = 4;
const NONCE: usize = 12;
const HEAD: usize = 1 + ID + NONCE;

impl Vault {
    /// The vault of a master key. That key itself encrypts nothing: what does, and the id, are derived from it.
    pub fn new(master: &Key) -> Self {
        let derived = |purpose: &str| Software.hmac_sm3(master, &[b"sesame apps ", purpose.as_bytes()]);
        let (mut key, mut id) = ([0; BLOCK], [0; ID]);
        key.copy_from_slice(&derived("seal")[..BLOCK]);
        id.copy_from_slice(&derived("id")[..ID]);
        Self { ccm: Sm4Ccm::new(&key.into()), id }
    }

    /// Tells this master key from others, and nothing about it.
    pub fn id(&self) -> String {
        hex::encode(self.id)
    }

    /// Seals a key. `nonce` must be drawn at random for every seal.
    pub fn seal(&self, appid: &str, column: Column, key: &Key, nonce: [u8; NONCE]) -> Vec<u8> {
        let aad = bound_to(appid, column);
        let payload = Payload { msg: key.bytes(), aad: &aad };
        // CCM refuses only messages longer than its counter can number: this one has 16 bytes.
        let sealed = self.ccm.encrypt(&nonce.into(), payload).expect("16 bytes are within CCM's limits");
        [&[VERSION][..], &self.id, &nonce, &sealed].concat()
    }

    /// Opens a sealed key of this app and column.
    pub fn open(&self, appid: &str, column: Column, sealed: &[u8]) -> Result<Key, CannotOpen> {
        let tampered = CannotOpen::Tampered { column };
        if sealed.len() <= HEAD || sealed[0] != VERSION {
            return Err(tampered);
        }
        let (head, ciphertext) = sealed.split_at(HEAD);
        if head[1..=ID] != self.id {
            return Err(CannotOpen::OtherMasterKey { found: hex::encode(&head[1..=ID]), own: self.id() });
        }
        let mut nonce = [0; NONCE];
        nonce.copy_from_slice(&head[1 + ID..]);
        let payload = Payload { msg: ciphertext, aad: &bound_to(appid, column) };
        let opened = self.ccm.decrypt(&nonce.into(), payload).map_err(|_| tampered.clone())?;
        Ok(Key::from_bytes(opened.try_into().map_err(|_| tampered)?))
    }
}

/// What a seal is bound to. No column's name holds a NUL, so the two parts cannot be read otherwise.
fn bound_to(appid: &str, column: Column) -> Vec<u8> {
    [column.as_str().as_bytes(), &[0], appid.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault(byte: u8) -> Vault {
        Vault::new(&Key::from_bytes([byte; BLOCK]))
    }

    #[test]
    fn a_key_opens_where_it_was_sealed_and_nowhere_else() {
        let (vault, key) = (vault(1), Key::from_bytes([9; BLOCK]));
        let sealed = vault.seal("A", Column::Key, &key, [7; NONCE]);
        assert_eq!(vault.open("A", Column::Key, &sealed), Ok(key.clone()));
        assert!(!sealed.windows(4).any(|four| four == &key.bytes()[..4]), "not in the clear");
        let tampered = |column| Err(CannotOpen::Tampered { column });
        assert_eq!(vault.open("B", Column::Key, &sealed), tampered(Column::Key));
        assert_eq!(vault.open("A", Column::DataKey, &sealed), tampered(Column::DataKey));
        assert_ne!(sealed, vault.seal("A", Column::Key, &key, [8; NONCE]));
    }

    #[test]
    fn every_byte_of_a_seal_counts() {
        let vault = vault(1);
        let sealed = vault.seal("A", Column::Key, &Key::from_bytes([9; BLOCK]), [7; NONCE]);
        for at in 0..sealed.len() {
            let mut flipped = sealed.clone();
            flipped[at] ^= 1;
            assert!(vault.open("A", Column::Key, &flipped).is_err(), "byte {at}");
            assert!(vault.open("A", Column::Key, &sealed[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn another_master_key_is_told_by_its_id() {
        let sealed = vault(1).seal("A", Column::Key, &Key::from_bytes([9; BLOCK]), [7; NONCE]);
        let error = vault(2).open("A", Column::Key, &sealed).unwrap_err();
        assert_eq!(error, CannotOpen::OtherMasterKey { found: vault(1).id(), own: vault(2).id() });
        assert!(error.to_string().contains("[node] master_key"), "{error}");
    }
}
