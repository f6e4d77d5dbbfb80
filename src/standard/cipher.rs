//! The national ciphers the standard rests on (§6.2.2 签名, §7.1), behind a trait small enough for certified hardware.

use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyInit, KeyIvInit};
use cmac::Mac;
use sm3::Digest;
use std::fmt;

/// Bytes in a block of SM4, and in its key and initialisation vector.
pub const BLOCK: usize = 16;

/// A key of SM4 or HMAC-SM3: 16 bytes, written as 32 hexadecimal digits in files and commands.
///
/// It has no `Display`, and its `Debug` shows nothing, so that it cannot slip into a log.
#[derive(Clone, PartialEq, Eq)]
pub struct Key([u8; BLOCK]);

/// What was given is not a key. The message never repeats it: it may be one with a slip of the pen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAKey {
    /// Vendors often hold a key as the 16 characters whose bytes it is.
    #[error(
        "a key is 32 hexadecimal digits; this has 16 characters: if they are the key's bytes, write each as two digits"
    )]
    SixteenCharacters,
    /// Any other length.
    #[error("a key is 32 hexadecimal digits; this has {0} characters")]
    Length(usize),
    /// A character, counted from 1, that is no hexadecimal digit.
    #[error("a key is 32 hexadecimal digits; character {0} of this is none")]
    NotHex(usize),
}

impl Key {
    /// Reads exactly 32 hexadecimal digits, of either case.
    pub fn parse(text: &str) -> Result<Self, NotAKey> {
        match text.chars().count() {
            32 => {}
            16 => return Err(NotAKey::SixteenCharacters),
            other => return Err(NotAKey::Length(other)),
        }
        if let Some(index) = text.chars().position(|c| !c.is_ascii_hexdigit()) {
            return Err(NotAKey::NotHex(index + 1));
        }
        let mut bytes = [0; BLOCK];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| NotAKey::Length(text.len()))?;
        Ok(Self(bytes))
    }

    /// The key of bytes drawn at random.
    pub fn from_bytes(bytes: [u8; BLOCK]) -> Self {
        Self(bytes)
    }

    /// The bytes, for a cipher.
    pub fn bytes(&self) -> &[u8; BLOCK] {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(redacted)")
    }
}

/// The six operations sesame asks of SM3 and SM4.
///
/// Certified hardware (商用密码) stands in for [`Software`] by implementing them. What is hashed or signed comes in parts that
/// follow each other, so that a canonical string of a megabyte is never put together only to be read once.
pub trait Cipher: Send + Sync {
    /// SM3 (GB/T 32905) of the parts.
    fn sm3(&self, parts: &[&[u8]]) -> [u8; 32];

    /// SM4 (GB/T 32907) in ECB mode with PKCS#7 padding.
    fn sm4_ecb(&self, key: &Key, parts: &[&[u8]]) -> Vec<u8>;

    /// SM4 in CBC mode with PKCS#7 padding.
    fn sm4_cbc_encrypt(&self, key: &Key, iv: &[u8; BLOCK], plaintext: &[u8]) -> Vec<u8>;

    /// Undoes [`Cipher::sm4_cbc_encrypt`]; `None` if the length or the padding shows that key or text is another.
    fn sm4_cbc_decrypt(&self, key: &Key, iv: &[u8; BLOCK], ciphertext: Vec<u8>) -> Option<Vec<u8>>;

    /// CMAC with SM4 over the parts.
    fn sm4_cmac(&self, key: &Key, parts: &[&[u8]]) -> [u8; BLOCK];

    /// HMAC with SM3 over the parts.
    fn hmac_sm3(&self, key: &Key, parts: &[&[u8]]) -> [u8; 32];
}

/// The ciphers in software. They carry no certificate.
#[derive(Debug, Clone, Copy, Default)]
pub struct Software;

impl Cipher for Software {
    fn sm3(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut hash = sm3::Sm3::new();
        parts.iter().for_each(|part| hash.update(part));
        hash.finalize().into()
    }

    fn sm4_ecb(&self, key: &Key, parts: &[&[u8]]) -> Vec<u8> {
        encrypt_in_place(ecb::Encryptor::<sm4::Sm4>::new(key.bytes().into()), parts)
    }

    fn sm4_cbc_encrypt(&self, key: &Key, iv: &[u8; BLOCK], plaintext: &[u8]) -> Vec<u8> {
        encrypt_in_place(cbc::Encryptor::<sm4::Sm4>::new(key.bytes().into(), iv.into()), &[plaintext])
    }

    fn sm4_cbc_decrypt(&self, key: &Key, iv: &[u8; BLOCK], mut ciphertext: Vec<u8>) -> Option<Vec<u8>> {
        let decryptor = cbc::Decryptor::<sm4::Sm4>::new(key.bytes().into(), iv.into());
        let length = decryptor.decrypt_padded::<Pkcs7>(&mut ciphertext).ok()?.len();
        ciphertext.truncate(length);
        Some(ciphertext)
    }

    fn sm4_cmac(&self, key: &Key, parts: &[&[u8]]) -> [u8; BLOCK] {
        let mut mac = cmac::Cmac::<sm4::Sm4>::new(key.bytes().into());
        parts.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes().into()
    }

    fn hmac_sm3(&self, key: &Key, parts: &[&[u8]]) -> [u8; 32] {
        // HMAC takes keys of any length; only a type that wants one exact length could refuse this one.
        let mut mac = hmac::Hmac::<sm3::Sm3>::new_from_slice(key.bytes()).expect("HMAC takes keys of any length");
        parts.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes().into()
    }
}

/// Encrypts the parts where they are gathered: plaintext and ciphertext never exist beside each other.
fn encrypt_in_place(encryptor: impl BlockModeEncrypt, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut buffer = Vec::with_capacity(length + BLOCK);
    parts.iter().for_each(|part| buffer.extend_from_slice(part));
    buffer.resize((length / BLOCK + 1) * BLOCK, 0);
    // PKCS#7 always adds at least one byte, and the line above made room up to the next whole block.
    encryptor.encrypt_padded::<Pkcs7>(&mut buffer, length).expect("the buffer has room for the padding");
    buffer
}

#[cfg(test)]
mod tests {
    use super::*;

    const K1: &str = "0123456789ABCDEFFEDCBA9876543210";

    #[test]
    fn keys_are_32_hex_digits_of_either_case() {
        let key = Key::parse(K1).unwrap();
        assert_eq!(Key::parse(&K1.to_lowercase()), Ok(key.clone()));
        assert_eq!(key.bytes()[..4], [0x01, 0x23, 0x45, 0x67]);
        assert_eq!(Key::parse("1234567890abcdef"), Err(NotAKey::SixteenCharacters));
        assert_eq!(Key::parse(""), Err(NotAKey::Length(0)));
        assert_eq!(Key::parse(&format!("{K1}\n")), Err(NotAKey::Length(33)));
        assert_eq!(Key::parse("0123456789ABCDEFFEDCBA987654321O"), Err(NotAKey::NotHex(32)));
        assert_eq!(Key::parse(&"密".repeat(32)), Err(NotAKey::NotHex(1)));
    }

    #[test]
    fn a_key_shows_itself_nowhere() {
        let shown = format!("{:?}", Key::parse(K1).unwrap());
        assert_eq!(shown, "Key(redacted)");
        let nearly = "0123456789ABCDEFFEDCBA987654321x";
        let error = Key::parse(nearly).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("0123"));
    }

    #[test]
    fn parts_are_the_same_as_their_whole() {
        let key = Key::parse(K1).unwrap();
        let whole: Vec<u8> = (0..=255).collect();
        for cut in [0, 1, 15, 16, 17, 64, 255, 256] {
            let (head, tail) = whole.split_at(cut);
            let parts: [&[u8]; 3] = [head, &[], tail];
            assert_eq!(Software.sm3(&parts), Software.sm3(&[&whole]));
            assert_eq!(Software.sm4_ecb(&key, &parts), Software.sm4_ecb(&key, &[&whole]));
            assert_eq!(Software.sm4_cmac(&key, &parts), Software.sm4_cmac(&key, &[&whole]));
            assert_eq!(Software.hmac_sm3(&key, &parts), Software.hmac_sm3(&key, &[&whole]));
        }
    }

    #[test]
    fn cbc_is_undone_and_refuses_other_lengths_and_keys() {
        let (key, iv) = (Key::parse(K1).unwrap(), [7; BLOCK]);
        for length in 0..50 {
            let plaintext = vec![b'x'; length];
            let ciphertext = Software.sm4_cbc_encrypt(&key, &iv, &plaintext);
            assert_eq!(ciphertext.len(), (length / BLOCK + 1) * BLOCK);
            assert_eq!(Software.sm4_cbc_decrypt(&key, &iv, ciphertext.clone()), Some(plaintext));
            assert_eq!(Software.sm4_cbc_decrypt(&key, &iv, ciphertext[1..].to_vec()), None);
        }
        assert_eq!(Software.sm4_cbc_decrypt(&key, &iv, Vec::new()), None);
        let other = Key::from_bytes([1; BLOCK]);
        assert_eq!(Software.sm4_cbc_decrypt(&other, &iv, Software.sm4_cbc_encrypt(&key, &iv, b"text")), None);
    }
}
