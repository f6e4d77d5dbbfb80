//! What travels between a parent and a child about batches: letters with verdicts down, questions up. Each is signed with the
//! child's key, which the two of them alone have; kind, sender and recipient stand under the signature, so that neither a
//! question comes back as a letter nor a letter reaches another.

use super::{BadRecord, State, Verdict};
use crate::standard::cipher::{Cipher, Key};
use crate::standard::code::Action;
use crate::standard::moment::Moment;
use crate::standard::region::Region;
use crate::standard::sign::{Canonical, Profile, Signer};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Header that tells these messages from batches.
pub const KIND_HEADER: &str = "sesame-kind";
const SIGN_HEADER: &str = "sesame-sign";

/// Batches that a letter or a question is about at most.
pub const MOST_BATCHES: usize = 1_000;
/// Longer than any letter is: see [`Letter::parts`].
const MOST_BYTES: usize = 4 << 20;
/// Verdicts of a letter, and bytes of what they say in words, but for the last of them.
const LETTER_MOST: usize = 500;
const LETTER_BYTES: usize = 1 << 20;

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Verdicts, from parent to child.
    Receipts,
    /// A question for verdicts, from child to parent.
    Question,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Kind::Receipts => "receipts",
            Kind::Question => "question",
        }
    }
}

/// Verdicts on their way down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// The node that sends it.
    pub from: Region,
    /// The child it is for.
    pub to: Region,
    /// Its own verdicts, and those of the nodes above it.
    pub verdicts: Vec<Verdict>,
    /// Batches asked for of which it knows nothing.
    pub unknown: Vec<Uuid>,
}

/// What a child asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The child.
    pub from: Region,
    /// The node asked.
    pub to: Region,
    /// The batches.
    pub batches: Vec<Uuid>,
}

/// Why a message is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadLetter {
    /// It is of another kind, too long, or cannot be read.
    #[error("it cannot be read")]
    Malformed,
    /// No key known verifies its signature.
    #[error("its signature does not verify: compare the keys of the two nodes")]
    Signature,
    /// It is from or to another node, or speaks for one that is not above.
    #[error("it speaks for a node that is not its sender's to speak for")]
    Foreign,
}

/// Whether a message says that it is of this kind.
pub fn is_of(kind: Kind, headers: &BTreeMap<String, String>) -> bool {
    headers.get(KIND_HEADER).is_some_and(|text| text == kind.as_str())
}

/// The headers of a message of this body.
pub fn seal(kind: Kind, cipher: &dyn Cipher, key: &Key, body: &str) -> BTreeMap<String, String> {
    let sign = Signer { cipher, profile: Profile::Hmac, key }.sign(&Canonical::Headers(&signed(kind, body)));
    BTreeMap::from([(KIND_HEADER.to_owned(), kind.as_str().to_owned()), (SIGN_HEADER.to_owned(), sign)])
}

/// The text of a message signed with one of `keys`.
pub fn open<'a>(
    kind: Kind,
    cipher: &dyn Cipher,
    keys: &[Key],
    headers: &BTreeMap<String, String>,
    body: &'a [u8],
) -> Result<&'a str, BadLetter> {
    if !is_of(kind, headers) || body.len() > MOST_BYTES {
        return Err(BadLetter::Malformed);
    }
    let text = std::str::from_utf8(body).map_err(|_| BadLetter::Malformed)?;
    let given = headers.get(SIGN_HEADER).map_or("", String::as_str);
    let signed = signed(kind, text);
    let sealing =
        |key: &Key| Signer { cipher, profile: Profile::Hmac, key }.verify(&Canonical::Headers(&signed), given);
    if keys.iter().any(sealing) { Ok(text) } else { Err(BadLetter::Signature) }
}

/// A batch's manifest is signed under the same head: none of its lines begins so.
fn signed(kind: Kind, body: &str) -> String {
    format!("kind={}\n{body}", kind.as_str())
}

impl Letter {
    /// The body.
    pub fn write(&self) -> String {
        let verdicts = self.verdicts.iter().map(WireVerdict::of).collect();
        let wire = WireLetter {
            from: self.from.to_string(),
            to: self.to.to_string(),
            verdicts,
            unknown: self.unknown.clone(),
        };
        // Strings, numbers and lists of them always make JSON.
        serde_json::to_string(&wire).unwrap_or_default()
    }

    /// Verdicts in the parts that make a letter each.
    pub fn parts(verdicts: &[Verdict]) -> Vec<&[Verdict]> {
        let (mut parts, mut begin, mut bytes) = (Vec::new(), 0, 0);
        for (at, verdict) in verdicts.iter().enumerate() {
            if at - begin >= LETTER_MOST || bytes >= LETTER_BYTES {
                parts.push(&verdicts[begin..at]);
                (begin, bytes) = (at, 0);
            }
            bytes += verdict.words();
        }
        if begin < verdicts.len() {
            parts.push(&verdicts[begin..]);
        }
        parts
    }

    /// Reads a letter from `parent` to `own`. A parent speaks for itself and for those above it alone.
    pub fn read(text: &str, parent: Region, own: Region) -> Result<Self, BadLetter> {
        let wire: WireLetter = serde_json::from_str(text).map_err(|_| BadLetter::Malformed)?;
        let (from, to) = (region(&wire.from)?, region(&wire.to)?);
        if from != parent || to != own {
            return Err(BadLetter::Foreign);
        }
        let verdicts: Vec<Verdict> = wire.verdicts.into_iter().map(WireVerdict::read).collect::<Result<_, _>>()?;
        if verdicts.iter().any(|verdict| !verdict.node.covers(parent)) {
            return Err(BadLetter::Foreign);
        }
        Ok(Self { from, to, verdicts, unknown: wire.unknown })
    }
}

impl Question {
    /// Its routing key at the parent's exchange: the child's region, every business code (`000`), the action of a query. The child
    /// may publish no other keys than its region's, and whoever takes batches of a business code gets none of these.
    pub fn routing_key(&self) -> String {
        let [province, city, county] = self.from.parts();
        format!("{province:02}.{city:02}.{county:02}.000.{}", Action::Query.code())
    }

    /// The body.
    pub fn write(&self) -> String {
        let wire = WireQuestion { from: self.from.to_string(), to: self.to.to_string(), batches: self.batches.clone() };
        // As above.
        serde_json::to_string(&wire).unwrap_or_default()
    }

    /// Reads a question from `child` to `own`.
    pub fn read(text: &str, child: Region, own: Region) -> Result<Self, BadLetter> {
        let wire: WireQuestion = serde_json::from_str(text).map_err(|_| BadLetter::Malformed)?;
        let (from, to) = (region(&wire.from)?, region(&wire.to)?);
        if from != child || to != own {
            return Err(BadLetter::Foreign);
        }
        if wire.batches.len() > MOST_BATCHES {
            return Err(BadLetter::Malformed);
        }
        Ok(Self { from, to, batches: wire.batches })
    }
}

#[derive(Serialize, Deserialize)]
struct WireLetter {
    from: String,
    to: String,
    verdicts: Vec<WireVerdict>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    unknown: Vec<Uuid>,
}

#[derive(Serialize, Deserialize)]
struct WireQuestion {
    from: String,
    to: String,
    batches: Vec<Uuid>,
}

/// Members are left out where they say nothing: most batches are simply persisted.
#[derive(Serialize, Deserialize)]
struct WireVerdict {
    batch: Uuid,
    node: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    above: Option<String>,
    state: State,
    at: i64,
    records: u32,
    #[serde(default, skip_serializing_if = "is_zero")]
    unapplied: u32,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    code: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    message: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    bad: Vec<BadRecord>,
}

impl WireVerdict {
    fn of(verdict: &Verdict) -> Self {
        Self {
            batch: verdict.batch,
            node: verdict.node.to_string(),
            above: verdict.above.map(|above| above.to_string()),
            state: verdict.state,
            at: verdict.at.micros(),
            records: verdict.records,
            unapplied: verdict.unapplied,
            code: verdict.code.clone(),
            message: verdict.message.clone(),
            bad: verdict.bad.clone(),
        }
    }

    fn read(self) -> Result<Verdict, BadLetter> {
        // What PostgreSQL keeps as integers.
        if i32::try_from(self.records).is_err() || i32::try_from(self.unapplied).is_err() {
            return Err(BadLetter::Malformed);
        }
        let verdict = Verdict {
            batch: self.batch,
            node: region(&self.node)?,
            above: self.above.as_deref().map(region).transpose()?,
            state: self.state,
            at: Moment::from_micros(self.at),
            records: self.records,
            unapplied: self.unapplied,
            code: self.code,
            message: self.message,
            bad: self.bad,
        };
        Ok(verdict.bounded())
    }
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

fn region(text: &str) -> Result<Region, BadLetter> {
    Region::parse(text).map_err(|_| BadLetter::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::standard::cipher::Software;

    fn at(text: &str) -> Region {
        Region::parse(text).unwrap()
    }

    fn letter(node: &str) -> Letter {
        let bad = BadRecord { index: 2, field: "BZ".to_owned(), rule: "pattern".to_owned(), error: "错".to_owned() };
        let verdict = Verdict {
            batch: Uuid::from_u128(7),
            node: at(node),
            above: Some(Region::NATION),
            state: State::Parked,
            at: Moment::from_micros(1_700_000_000_000_000),
            records: 3,
            unapplied: 1,
            code: "INVALID_RECORDS".to_owned(),
            message: "记录无法处理".to_owned(),
            bad: vec![bad],
        };
        Letter { from: at("370200"), to: at("370203"), verdicts: vec![verdict], unknown: vec![Uuid::from_u128(8)] }
    }

    #[test]
    fn a_letter_is_read_as_it_was_written() {
        let letter = letter("370000");
        assert_eq!(Letter::read(&letter.write(), at("370200"), at("370203")).unwrap(), letter);
        let question = Question { from: at("370203"), to: at("370200"), batches: vec![Uuid::from_u128(9)] };
        assert_eq!(Question::read(&question.write(), at("370203"), at("370200")).unwrap(), question);
    }

    #[test]
    fn many_verdicts_make_letters_that_are_not_too_long() {
        let one = letter("370200").verdicts.remove(0);
        let parts = |verdicts: &[Verdict]| Letter::parts(verdicts).iter().map(|part| part.len()).collect::<Vec<_>>();
        assert_eq!(parts(&[]), Vec::<usize>::new());
        assert_eq!(parts(&vec![one.clone(); 1_001]), [500, 500, 1]);
        let bad = BadRecord { error: "错".repeat(200), ..one.bad[0].clone() };
        let wordy = Verdict { message: "错".repeat(500), bad: vec![bad; Verdict::MOST_BAD], ..one }.bounded();
        let wordy = vec![wordy; 1_000];
        assert_eq!(parts(&wordy).iter().sum::<usize>(), 1_000);
        for part in Letter::parts(&wordy) {
            let letter = Letter { verdicts: part.to_vec(), ..letter("370200") };
            assert!(letter.write().len() < MOST_BYTES);
        }
    }

    #[test]
    fn invariant_5_a_letter_is_for_one_child_and_a_parent_speaks_for_those_above_it_alone() {
        let read = |letter: &Letter, parent: &str, own: &str| Letter::read(&letter.write(), at(parent), at(own));
        assert_eq!(read(&letter("370000"), "370200", "370211"), Err(BadLetter::Foreign), "for another child");
        assert_eq!(read(&letter("370000"), "370300", "370203"), Err(BadLetter::Foreign), "from another parent");
        assert_eq!(read(&letter("370211"), "370200", "370203"), Err(BadLetter::Foreign), "speaks for a county");
        assert_eq!(read(&letter("320000"), "370200", "370203"), Err(BadLetter::Foreign), "speaks for another province");
        assert!(read(&letter("370200"), "370200", "370203").is_ok());
    }

    #[test]
    fn invariant_5_a_letter_is_signed_by_the_two_that_share_the_key_and_no_kind_stands_for_another() {
        let [key, other] = ["00112233445566778899aabbccddeeff", "ffeeddccbbaa99887766554433221100"]
            .map(|text| Key::parse(text).unwrap());
        let body = letter("370200").write();
        let headers = seal(Kind::Receipts, &Software, &key, &body);
        let opened =
            |kind, keys: &[Key], body: &str| open(kind, &Software, keys, &headers, body.as_bytes()).map(str::len);
        assert_eq!(opened(Kind::Receipts, &[other.clone(), key.clone()], &body), Ok(body.len()), "a former key");
        assert_eq!(opened(Kind::Receipts, &[other], &body), Err(BadLetter::Signature));
        assert_eq!(
            opened(Kind::Receipts, std::slice::from_ref(&key), &body.replace("parked", "failed")),
            Err(BadLetter::Signature)
        );
        assert_eq!(opened(Kind::Question, std::slice::from_ref(&key), &body), Err(BadLetter::Malformed));
        let mut reflected = seal(Kind::Question, &Software, &key, &body);
        reflected.insert(KIND_HEADER.to_owned(), "receipts".to_owned());
        assert_eq!(open(Kind::Receipts, &Software, &[key], &reflected, body.as_bytes()), Err(BadLetter::Signature));
    }
}
