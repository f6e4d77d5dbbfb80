//! A parcel: several small messages of one exchange and key in one message of AMQP.
//!
//! RabbitMQ takes about as long over a message of one record as over one of fifty. What lies in a parcel are messages as they would
//! have been by themselves, each with its headers and its own signatures; whoever takes them is given one after the other.

use super::Message;
use bytes::{Buf, BufMut, Bytes};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Content type by which a parcel is known.
pub(super) const CONTENT_TYPE: &str = "application/vnd.sesame.parcel";
/// A parcel is closed before it would have more bytes: what counts messages counts no more bytes by it than by large single ones.
pub(super) const MOST_BYTES: usize = 64 * 1024;
/// No parcel is longer: the first message in one may have long headers. More is not opened, whoever sent it, since what comes out takes
/// more memory than it did in there.
const LONGEST: usize = 2 * MOST_BYTES;
/// No parcel has more messages: a child may pack thousands of empty ones, each of which would be a failure here.
const MOST_PARTS: usize = 256;
/// A message with a longer body goes by itself: it would gain little, and few of them would be under way at once.
pub(super) const LARGEST_BODY: usize = MOST_BYTES / 16;
/// A name is no longer on the wire, and the client library takes no longer one.
pub(super) const LONGEST_NAME: usize = 255;

/// A parcel being filled. Each message in it: its id, the lengths of its headers and of its body, its headers, its body; each
/// header: length and text of its name, length and text of its value. Lengths are four bytes, big-endian.
#[derive(Debug, Default)]
pub(super) struct Parcel {
    bytes: Vec<u8>,
    parts: usize,
}

/// A message out of a parcel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) id: Uuid,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Bytes,
}

/// Bytes of a message beside texts and body, and of a header beside its texts.
const MESSAGE_BYTES: usize = 16 + 4 + 4;
const HEADER_BYTES: usize = 4 + 4;

impl Parcel {
    /// Whether a further message may be put in.
    pub(super) fn has_room(&self, message: &Message) -> bool {
        self.bytes.is_empty()
            || (self.parts < MOST_PARTS
                && self.bytes.len() + MESSAGE_BYTES + listed_bytes(message) + message.body.len() <= MOST_BYTES)
    }

    /// Puts a message in.
    pub(super) fn put(&mut self, message: &Message) {
        self.parts += 1;
        self.bytes.put_slice(message.id.as_bytes());
        self.bytes.put_u32(length(listed_bytes(message)));
        self.bytes.put_u32(length(message.body.len()));
        for text in message.headers.iter().flat_map(|(name, value)| [name, value]) {
            self.bytes.put_u32(length(text.len()));
            self.bytes.put_slice(text.as_bytes());
        }
        self.bytes.put_slice(&message.body);
    }

    /// What is published.
    pub(super) fn into_body(self) -> Bytes {
        self.bytes.into()
    }
}

/// Opens a parcel; `None` where the bytes are none that this room could have packed: what comes out is published again as it is.
pub(super) fn open(mut bytes: Bytes) -> Option<Vec<Part>> {
    if bytes.len() > LONGEST {
        return None;
    }
    let mut parts = Vec::new();
    while bytes.has_remaining() {
        if parts.len() == MOST_PARTS {
            return None;
        }
        let mut id = [0; 16];
        bytes.try_copy_to_slice(&mut id).ok()?;
        let (header_bytes, body_bytes) = (bytes.try_get_u32().ok()?, bytes.try_get_u32().ok()?);
        let mut listed = take(&mut bytes, header_bytes)?;
        let mut headers = BTreeMap::new();
        while listed.has_remaining() {
            let (name, value) = (text(&mut listed)?, text(&mut listed)?);
            if name.is_empty() || name.len() > LONGEST_NAME || is_routing(&name) {
                return None;
            }
            headers.insert(name, value);
        }
        // A copy: a slice would keep the whole parcel in memory for as long as one of it waits somewhere.
        let body = Bytes::copy_from_slice(&take(&mut bytes, body_bytes)?);
        parts.push(Part { id: Uuid::from_bytes(id), headers, body });
    }
    (!parts.is_empty()).then_some(parts)
}

/// Whether RabbitMQ routes by such a header, past its topic permissions.
pub(super) fn is_routing(name: &str) -> bool {
    matches!(name, "CC" | "BCC")
}

fn listed_bytes(message: &Message) -> usize {
    message.header_bytes() + HEADER_BYTES * message.headers.len()
}

/// Headers are held to 64 KiB before anything is published, bodies to [`LARGEST_BODY`].
fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

fn take(bytes: &mut Bytes, count: u32) -> Option<Bytes> {
    let count = usize::try_from(count).ok()?;
    (count <= bytes.len()).then(|| bytes.split_to(count))
}

fn text(bytes: &mut Bytes) -> Option<String> {
    let count = bytes.try_get_u32().ok()?;
    String::from_utf8(take(bytes, count)?.into()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::{btree_map, vec};
    use proptest::prelude::*;

    fn message() -> impl Strategy<Value = Message> {
        let headers = btree_map(".{1,20}", ".{0,60}", 0..12);
        (any::<u128>(), headers, vec(any::<u8>(), 0..400)).prop_map(|(id, headers, body)| Message {
            exchange: "county".to_owned(),
            routing_key: "37.02.03.007.01".to_owned(),
            id: Uuid::from_u128(id),
            headers,
            body: body.into(),
        })
    }

    fn named(name: &str, body: usize) -> Message {
        Message {
            exchange: String::new(),
            routing_key: String::new(),
            id: Uuid::nil(),
            headers: BTreeMap::from([(name.to_owned(), String::new())]),
            body: vec![b'x'; body].into(),
        }
    }

    fn packed(messages: &[Message]) -> Bytes {
        let mut parcel = Parcel::default();
        messages.iter().for_each(|message| parcel.put(message));
        parcel.into_body()
    }

    proptest! {
        #[test]
        fn what_is_put_in_comes_out(messages in vec(message(), 1..8)) {
            let expected: Vec<Part> = messages
                .iter()
                .map(|m| Part { id: m.id, headers: m.headers.clone(), body: m.body.clone() })
                .collect();
            prop_assert_eq!(open(packed(&messages)), Some(expected));
        }

        #[test]
        fn what_is_cut_or_altered_is_refused_or_read_and_never_more(
            messages in vec(message(), 1..4), cut in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), byte in any::<u8>()
        ) {
            let whole = packed(&messages);
            let mut altered = whole[..cut.index(whole.len() + 1)].to_vec();
            if !altered.is_empty() {
                let at = at.index(altered.len());
                altered[at] = byte;
            }
            let length = altered.len();
            let bytes = |part: &Part| {
                let texts: usize = part.headers.iter().map(|(name, value)| HEADER_BYTES + name.len() + value.len()).sum();
                MESSAGE_BYTES + texts + part.body.len()
            };
            prop_assert!(open(altered.into()).unwrap_or_default().iter().map(bytes).sum::<usize>() <= length);
        }

        #[test]
        fn a_parcel_with_room_stays_within_its_bound(message in message()) {
            let mut parcel = Parcel::default();
            while parcel.has_room(&message) {
                parcel.put(&message);
            }
            prop_assert!(parcel.bytes.len() <= MOST_BYTES);
        }
    }

    #[test]
    fn invariants_5_6_headers_that_no_message_could_have_make_it_no_parcel() {
        let opens = |name: &str| open(packed(&[named(name, 1), named("sesame-batch", 1)])).is_some();
        assert!(opens("sesame-batch") && opens(&"a".repeat(LONGEST_NAME)));
        for bad in ["", "CC", "BCC", &"a".repeat(LONGEST_NAME + 1)] {
            assert!(!opens(bad), "{bad:?}");
        }
    }

    #[test]
    fn nothing_is_no_parcel() {
        assert_eq!(open(Bytes::new()), None);
    }

    #[test]
    fn invariant_8_what_is_longer_than_any_parcel_is_not_opened() {
        let of_nothing = |count: usize| Bytes::from(vec![0; MESSAGE_BYTES * count]);
        assert!(open(of_nothing(MOST_PARTS)).is_some_and(|parts| parts.len() == MOST_PARTS));
        assert_eq!(open(of_nothing(MOST_PARTS + 1)), None);
        let long = |bytes: usize| {
            let body = vec![0; bytes - MESSAGE_BYTES].into();
            packed(&[Message { body, ..named("sesame-batch", 0) }])
        };
        let header = HEADER_BYTES + "sesame-batch".len();
        assert!(open(long(LONGEST - header)).is_some());
        assert_eq!(open(long(LONGEST - header + 1)), None);
    }
}
