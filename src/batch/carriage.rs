//! A sealed batch over HTTP: its headers as a child's link sends them to the door of its parent.
//!
//! HTTP carries ASCII alone and trims what stands at the ends, so whatever is not plain there is escaped as in a URL. What comes out
//! is the very text that the seal covers.

use super::manifest::SIGNED;
use super::seal::SIGN_HEADER;
use std::collections::BTreeMap;

/// The HTTP header by which a request is known to carry a sealed batch.
const BATCH_HEADER: &str = super::manifest::BATCH;

/// A header that does not come out of its escapes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "header {0} is not escaped as it should be: bytes other than ! to ~, and %, as %XX, which is UTF-8 once decoded"
)]
pub struct BadEscape(pub &'static str);

/// The HTTP headers of a sealed batch.
pub fn to_http(headers: &BTreeMap<String, String>) -> Vec<(String, String)> {
    let sent = names().filter_map(|name| Some((name.to_owned(), escaped(headers.get(name)?))));
    sent.collect()
}

/// The headers of a sealed batch, of which `get` gives the text of the HTTP header of a name. `None` if it carries none.
pub fn from_http<'a>(get: impl Fn(&str) -> Option<&'a [u8]>) -> Option<Result<BTreeMap<String, String>, BadEscape>> {
    get(BATCH_HEADER)?;
    let mut headers = BTreeMap::new();
    for name in names() {
        let Some(value) = get(name) else { continue };
        match unescaped(value) {
            Some(text) => headers.insert(name.to_owned(), text),
            None => return Some(Err(BadEscape(name))),
        };
    }
    Some(Ok(headers))
}

fn names() -> impl Iterator<Item = &'static str> {
    SIGNED.into_iter().chain([SIGN_HEADER])
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'%' => escaped.push_str("%25"),
            b'!'..=b'~' => escaped.push(char::from(byte)),
            other => escaped.push_str(&format!("%{other:02X}")),
        }
    }
    escaped
}

fn unescaped(text: &[u8]) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, after @ ..] = rest {
        match (first, after) {
            (b'%', [high, low, after @ ..]) => {
                let mut byte = [0];
                hex::decode_to_slice([*high, *low], &mut byte).ok()?;
                bytes.extend(byte);
                rest = after;
            }
            (b'!'..=b'~', after) if *first != b'%' => {
                bytes.push(*first);
                rest = after;
            }
            _ => return None,
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Invariant 5: what a seal covers arrives as it was sealed, or not at all.
        #[test]
        fn any_text_arrives_as_it_was(texts in proptest::collection::vec(".*", SIGNED.len() + 1)) {
            let headers: BTreeMap<String, String> =
                names().zip(&texts).map(|(name, text)| (name.to_owned(), text.clone())).collect();
            let sent: BTreeMap<String, String> = to_http(&headers).into_iter().collect();
            prop_assert!(sent.values().all(|value| value.bytes().all(|byte| byte.is_ascii_graphic())));
            let arrived = from_http(|name| sent.get(name).map(String::as_bytes)).unwrap().unwrap();
            prop_assert_eq!(arrived, headers);
        }
    }

    #[test]
    fn what_is_not_escaped_is_refused_and_other_headers_stay_behind() {
        let sent = |value: &'static [u8]| from_http(move |name| (name == BATCH_HEADER).then_some(value)).unwrap();
        for bad in [&b"a b"[..], b"%", b"%4", b"%zz", b"%ff", "批".as_bytes()] {
            assert_eq!(sent(bad), Err(BadEscape(BATCH_HEADER)), "{bad:?}");
        }
        assert_eq!(sent(b"%e6%89%b9").unwrap()[BATCH_HEADER], "批");
        assert_eq!(from_http(|_| None), None);
        let more = BTreeMap::from([("sesame-attempt".to_owned(), "1.2".to_owned())]);
        assert!(to_http(&more).is_empty());
    }
}
