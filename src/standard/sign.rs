//! The signature of requests and responses (§6.2.2 签名: SM4加密转换成大写).
//!
//! The standard leaves open what is encrypted. Here it is a canonical string of the values as sent, and by default its SM3
//! digest, so that a signature stays short whatever the size of the exchange and no block of it can be spliced into another.

use super::cipher::{BLOCK, Cipher, Key};
use serde::{Deserialize, Serialize};
use std::cell::OnceCell;
use subtle::ConstantTimeEq;

/// How an app's signatures are computed from the canonical string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// SM4-ECB-PKCS#7 of the lower-case hexadecimal SM3 digest of the canonical string.
    #[default]
    Digest,
    /// SM4-ECB-PKCS#7 of the canonical string itself, for literal readers of the draft. Blocks of observed requests can be
    /// spliced into a new one that verifies, so a node takes it only where an operator enabled it.
    Full,
    /// SM4-CMAC of the canonical string.
    Cmac,
    /// HMAC-SM3 of the canonical string.
    Hmac,
}

/// What was given names no profile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no way of signing: digest, full, cmac or hmac")]
pub struct NotAProfile(pub String);

impl Profile {
    /// Every profile.
    pub const ALL: [Profile; 4] = [Profile::Digest, Profile::Full, Profile::Cmac, Profile::Hmac];

    /// The name in settings and commands.
    pub fn as_str(self) -> &'static str {
        match self {
            Profile::Digest => "digest",
            Profile::Full => "full",
            Profile::Cmac => "cmac",
            Profile::Hmac => "hmac",
        }
    }

    /// The profile of a name.
    pub fn parse(text: &str) -> Result<Self, NotAProfile> {
        Self::ALL.into_iter().find(|profile| profile.as_str() == text).ok_or_else(|| NotAProfile(text.to_owned()))
    }
}

/// What is signed. The three forms begin differently, so a signature of one never stands for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Canonical<'a> {
    /// A request (table 1): decoded values, and the busilist as sent.
    Request {
        /// 请求动作代码.
        action: &'a str,
        /// 应用账号.
        appid: &'a str,
        /// 业务分类代码.
        busicode: &'a str,
        /// The array's exact text, or the decoded content of a JSON string.
        busilist: &'a str,
        /// 请求随机标识.
        random: &'a str,
    },
    /// A response (table 4).
    Response {
        /// The object's exact text, or the decoded content of a JSON string.
        datalist: &'a str,
        /// The request's 请求随机标识, repeated.
        random: &'a str,
    },
    /// What a node says of a batch beside its envelope.
    Headers(&'a str),
}

impl<'a> Canonical<'a> {
    /// The canonical string, in parts that follow each other.
    pub fn parts(&self) -> Vec<&'a [u8]> {
        let texts: &[&'a str] = match *self {
            Canonical::Request { action, appid, busicode, busilist, random } => &[
                "action=",
                action,
                "&appid=",
                appid,
                "&busicode=",
                busicode,
                "&busilist=",
                busilist,
                "&random=",
                random,
            ],
            Canonical::Response { datalist, random } => &["datalist=", datalist, "&random=", random],
            Canonical::Headers(text) => &["headers=", text],
        };
        texts.iter().map(|text| text.as_bytes()).collect()
    }
}

/// A canonical string to sign or to verify. Its SM3 digest, which takes longer than all else, is worked out when it is first
/// needed, and once, whatever the number of keys tried.
pub struct Signable<'a> {
    cipher: &'a dyn Cipher,
    canonical: Canonical<'a>,
    digest: OnceCell<[u8; 32]>,
}

impl<'a> Signable<'a> {
    /// A canonical string, and what works on it.
    pub fn new(cipher: &'a dyn Cipher, canonical: Canonical<'a>) -> Self {
        Self { cipher, canonical, digest: OnceCell::new() }
    }

    /// SM3 of the canonical string.
    pub fn digest(&self) -> [u8; 32] {
        *self.digest.get_or_init(|| self.cipher.sm3(&self.canonical.parts()))
    }

    /// Its signature, in upper-case hexadecimal.
    pub fn sign(&self, profile: Profile, key: &Key) -> String {
        hex::encode_upper(self.signature(profile, key))
    }

    /// Whether `given`, in hexadecimal of either case, is its signature.
    ///
    /// How long it takes depends on the lengths alone, never on how much of `given` is right.
    pub fn verify(&self, profile: Profile, key: &Key, given: &str) -> bool {
        // A wrong length is known without any work: nobody gets a megabyte hashed for three characters of signature.
        if given.len() != 2 * signature_length(profile, &self.canonical) {
            return false;
        }
        match hex::decode(given) {
            Ok(given) => self.signature(profile, key).ct_eq(&given).into(),
            Err(_) => false,
        }
    }

    fn signature(&self, profile: Profile, key: &Key) -> Vec<u8> {
        match profile {
            Profile::Digest => self.cipher.sm4_ecb(key, &[hex::encode(self.digest()).as_bytes()]),
            Profile::Full => self.cipher.sm4_ecb(key, &self.canonical.parts()),
            Profile::Cmac => self.cipher.sm4_cmac(key, &self.canonical.parts()).to_vec(),
            Profile::Hmac => self.cipher.hmac_sm3(key, &self.canonical.parts()).to_vec(),
        }
    }
}

/// The signature of `canonical`, in upper-case hexadecimal.
pub fn sign(cipher: &dyn Cipher, profile: Profile, key: &Key, canonical: &Canonical<'_>) -> String {
    Signable::new(cipher, *canonical).sign(profile, key)
}

/// See [`Signable::verify`].
pub fn verify(cipher: &dyn Cipher, profile: Profile, key: &Key, canonical: &Canonical<'_>, given: &str) -> bool {
    Signable::new(cipher, *canonical).verify(profile, key, given)
}

/// Bytes of a signature; those of a padded text are its whole blocks and one more.
fn signature_length(profile: Profile, canonical: &Canonical<'_>) -> usize {
    let padded = |length: usize| (length / BLOCK + 1) * BLOCK;
    match profile {
        Profile::Digest => padded(64),
        Profile::Full => padded(canonical.parts().iter().map(|part| part.len()).sum()),
        Profile::Cmac => 16,
        Profile::Hmac => 32,
    }
}

/// Who signs: what an app or a node needs to sign and to verify.
#[derive(Clone, Copy)]
pub struct Signer<'a> {
    /// Software or certified hardware.
    pub cipher: &'a dyn Cipher,
    /// The profile agreed for the app.
    pub profile: Profile,
    /// The app's sign key.
    pub key: &'a Key,
}

impl Signer<'_> {
    /// See [`sign`].
    pub fn sign(&self, canonical: &Canonical<'_>) -> String {
        sign(self.cipher, self.profile, self.key, canonical)
    }

    /// See [`verify`].
    pub fn verify(&self, canonical: &Canonical<'_>, given: &str) -> bool {
        verify(self.cipher, self.profile, self.key, canonical, given)
    }
}

#[cfg(test)]
mod tests {
    use super::super::cipher::Software;
    use super::*;

    const PROFILES: [Profile; 4] = Profile::ALL;

    fn key() -> Key {
        Key::parse("0123456789abcdeffedcba9876543210").unwrap()
    }

    #[test]
    fn the_canonical_forms_of_the_contract() {
        let joined = |canonical: Canonical<'_>| String::from_utf8(canonical.parts().concat()).unwrap();
        let request =
            Canonical::Request { action: "01", appid: "A", busicode: "003", busilist: "[ ]", random: "r=1&2" };
        assert_eq!(joined(request), "action=01&appid=A&busicode=003&busilist=[ ]&random=r=1&2");
        assert_eq!(joined(Canonical::Response { datalist: "{}", random: "" }), "datalist={}&random=");
        assert_eq!(joined(Canonical::Headers("x")), "headers=x");
    }

    #[test]
    fn a_signature_verifies_in_either_case_and_no_other_way() {
        let canonical = Canonical::Response { datalist: "{\"result\":\"0001\"}", random: "r" };
        for profile in PROFILES {
            let signer = Signer { cipher: &Software, profile, key: &key() };
            let sign = signer.sign(&canonical);
            assert_eq!(sign.len(), 2 * signature_length(profile, &canonical), "{profile:?}");
            assert_eq!(sign, sign.to_uppercase());
            assert!(signer.verify(&canonical, &sign));
            assert!(signer.verify(&canonical, &sign.to_lowercase()));
            let not_hex = format!("{}G", &sign[..sign.len() - 1]);
            let wide = "密".repeat(sign.len() / 3 + 1);
            for bad in ["", &sign[2..], &sign[1..], &format!("{sign}00"), &format!(" {sign}"), &not_hex, &wide] {
                assert!(!signer.verify(&canonical, bad), "{profile:?} {bad:?}");
            }
            assert!(!signer.verify(&Canonical::Headers("x"), &sign));
        }
    }

    #[test]
    fn every_bit_of_a_signature_counts() {
        let canonical = Canonical::Headers("batch");
        for profile in PROFILES {
            let signer = Signer { cipher: &Software, profile, key: &key() };
            let signature = hex::decode(signer.sign(&canonical)).unwrap();
            for bit in 0..signature.len() * 8 {
                let mut flipped = signature.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                assert!(!signer.verify(&canonical, &hex::encode_upper(flipped)));
            }
        }
    }

    #[test]
    fn profiles_are_named_as_in_settings() {
        let names = PROFILES.map(|profile| serde_json::to_value(profile).unwrap());
        assert_eq!(names, PROFILES.map(Profile::as_str));
        assert!(PROFILES.into_iter().all(|profile| Profile::parse(profile.as_str()) == Ok(profile)));
        assert_eq!(Profile::default(), Profile::Digest);
        assert!(serde_json::from_str::<Profile>("\"md5\"").is_err());
    }
}
