//! Cutting a list into requests of the size agreed with a peer (§7.3). Pure.

use crate::client::Account;
use crate::standard::code::Action;
use crate::standard::random::Random;
use crate::standard::sign::Profile;
use uuid::Uuid;

/// How a list is cut into requests (§7.3).
#[derive(Debug, Clone, Copy)]
pub(super) struct Cut {
    records: usize,
    /// Bytes of lists beside the rest of a request.
    bytes: usize,
    form: Form,
    /// Whether the signature is as long as the text signed, twice.
    signs_in_full: bool,
}

/// How the array stands in the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Array,
    Quoted,
    Encrypted,
}

/// What padding to whole blocks may add, in hexadecimal, to a ciphertext and to a signature.
const PADDING: usize = 128;

impl Cut {
    /// By what was agreed for an account.
    pub(super) fn new(account: &Account, busicode: &str, records: usize, bytes: usize) -> Self {
        let random = Random::from(Uuid::nil());
        let envelope = account.request(busicode, Action::Add, "[]", &random).len() + PADDING;
        let form = match (&account.data_key, account.busilist_as_string) {
            (Some(_), _) => Form::Encrypted,
            (None, true) => Form::Quoted,
            (None, false) => Form::Array,
        };
        let signs_in_full = account.profile == Profile::Full;
        Self { records: records.max(1), bytes: bytes.saturating_sub(envelope), form, signs_in_full }
    }

    /// What one more object adds to a request, with the comma before it.
    fn weight(&self, text: &str) -> usize {
        let plain = text.len() + 1;
        let (sent, signed) = match self.form {
            Form::Array => (plain, plain),
            Form::Quoted => {
                let escapes = text.bytes().map(|byte| match byte {
                    b'"' | b'\\' => 1,
                    ..0x20 => 5,
                    _ => 0,
                });
                (plain + escapes.sum::<usize>(), plain)
            }
            Form::Encrypted => (2 * plain, 2 * plain),
        };
        sent + if self.signs_in_full { 2 * signed } else { 0 }
    }

    /// The texts as arrays, each of which fits a request; an object too large for any goes alone, for the peer to judge.
    pub(super) fn lists(&self, texts: &[String]) -> Vec<String> {
        let mut lists = Vec::new();
        let (mut list, mut count, mut weight) = (String::new(), 0, 0);
        for text in texts {
            let more = self.weight(text);
            if count > 0 && (count == self.records || weight + more > self.bytes) {
                lists.push(format!("[{list}]"));
                (list, count, weight) = (String::new(), 0, 0);
            }
            if count > 0 {
                list.push(',');
            }
            list.push_str(text);
            (count, weight) = (count + 1, weight + more);
        }
        if count > 0 {
            lists.push(format!("[{list}]"));
        }
        lists
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::standard::cipher::Key;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    proptest! {
        /// No request is longer or holds more than agreed, and nothing is left out.
        #[test]
        fn clause_7_3_parts_are_of_the_size_agreed(
            texts in proptest::collection::vec("[a\"\\\\检]{0,40}", 0..40),
            records in 1_usize..9,
            bytes in 1_500_usize..4_000,
            (quoted, encrypted, full) in any::<(bool, bool, bool)>(),
        ) {
            let key = Key::from_bytes([7; 16]);
            let account = Account {
                busilist_as_string: quoted,
                data_key: encrypted.then(|| key.clone()),
                profile: if full { Profile::Full } else { Profile::Digest },
                ..Account::new("a", key)
            };
            let made: Vec<Value> = texts.iter().map(|text| json!({"JCJG": text})).collect();
            let objects: Vec<String> = made.iter().map(Value::to_string).collect();
            let mut all = Vec::new();
            for list in Cut::new(&account, "007", records, bytes).lists(&objects) {
                let request = account.request("007", Action::Add, &list, &Random::from(Uuid::nil()));
                let list: Vec<Value> = serde_json::from_str(&list).unwrap();
                prop_assert!((1..=records).contains(&list.len()));
                prop_assert!(list.len() == 1 || request.len() <= bytes, "{} over {bytes}", request.len());
                all.extend(list);
            }
            prop_assert_eq!(all, made);
        }
    }
}
