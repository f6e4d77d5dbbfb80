//! The ways to make a signature of a text, right and wrong.

use super::{Known, Mistake};
use crate::standard::cipher::{BLOCK, Cipher, Key};
use crate::standard::sign::Profile;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The signature that was sent.
pub(super) struct Given {
    pub(super) bytes: Vec<u8>,
    /// What is wrong with how it is written.
    written: Vec<Mistake>,
}

impl Given {
    /// Reads hexadecimal of either case, or Base64; `None` for anything else.
    pub(super) fn read(sign: &str) -> Option<Self> {
        let trimmed = sign.trim();
        let mut written = if trimmed.len() == sign.len() { Vec::new() } else { vec![Mistake::SpacedSign] };
        if let Ok(bytes) = hex::decode(trimmed) {
            return Some(Self { bytes, written });
        }
        written.push(Mistake::Base64);
        STANDARD.decode(trimmed).ok().map(|bytes| Self { bytes, written })
    }
}

/// Signatures of one text, each with the mistakes that make it.
pub(super) struct Ways(Vec<(Vec<Mistake>, Vec<u8>)>);

impl Ways {
    /// The ways to sign `text`; with a right text all of them, else the likelier ones.
    pub(super) fn of(known: &Known<'_>, text: &[u8], is_right: bool) -> Self {
        let mut ways = Self(Vec::new());
        for (mistake, key) in keys(known) {
            ways.digests(known, mistake.as_ref(), &key, text, is_right);
            for profile in [Profile::Full, Profile::Cmac, Profile::Hmac] {
                if is_right || profile == known.profile {
                    ways.profile(known, profile, mistake.as_ref(), &key, text);
                }
            }
        }
        if known.profile == Profile::Hmac {
            // HMAC takes keys of any length, so here the text goes in whole.
            for text_of_key in texts_of(known.key) {
                ways.0.push((vec![Mistake::KeyAsText], hmac_sm3(known.cipher, text_of_key.as_bytes(), text)));
            }
        }
        ways
    }

    /// The fewest mistakes that make the signature given.
    pub(super) fn that_makes(self, given: &Given) -> Option<Vec<Mistake>> {
        let fitting = self.0.into_iter().filter(|(_, signature)| *signature == given.bytes);
        let mistakes = fitting.map(|(mistakes, _)| mistakes).min_by_key(Vec::len)?;
        Some([mistakes, given.written.clone()].concat())
    }

    fn profile(&mut self, known: &Known<'_>, profile: Profile, key_mistake: Option<&Mistake>, key: &Key, text: &[u8]) {
        let parts = [text];
        let signature = match profile {
            Profile::Digest => return,
            Profile::Full => known.cipher.sm4_ecb(key, &parts),
            Profile::Cmac => known.cipher.sm4_cmac(key, &parts).to_vec(),
            Profile::Hmac => known.cipher.hmac_sm3(key, &parts).to_vec(),
        };
        self.push([key_mistake.cloned(), other(known, profile)], signature);
    }

    /// What is made of the SM3 of the text.
    fn digests(&mut self, known: &Known<'_>, key_mistake: Option<&Mistake>, key: &Key, text: &[u8], is_right: bool) {
        if known.profile != Profile::Digest && !is_right {
            return;
        }
        let digest = known.cipher.sm3(&[text]);
        let lower = hex::encode(digest);
        let upper = lower.to_uppercase();
        let other = other(known, Profile::Digest);
        if key_mistake.is_none() {
            self.push([Some(Mistake::NotEncrypted), other.clone()], digest.to_vec());
        }
        let plain: [(Option<Mistake>, &[u8]); 3] = [
            (None, lower.as_bytes()),
            (Some(Mistake::UpperCaseDigest), upper.as_bytes()),
            (Some(Mistake::DigestAsBytes), &digest),
        ];
        for (mistake, plain) in plain {
            let ecb = known.cipher.sm4_ecb(key, &[plain]);
            let unpadded = ecb[..ecb.len() - BLOCK].to_vec();
            let mistakes = |last| [key_mistake.cloned(), mistake.clone(), other.clone(), last];
            for iv in [[0; BLOCK], *key.bytes()] {
                self.push(mistakes(Some(Mistake::Cbc)), known.cipher.sm4_cbc_encrypt(key, &iv, plain));
            }
            self.push(mistakes(Some(Mistake::NoPadding)), unpadded);
            self.push(mistakes(None), ecb);
        }
    }

    fn push(&mut self, mistakes: impl IntoIterator<Item = Option<Mistake>>, signature: Vec<u8>) {
        self.0.push((mistakes.into_iter().flatten().collect(), signature));
    }
}

fn other(known: &Known<'_>, used: Profile) -> Option<Mistake> {
    (used != known.profile).then_some(Mistake::OtherProfile { used, agreed: known.profile })
}

/// The keys that may have been used.
fn keys(known: &Known<'_>) -> Vec<(Option<Mistake>, Key)> {
    let mut keys = vec![(None, known.key.clone())];
    for (mistake, other) in [(Mistake::RetiredKey, known.retired), (Mistake::DataKey, known.data_key)] {
        keys.extend(other.filter(|other| *other != known.key).map(|other| (Some(mistake), other.clone())));
    }
    for text in texts_of(known.key) {
        // Libraries that take any length use the first 16 bytes.
        let mut bytes = [0; BLOCK];
        bytes.copy_from_slice(&text.as_bytes()[..BLOCK]);
        keys.push((Some(Mistake::KeyAsText), Key::from_bytes(bytes)));
    }
    keys
}

fn texts_of(key: &Key) -> [String; 2] {
    [hex::encode(key.bytes()), hex::encode_upper(key.bytes())]
}

/// HMAC-SM3 with a key of up to 64 bytes, which [`Key`] does not hold.
fn hmac_sm3(cipher: &dyn Cipher, key: &[u8], text: &[u8]) -> Vec<u8> {
    let pad = |with: u8| {
        let mut block = [with; 64];
        block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
        block
    };
    let inner = cipher.sm3(&[&pad(0x36), text]);
    cipher.sm3(&[&pad(0x5c), &inner]).to_vec()
}
