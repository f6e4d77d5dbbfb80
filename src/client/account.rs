//! An account at an endpoint of the standard: who signs requests there, how, and whom to believe the answers.

use crate::standard::answer::Answer;
use crate::standard::busilist::Array;
use crate::standard::cipher::{Cipher, Key, Software};
use crate::standard::code::Action;
use crate::standard::encryption::{self, CannotDecrypt};
use crate::standard::envelope::{Busilist, Envelope};
use crate::standard::random::Random;
use crate::standard::response::Response;
use crate::standard::sign::{Profile, Signer};

/// An 应用账号 and what was agreed about it.
#[derive(Clone)]
pub struct Account {
    /// 应用账号.
    pub appid: String,
    /// What it signs with.
    pub key: Key,
    /// How it signs.
    pub profile: Profile,
    /// What it encrypts busilists with, where it does (§7.1).
    pub data_key: Option<Key>,
    /// Whether an unencrypted busilist is sent as a JSON string (table 1) instead of an array (Annex A.1).
    pub busilist_as_string: bool,
}

impl Account {
    /// One with the default profile, that encrypts nothing.
    pub fn new(appid: &str, key: Key) -> Self {
        let (appid, profile) = (appid.to_owned(), Profile::default());
        Self { appid, key, profile, data_key: None, busilist_as_string: false }
    }

    /// The body of a signed request. `busilist` is an array's text.
    pub fn request(&self, busicode: &str, action: Action, busilist: &str, random: &Random) -> String {
        let cipher: &dyn Cipher = &Software;
        let busilist = match &self.data_key {
            // The initial vector must be unpredictable; a v4 UUID holds 122 random bits.
            Some(key) => {
                Busilist::Text(encryption::encrypt(cipher, key, *uuid::Uuid::new_v4().as_bytes(), busilist).into())
            }
            None if self.busilist_as_string => Busilist::Text(busilist.into()),
            None => Busilist::Array(Array::known(busilist)),
        };
        let envelope = Envelope {
            appid: self.appid.as_str().into(),
            busicode: busicode.into(),
            action: action.code().into(),
            busilist,
            random: random.clone(),
            sign: "".into(),
        };
        envelope.signed(self.signer()).write()
    }

    /// Whether a response answers the request of this random, and is signed for this account.
    pub fn believes(&self, response: &Response<'_>, random: &Random) -> bool {
        response.is_answer_to(random, self.signer())
    }

    /// The text of an answer's busilist.
    pub(super) fn decrypted(&self, answer: &Answer<'_>) -> Result<String, CannotDecrypt> {
        match (&self.data_key, &answer.busilist) {
            (Some(key), Busilist::Text(ciphertext)) => {
                encryption::decrypt(&Software, key, ciphertext).map(|decrypted| decrypted.text)
            }
            (_, busilist) => Ok(busilist.text().to_owned()),
        }
    }

    fn signer(&self) -> Signer<'_> {
        Signer { cipher: &Software, profile: self.profile, key: &self.key }
    }
}
