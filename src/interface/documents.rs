//! The documents of an interface, made when they are first asked for and kept as long as the dictionary stays the same.

use super::{Interface, openapi, page};
use crate::dataset::Dictionary;
use crate::standard::cipher::{Cipher, Software};
use bytes::Bytes;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// The documents of one interface, whatever dictionary it has at the moment.
pub struct Documents {
    interface: Interface,
    latest: Mutex<Option<Arc<Edition>>>,
}

/// The documents of one interface and one dictionary.
pub struct Edition {
    interface: Interface,
    dictionary: Arc<Dictionary>,
    openapi: OnceLock<Document>,
    page: OnceLock<Document>,
}

/// A text to be sent.
#[derive(Debug, Clone)]
pub struct Document {
    bytes: Bytes,
    etag: String,
}

impl Documents {
    /// Nothing is made yet.
    pub fn new(interface: Interface) -> Self {
        Self { interface, latest: Mutex::default() }
    }

    /// The interface they are about.
    pub fn interface(&self) -> &Interface {
        &self.interface
    }

    /// The documents of a dictionary: those made before, while it is the same one.
    pub fn of(&self, dictionary: &Arc<Dictionary>) -> Arc<Edition> {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        match &*latest {
            // The edition holds its dictionary, so no other can come to lie at its address.
            Some(edition) if Arc::ptr_eq(&edition.dictionary, dictionary) => edition.clone(),
            _ => latest.insert(Arc::new(Edition::new(self.interface.clone(), dictionary.clone()))).clone(),
        }
    }
}

impl Edition {
    /// The documents of an interface and a dictionary.
    pub fn new(interface: Interface, dictionary: Arc<Dictionary>) -> Self {
        Self { interface, dictionary, openapi: OnceLock::new(), page: OnceLock::new() }
    }

    /// The OpenAPI 3.1 document, as JSON. Takes some milliseconds the first time.
    pub fn openapi(&self) -> &Document {
        self.openapi.get_or_init(|| Document::new(openapi::document(&self.interface, &self.dictionary).to_string()))
    }

    /// The page for people, as HTML. Takes some milliseconds the first time.
    pub fn page(&self) -> &Document {
        self.page.get_or_init(|| Document::new(page::render(&self.interface, &self.dictionary)))
    }
}

impl Document {
    fn new(text: String) -> Self {
        let etag = format!("\"{}\"", hex::encode(&Software.sm3(&[text.as_bytes()])[..16]));
        Self { bytes: text.into(), etag }
    }

    /// The text, in UTF-8. Clones share it.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The entity tag (RFC 9110, 8.8.3): the same for the same text, whichever process answers.
    pub fn etag(&self) -> &str {
        &self.etag
    }

    /// Whether a caller holds it already, by the `If-None-Match` it sent. Tags are compared weakly, as RFC 9110, 13.1.2 asks: a
    /// proxy that compresses makes a strong tag weak.
    pub fn is_held(&self, if_none_match: &str) -> bool {
        let mut tags = if_none_match.split(',').map(str::trim);
        tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == self.etag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interface::Limits;
    use std::collections::BTreeMap;

    #[test]
    fn documents_are_made_once_a_dictionary() {
        let limits = Limits { body_bytes: 1, records: 1 };
        let documents = Documents::new(Interface::new("sesame", &BTreeMap::new(), limits).unwrap());
        let (one, other) = (Arc::new(Dictionary::builtin()), Arc::new(Dictionary::builtin()));
        let first = documents.of(&one);
        assert!(Arc::ptr_eq(&first, &documents.of(&one)));
        assert!(!Arc::ptr_eq(&first, &documents.of(&other)));
        // Another copy of the same dictionary makes the same text.
        assert_eq!(first.openapi().etag(), documents.of(&other).openapi().etag());
        assert_ne!(first.openapi().etag(), first.page().etag());
    }

    #[test]
    fn a_tag_is_found_among_others_strong_or_weak() {
        let document = Document::new("text".to_owned());
        let tag = document.etag().to_owned();
        for held in [tag.clone(), format!("W/{tag}"), format!("\"a\", {tag}"), "*".to_owned()] {
            assert!(document.is_held(&held), "{held}");
        }
        for other in ["", "\"a\"", "text", &tag[1..]] {
            assert!(!document.is_held(other), "{other}");
        }
    }
}
