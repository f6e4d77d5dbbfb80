//! The many spellings of one request: white space, escapes, forms of numbers, order of keys, further keys.
//!
//! The whims that choose between spellings are bytes drawn beforehand; where they are zero the spelling is the plainest, so
//! that a failing case shrinks to the one whim that matters.

use proptest::prelude::*;
use sesame::standard::cipher::{Cipher, Key, Software};
use sesame::standard::sign::Profile;

/// Decides between spellings.
pub struct Whims {
    bytes: Vec<u8>,
    next: usize,
}

impl Whims {
    fn pick(&mut self, choices: usize) -> usize {
        self.next += 1;
        usize::from(self.bytes[self.next % self.bytes.len()]) % choices
    }

    fn space(&mut self) -> &'static str {
        ["", "", "", " ", "\n", "\r\n\t", "   "][self.pick(7)]
    }

    /// A JSON string literal of `text`, each character raw or escaped in one of the ways JSON has.
    pub fn literal(&mut self, text: &str) -> String {
        let mut literal = String::from("\"");
        for c in text.chars() {
            let short = match c {
                '"' | '\\' | '/' => Some(c),
                '\u{8}' => Some('b'),
                '\u{c}' => Some('f'),
                '\n' => Some('n'),
                '\r' => Some('r'),
                '\t' => Some('t'),
                _ => None,
            };
            match (self.pick(4), short) {
                (0 | 1, _) if c >= ' ' && c != '"' && c != '\\' => literal.push(c),
                (0..=2, Some(letter)) => literal.extend(['\\', letter]),
                (2, _) => {
                    c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| literal.push_str(&format!("\\u{unit:04X}")))
                }
                _ => c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| literal.push_str(&format!("\\u{unit:04x}"))),
            }
        }
        literal.push('"');
        literal
    }

    /// An object of the members, in an order of its own.
    pub fn object(&mut self, mut members: Vec<(String, String)>) -> String {
        let mut object = format!("{{{}", self.space());
        let mut first = true;
        while !members.is_empty() {
            let (name, value) = members.remove(self.pick(members.len()));
            let separator = if first { "" } else { "," };
            let spaces: [&str; 4] = std::array::from_fn(|_| self.space());
            let name = self.literal(&name);
            object += &[separator, spaces[0], &name, spaces[1], ":", spaces[2], &value, spaces[3]].concat();
            first = false;
        }
        object + "}"
    }
}

/// A value of a record as it means, and as it is spelled if that is not ours to choose.
#[derive(Debug, Clone)]
pub enum Value {
    Text(String),
    Number(String),
    Null,
}

/// What a vendor's program means to send.
#[derive(Debug, Clone)]
pub struct Meant {
    pub appid: String,
    pub busicode: String,
    pub action: String,
    pub records: Vec<Vec<(String, Value)>>,
    pub random: String,
    pub as_text: bool,
    extra: Vec<(String, String)>,
    whims: Vec<u8>,
}

/// What it sends, and what it signed.
#[derive(Debug, Clone)]
pub struct Sent {
    pub body: String,
    pub busilist: String,
    pub canonical: String,
    pub sign: String,
}

impl Meant {
    pub fn whims(&self) -> Whims {
        Whims { bytes: self.whims.clone(), next: 0 }
    }

    /// The busilist, the canonical string and the signature are put together here from the words of the contract alone.
    pub fn send(&self, profile: Profile, key: &Key) -> Sent {
        let mut whims = self.whims();
        let records = self.records.iter().map(|record| {
            let members = record.iter().map(|(name, value)| {
                let value = match value {
                    Value::Text(text) => whims.literal(text),
                    Value::Number(text) => text.clone(),
                    Value::Null => "null".to_owned(),
                };
                (name.clone(), value)
            });
            let members = members.collect();
            whims.object(members)
        });
        let records: Vec<String> = records.collect();
        let (before, after) = (whims.space(), whims.space());
        let busilist = format!("[{before}{}]", records.join(&format!("{after},{before}")));
        let canonical = format!(
            "action={}&appid={}&busicode={}&busilist={busilist}&random={}",
            self.action, self.appid, self.busicode, self.random
        );
        let sign = signature(profile, key, canonical.as_bytes());
        let strings =
            [("appid", &self.appid), ("busicode", &self.busicode), ("action", &self.action), ("random", &self.random)];
        let mut members: Vec<(String, String)> =
            strings.iter().map(|(name, text)| (name.to_string(), whims.literal(text))).collect();
        members.push(("sign".to_owned(), whims.literal(&sign)));
        members.push(("busilist".to_owned(), if self.as_text { whims.literal(&busilist) } else { busilist.clone() }));
        members.extend(self.extra.iter().cloned());
        let bom = ["", "", "\u{feff}"][whims.pick(3)];
        let body = [bom, whims.space(), &whims.object(members), whims.space()].concat();
        Sent { body, busilist, canonical, sign }
    }
}

/// The signature of a canonical string that is in one piece, by the sentence of the contract for its profile.
pub fn signature(profile: Profile, key: &Key, canonical: &[u8]) -> String {
    let signature = match profile {
        Profile::Digest => Software.sm4_ecb(key, &[hex::encode(Software.sm3(&[canonical])).as_bytes()]),
        Profile::Full => Software.sm4_ecb(key, &[canonical]),
        Profile::Cmac => Software.sm4_cmac(key, &[canonical]).to_vec(),
        Profile::Hmac => Software.hmac_sm3(key, &[canonical]).to_vec(),
    };
    hex::encode_upper(signature)
}

pub fn profile() -> impl Strategy<Value = Profile> {
    prop::sample::select(vec![Profile::Digest, Profile::Full, Profile::Cmac, Profile::Hmac])
}

pub fn key() -> impl Strategy<Value = Key> {
    any::<[u8; 16]>().prop_map(Key::from_bytes)
}

/// Any Unicode, and more often than chance would the characters that JSON, forms and canonical strings stumble over.
pub fn text() -> impl Strategy<Value = String> {
    let awkward =
        prop::sample::select("\"\\/&=\u{8}\t\u{7f}\u{2028}\u{feff}设备𠮷〔〕 Aa0[]{},:".chars().collect::<Vec<_>>());
    prop::collection::vec(prop_oneof![awkward, any::<char>()], 0..12).prop_map(|chars| chars.into_iter().collect())
}

fn value() -> impl Strategy<Value = Value> {
    let number = "-?(0|[1-9][0-9]{0,20})([.][0-9]{1,6})?([eE][+-]?[0-9]{1,4})?";
    prop_oneof![
        4 => text().prop_map(|text| Value::Text(text.replace('\0', ""))),
        1 => number.prop_map(Value::Number),
        1 => Just(Value::Null),
    ]
}

fn record() -> impl Strategy<Value = Vec<(String, Value)>> {
    let name = text().prop_map(|text| text.replace('\0', ""));
    prop::collection::btree_map(name, value(), 0..6).prop_map(|record| record.into_iter().collect())
}

/// Keys at the top that no table has, with values of every kind.
fn extra() -> impl Strategy<Value = Vec<(String, String)>> {
    let values =
        ["null", "-0.0e-0", "true", "[]", "{\"appid\":\"x\",\"appid\":[{}]}", "\"\\ud800\"", "[[[[\"sign\"]]]]"];
    let values = prop::sample::select(values.map(str::to_owned).to_vec());
    prop::collection::btree_map("[a-z]{2}|设备.{0,3}|Sign|", values, 0..4).prop_map(|extra| extra.into_iter().collect())
}

pub fn meant() -> impl Strategy<Value = Meant> {
    let strings = (text(), text(), text(), "[ -~]{1,64}");
    let whims = prop::collection::vec(any::<u8>(), 1..200);
    (strings, prop::collection::vec(record(), 0..4), any::<bool>(), extra(), whims).prop_map(
        |((appid, busicode, action, random), records, as_text, extra, whims)| Meant {
            appid,
            busicode,
            action,
            records,
            random,
            as_text,
            extra,
            whims,
        },
    )
}
