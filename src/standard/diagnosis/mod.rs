//! Why a signature does not verify: tries what vendors get wrong, until one of it makes the signature that was sent.
//!
//! For apps under development alone. What is found is said in words; neither a key nor a right signature is ever shown.

mod busilist;
mod canonical;
mod mistake;
mod ways;

use super::cipher::{BLOCK, Cipher, Key};
use super::envelope::Envelope;
use super::sign::Profile;
use canonical::candidates;
pub use mistake::Mistake;
use std::fmt;
use ways::{Given, Ways};

/// What is known of the app whose signature is to be explained.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    /// Software or certified hardware.
    pub cipher: &'a dyn Cipher,
    /// How the app signs.
    pub profile: Profile,
    /// What it signs with.
    pub key: &'a Key,
    /// What it signed with until that was replaced.
    pub retired: Option<&'a Key>,
    /// What it encrypts with.
    pub data_key: Option<&'a Key>,
}

/// What was found out. Its `Display` is the reason of the refusal, in Chinese.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Diagnosis {
    /// These mistakes together make the signature that was sent.
    Found(Vec<Mistake>),
    /// Key, mode and padding are right: the last block of the signature, which depends on nothing else, is.
    OtherText,
    /// The last block is wrong: key, mode or padding are not as agreed.
    OtherKey,
    /// The signature has another length than its profile makes, in hexadecimal digits.
    Length {
        /// What was sent.
        given: usize,
        /// What it should be.
        expected: usize,
    },
    /// Nothing that was tried fits.
    Nothing,
    /// The busilist is longer than is tried with.
    TooLong,
}

/// The longest busilist that is tried with, in bytes: a few hundred texts of this length are hashed, or encrypted with each of
/// four keys, which should take no more than some ten milliseconds.
const LONGEST: usize = 4 * 1024;

/// Looks for the fewest mistakes that explain the signature of an envelope. It has been found wrong before.
pub fn diagnose(known: &Known<'_>, envelope: &Envelope<'_>) -> Diagnosis {
    if envelope.busilist.text().len() > LONGEST {
        return Diagnosis::TooLong;
    }
    let Some(given) = Given::read(&envelope.sign) else {
        return Diagnosis::Found(vec![Mistake::NotHex]);
    };
    let mut best: Option<Vec<Mistake>> = None;
    for candidate in candidates(known, envelope) {
        let ways = Ways::of(known, &candidate.text, candidate.mistakes.is_empty());
        let Some(found) = ways.that_makes(&given) else { continue };
        let mistakes = [candidate.mistakes, found].concat();
        if mistakes.len() < best.as_ref().map_or(usize::MAX, Vec::len) {
            best = Some(mistakes);
        }
        if best.as_ref().is_some_and(|mistakes| mistakes.len() <= 1) {
            break;
        }
    }
    best.map_or_else(|| by_the_last_block(known, &given), Diagnosis::Found)
}

/// Of the digest profile the last block is padding alone, so it tells whether the key is right whatever was signed.
fn by_the_last_block(known: &Known<'_>, given: &Given) -> Diagnosis {
    let length = given.bytes.len();
    let expected = match known.profile {
        Profile::Digest => 5 * BLOCK,
        Profile::Cmac => BLOCK,
        Profile::Hmac => 2 * BLOCK,
        Profile::Full => return Diagnosis::Nothing,
    };
    if length != expected {
        return Diagnosis::Length { given: 2 * length, expected: 2 * expected };
    }
    if known.profile != Profile::Digest {
        return Diagnosis::Nothing;
    }
    let padding = known.cipher.sm4_ecb(known.key, &[]);
    if given.bytes.ends_with(&padding) { Diagnosis::OtherText } else { Diagnosis::OtherKey }
}

impl Diagnosis {
    /// The one that says more: where two keys are good, the signature was meant to be made with one of them.
    pub fn or_better(self, other: Diagnosis) -> Diagnosis {
        let doubt = |diagnosis: &Diagnosis| match diagnosis {
            Diagnosis::Found(mistakes) => mistakes.len(),
            Diagnosis::OtherText => usize::MAX - 1,
            _ => usize::MAX,
        };
        if doubt(&other) < doubt(&self) { other } else { self }
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Diagnosis::Found(mistakes) => {
                for (at, mistake) in mistakes.iter().enumerate() {
                    write!(f, "{}{mistake}", if at == 0 { "" } else { "；另外，" })?;
                }
                Ok(())
            }
            Diagnosis::OtherText => f.write_str(
                "密钥、加密模式和填充都正确，但签名的文本与发送的不同：请核对参数顺序 action、appid、busicode、busilist、random，\
                 确认按 UTF-8 取字节（不是 GBK）、没有做 URL 编码，并且 busilist 签名和发送用的是同一段文本",
            ),
            Diagnosis::OtherKey => f.write_str(
                "密钥不对，或加密模式、填充不是 ECB、PKCS#7：请核对密钥，使用前先把 32 位十六进制数字解码成 16 个字节",
            ),
            Diagnosis::Length { given, expected } => write!(
                f,
                "签名为 {given} 位十六进制数字，约定的签名方案应为 {expected} 位：请核对签名方案，\
                 以及加密的是不是 64 个字符的小写十六进制 SM3"
            ),
            Diagnosis::Nothing => f.write_str("没有找到原因：请核对密钥、签名方案和规范串，用示例程序的 --sign-only 逐步比对"),
            Diagnosis::TooLong => f.write_str("busilist 较长，未分析原因：请用只有一两条记录的报文重试，会得到可能的原因"),
        }
    }
}

#[cfg(test)]
mod tests;
