//! What a peer that knows no versions is sent of a batch. Pure.
//!
//! A change that is older than what this node has of its record would overwrite the newer at such a peer, so the record's present state
//! goes instead: an add with all its fields, a delete if it is deleted. And what is more than agreed goes in parts.

use super::content::Content;
use crate::client::Account;
use crate::dataset::Dataset;
use crate::record::{Change, Effect, Fields, RecordId, State};
use crate::standard::busilist::{FlatObject, split};
use crate::standard::cipher::Cipher;
use crate::standard::code::Action;
use crate::standard::random::Random;
use crate::standard::sign::Profile;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) action: Action,
    /// The text of the array.
    pub(super) busilist: String,
    /// Derived from the batch and what the part says: the same part sent again is known by it, whatever else has changed meanwhile.
    pub(super) random: Uuid,
}

/// Records to be sent, as texts of objects. Adds of present states go first, deletes last.
#[derive(Default)]
struct Records {
    present: Vec<String>,
    as_they_are: Vec<String>,
    deleted: Vec<String>,
}

/// The parts of a batch; `states` are those of its records that may be newer than its changes.
pub(super) fn plan(content: &Content, states: &HashMap<RecordId, State>, cut: &Cut, cipher: &dyn Cipher) -> Vec<Part> {
    // It has been split before, or there would be no changes.
    let (Some(dataset), Ok(elements)) = (content.dictionary.get(content.busicode), split(&content.busilist)) else {
        return Vec::new();
    };
    let (mut records, mut replaced) = (Records::default(), HashSet::new());
    for change in &content.changes {
        let Some(element) = elements.get(change.version.ordinal as usize) else { continue };
        match states.get(&change.id).filter(|state| state.newest() > Some(change.version)) {
            None => records.as_they_are.push(element.get().to_owned()),
            Some(state) => records.replace(dataset, change, element, state, &mut replaced),
        }
    }
    let groups =
        [(Action::Add, records.present), (content.action, records.as_they_are), (Action::Delete, records.deleted)];
    let mut parts = Vec::new();
    for (action, texts) in groups {
        for busilist in cut.lists(&texts) {
            let name = format!("{action}\0{}", hex::encode(cipher.sm3(&[busilist.as_bytes()])));
            parts.push(Part { action, random: Uuid::new_v5(&content.batch, name.as_bytes()), busilist });
        }
    }
    parts
}

impl Records {
    fn replace<'a>(
        &mut self,
        dataset: &Dataset,
        change: &'a Change,
        element: &RawValue,
        state: &State,
        replaced: &mut HashSet<&'a RecordId>,
    ) {
        // Merged once more where it is merged already: of a record that this tier's rules have refused it is not.
        let mut now = state.clone();
        now.merge(change.version, &change.effect);
        if !now.is_complete() {
            self.as_they_are.push(match &change.effect {
                Effect::Modify(_) => rewritten(dataset, element, &now.fields),
                Effect::Add(_) | Effect::Delete => element.get().to_owned(),
            });
            return;
        }
        if !replaced.insert(&change.id) {
            return;
        }
        if !now.is_deleted() || matches!(change.effect, Effect::Add(_)) {
            self.present.push(now.fields.as_json().to_owned());
        }
        if let Some(deleted) = now.deleted.filter(|_| now.is_deleted()) {
            let members = now.fields.members().unwrap_or_default();
            let names = dataset.key().iter().map(String::as_str).chain([dataset.region_field()]);
            let kept = names.filter_map(|name| Some((name, members.get(name)?.as_str())));
            let time = deleted.source.to_civil();
            self.deleted
                .push(Fields::from_members(kept.chain([(dataset.time_field(), time.as_str())])).as_json().to_owned());
        }
    }
}

/// A modify of a record whose add this node has not seen, with the present values of the fields it sets.
fn rewritten(dataset: &Dataset, element: &RawValue, now: &Fields) -> String {
    let Ok(object) = FlatObject::read(element) else { return element.get().to_owned() };
    let members = now.members().unwrap_or_default();
    let identifies = |name: &str| name == dataset.region_field() || dataset.key().iter().any(|key| key == name);
    let value = |text: Option<&str>| text.map_or(Value::Null, Value::from);
    let written: Map<String, Value> = object
        .members()
        .map(|(name, given)| {
            let present = if identifies(name) { given.given() } else { members.get(name).map(String::as_str) };
            (name.to_owned(), value(present))
        })
        .collect();
    Value::Object(written).to_string()
}

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
    fn lists(&self, texts: &[String]) -> Vec<String> {
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
