//! A caller whose signature holds, and the answers it is given.

use crate::apps::App;
use crate::standard::answer::Answer;
use crate::standard::cipher::{Cipher, Key};
use crate::standard::encryption;
use crate::standard::envelope::Busilist;
use crate::standard::random::Random;
use crate::standard::response::{DatalistForm, Response};
use crate::standard::sign::Signer;
use std::sync::Arc;

/// A verified caller and the random of its request.
#[derive(Clone)]
pub(super) struct Caller {
    pub(super) app: Arc<App>,
    /// The one of the app's keys that verified the request: answers are signed with the same.
    pub(super) key: Key,
    pub(super) random: Random,
    pub(super) cipher: Arc<dyn Cipher>,
}

impl Caller {
    pub(super) fn signer(&self) -> Signer<'_> {
        Signer { cipher: self.cipher.as_ref(), profile: self.app.profile, key: &self.key }
    }

    /// The response's text: signed, and its busilist encrypted where the app's are.
    pub(super) fn respond(&self, mut answer: Answer<'_>) -> String {
        if let Some(key) = &self.app.data_key {
            // A fresh random initial vector, as the encryption asks for; a v4 UUID has 122 bits of it.
            let iv = *uuid::Uuid::new_v4().as_bytes();
            answer.busilist =
                Busilist::Text(encryption::encrypt(self.cipher.as_ref(), key, iv, answer.busilist.text()).into());
        }
        Response::new(&answer, self.app.form, Some(&self.random)).signed(self.signer()).write()
    }
}

/// The response to a caller who is not known: unsigned.
pub(super) fn respond_unknown(answer: &Answer<'_>, random: Option<&Random>) -> String {
    Response::new(answer, DatalistForm::Object, random).write()
}
