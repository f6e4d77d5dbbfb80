//! Whether a password is the one RabbitMQ keeps the hash of.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256, Sha512};
use subtle::ConstantTimeEq;

/// A hash as `GET /api/users` shows it.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct PasswordHash {
    /// Base64 of four bytes of salt and the digest of salt and password. Empty where the user has no password.
    pub(super) hash: String,
    /// `rabbit_password_hashing_sha256`, unless the broker is set otherwise.
    pub(super) algorithm: String,
}

const SALT_BYTES: usize = 4;

impl PasswordHash {
    /// Whether it is the hash of this password; false for an algorithm that is not known.
    pub(super) fn matches(&self, password: &str) -> bool {
        let Some((salt, digest)) = STANDARD.decode(&self.hash).ok().and_then(split) else { return false };
        let wanted = match self.algorithm.as_str() {
            "rabbit_password_hashing_sha256" => {
                Sha256::new().chain_update(salt).chain_update(password).finalize().to_vec()
            }
            "rabbit_password_hashing_sha512" => {
                Sha512::new().chain_update(salt).chain_update(password).finalize().to_vec()
            }
            _ => return false,
        };
        wanted.ct_eq(&digest).into()
    }
}

fn split(bytes: Vec<u8>) -> Option<(Vec<u8>, Vec<u8>)> {
    let (salt, digest) = bytes.split_at_checked(SALT_BYTES)?;
    Some((salt.to_vec(), digest.to_vec()))
}

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From RabbitMQ's documentation on passwords: salt 908D C60A, password `test12`.
    #[test]
    fn the_hash_of_the_documentation_is_recognised() {
        let hash =
            |hash: &str, algorithm: &str| PasswordHash { hash: hash.to_owned(), algorithm: algorithm.to_owned() };
        let (sha256, known) = ("rabbit_password_hashing_sha256", "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR");
        assert!(hash(known, sha256).matches("test12"));
        assert!(!hash(known, sha256).matches("test13"));
        assert!(!hash(known, "rabbit_password_hashing_sha512").matches("test12"));
        assert!(!hash(known, "rabbit_password_hashing_md5").matches("test12"));
        assert!(!hash("", sha256).matches(""));
        assert!(!hash("no base64!", sha256).matches("test12"));
    }
}
