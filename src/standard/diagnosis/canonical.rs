//! The texts that may have been signed instead of the canonical string.

use super::busilist;
use super::{Known, Mistake};
use crate::standard::envelope::Envelope;
use crate::standard::json::quote;

/// A text that may have been signed, and the mistakes that make it.
pub(super) struct Candidate {
    pub(super) mistakes: Vec<Mistake>,
    pub(super) text: Vec<u8>,
}

/// The parameters in the order of the canonical string.
const NAMES: [&str; 5] = ["action", "appid", "busicode", "busilist", "random"];
/// The order of table 1, which most who do not follow ours follow.
const TABLE_1: [usize; 5] = [1, 2, 0, 3, 4];

/// What may have been signed, the right text first, then the likelier mistakes.
pub(super) fn candidates(known: &Known<'_>, envelope: &Envelope<'_>) -> Vec<Candidate> {
    let sent = envelope.busilist.text();
    let values: [&str; 5] = [&envelope.action, &envelope.appid, &envelope.busicode, sent, envelope.random.as_str()];
    let right = in_order(&values, [0, 1, 2, 3, 4]);
    let mut all = vec![Candidate { mistakes: Vec::new(), text: right.clone().into() }];
    let mut one = |mistake: Mistake, text: String| all.push(Candidate { mistakes: vec![mistake], text: text.into() });

    let busilists = busilist::variants(known, &envelope.busilist);
    for (mistake, text) in &busilists {
        one(mistake.clone(), in_order(&with(&values, 3, text), [0, 1, 2, 3, 4]));
    }
    for (at, name) in NAMES.into_iter().enumerate() {
        one(Mistake::Empty(name), in_order(&with(&values, at, ""), [0, 1, 2, 3, 4]));
        one(Mistake::Missing(name), without(&values, at));
        let trimmed = values[at].trim();
        for spaced in [format!("{} ", values[at]), format!(" {}", values[at]), trimmed.to_owned()] {
            if spaced != values[at] {
                one(Mistake::Spaced(name), in_order(&with(&values, at, &spaced), [0, 1, 2, 3, 4]));
            }
        }
    }
    one(Mistake::TrailingNewline, format!("{right}\n"));
    one(Mistake::TrailingNewline, format!("{right}\r\n"));
    one(Mistake::NoNames, values.concat());
    one(Mistake::NoNames, TABLE_1.map(|at| values[at]).concat());
    one(Mistake::Appended("sign"), format!("{right}&sign="));
    for key in [hex::encode(known.key.bytes()), hex::encode_upper(known.key.bytes())] {
        one(Mistake::Appended("key"), format!("{right}&key={key}"));
    }
    for text in requests(envelope) {
        one(Mistake::Json, text);
    }
    one(Mistake::UrlEncoded, url_encoded(&right));
    let encoded: Vec<String> = values.iter().map(|value| url_encoded(value)).collect();
    one(Mistake::UrlEncoded, in_order(&std::array::from_fn(|at| encoded[at].as_str()), [0, 1, 2, 3, 4]));

    let (gbk, _, _) = encoding_rs::GBK.encode(&right);
    all.push(Candidate { mistakes: vec![Mistake::Gbk], text: gbk.into_owned() });
    for order in orders() {
        let mistake = Mistake::Order(order.map(|at| NAMES[at]).join("、"));
        all.push(Candidate { mistakes: vec![mistake.clone()], text: in_order(&values, order).into() });
        if order == TABLE_1 {
            all.extend(busilists.iter().map(|(other, text)| Candidate {
                mistakes: vec![mistake.clone(), other.clone()],
                text: in_order(&with(&values, 3, text), order).into(),
            }));
        }
    }
    all
}

fn in_order(values: &[&str; 5], order: [usize; 5]) -> String {
    order.map(|at| format!("{}={}", NAMES[at], values[at])).join("&")
}

fn with<'a>(values: &[&'a str; 5], at: usize, value: &'a str) -> [&'a str; 5] {
    let mut values = *values;
    values[at] = value;
    values
}

fn without(values: &[&str; 5], gone: usize) -> String {
    let rest = (0..5).filter(|at| *at != gone).map(|at| format!("{}={}", NAMES[at], values[at]));
    rest.collect::<Vec<_>>().join("&")
}

/// The request as JSON, as it was before it had a signature: without `sign`, or with an empty one.
fn requests(envelope: &Envelope<'_>) -> [String; 2] {
    let unsigned = Envelope { sign: "".into(), ..envelope.clone() }.write();
    let end = format!(",{}:{}", quote("sign"), quote(""));
    [unsigned.replacen(&end, "", 1), unsigned]
}

/// Every order but the right one.
fn orders() -> Vec<[usize; 5]> {
    let mut orders = vec![TABLE_1];
    let digits = (0..5_usize.pow(5)).map(|number| [625, 125, 25, 5, 1].map(|place| number / place % 5));
    let is_order = |order: &[usize; 5]| (0..5).all(|at| order.contains(&at));
    orders.extend(digits.filter(|order| is_order(order) && *order != [0, 1, 2, 3, 4] && *order != TABLE_1));
    orders
}

/// As `application/x-www-form-urlencoded` does it.
fn url_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'_' | b'.' | b'*' => encoded.push(char::from(byte)),
            b' ' => encoded.push('+'),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}
