//! What is sent, and by what it is known again.

use crate::standard::cipher::{Cipher, Software};
use crate::standard::code::{Action, BusinessCode};

/// One content for one node, as one app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// `http://host:port/<service>` of the node.
    pub url: String,
    /// The app.
    pub appid: String,
    /// Business code.
    pub busicode: BusinessCode,
    /// Action.
    pub action: Action,
    /// SM3 of the array's text, in hex.
    pub digest: String,
}

impl Content {
    /// The content `list`, an array's text.
    pub fn new(url: &str, appid: &str, busicode: BusinessCode, action: Action, list: &str) -> Self {
        let (url, appid) = (url.trim_end_matches('/').to_owned(), appid.to_owned());
        Self { url, appid, busicode, action, digest: digest(list) }
    }

    /// Whether `list` is this content's text.
    pub fn is_of(&self, list: &str) -> bool {
        self.digest == digest(list)
    }

    /// The same for the same content, and for no other.
    pub fn id(&self) -> String {
        let (busicode, action) = (self.busicode.to_string(), self.action.code());
        // No part can hold a line feed but the appid, which nobody's does.
        let parts = [self.url.as_str(), &self.appid, &busicode, action, &self.digest].join("\n");
        hex::encode(&Software.sm3(&[parts.as_bytes()])[..16])
    }
}

fn digest(list: &str) -> String {
    hex::encode(Software.sm3(&[list.as_bytes()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_content_is_known_again_and_no_other() {
        let content = |url: &str, appid: &str, code: &str, action, list: &str| {
            Content::new(url, appid, BusinessCode::parse(code).unwrap(), action, list).id()
        };
        let id = content("http://n/sesame", "a", "003", Action::Add, "[{}]");
        assert_eq!(id, content("http://n/sesame/", "a", "003", Action::Add, "[{}]"));
        for other in [
            content("http://m/sesame", "a", "003", Action::Add, "[{}]"),
            content("http://n/sesame", "b", "003", Action::Add, "[{}]"),
            content("http://n/sesame", "a", "004", Action::Add, "[{}]"),
            content("http://n/sesame", "a", "003", Action::Modify, "[{}]"),
            content("http://n/sesame", "a", "003", Action::Add, "[]"),
        ] {
            assert_ne!(id, other);
        }
    }
}
