//! Whatever is sent is either the very thing that was signed, or refused with a code.

use crate::spelling::{Meant, Value, key, meant, profile, text};
use proptest::prelude::*;
use sesame::standard::busilist::Array;
use sesame::standard::cipher::{Key, Software};
use sesame::standard::encryption;
use sesame::standard::envelope::{Busilist, Envelope};
use sesame::standard::refusal::Refusal;
use sesame::standard::response::Response;
use sesame::standard::sign::{Canonical, Signer};

fn assert_records(busilist: &str, meant: &Meant) {
    let array = Array::read(busilist).unwrap();
    assert_eq!(array.objects().count(), meant.records.len());
    for (object, record) in array.objects().zip(&meant.records) {
        let object = object.unwrap();
        assert_eq!(object.members().count(), record.len());
        for (name, value) in record {
            let expected = match value {
                Value::Text(text) | Value::Number(text) => Some(text.as_str()).filter(|text| !text.is_empty()),
                Value::Null => None,
            };
            assert_eq!(object.given(name), expected);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn any_spelling_is_read_to_what_was_meant_and_verified_exactly(meant in meant(), key in key(), profile in profile()) {
        let sent = meant.send(profile, &key);
        let envelope = Envelope::read(sent.body.as_bytes()).unwrap();
        prop_assert_eq!(&envelope.appid, &meant.appid);
        prop_assert_eq!(&envelope.busicode, &meant.busicode);
        prop_assert_eq!(&envelope.action, &meant.action);
        prop_assert_eq!(envelope.random.as_str(), &meant.random);
        prop_assert_eq!(envelope.busilist.text(), &sent.busilist);
        prop_assert_eq!(matches!(envelope.busilist, Busilist::Text(_)), meant.as_text);
        prop_assert_eq!(envelope.canonical().parts().concat(), sent.canonical.as_bytes());
        let signer = Signer { cipher: &Software, profile, key: &key };
        prop_assert_eq!(signer.sign(&envelope.canonical()), sent.sign);
        prop_assert!(signer.verify(&envelope.canonical(), &envelope.sign));
        assert_records(envelope.busilist.text(), &meant);
        let written = envelope.write();
        prop_assert_eq!(Envelope::read(written.as_bytes()).unwrap(), envelope);
    }

    #[test]
    fn a_body_with_one_byte_changed_verifies_only_if_it_means_the_same(
        meant in meant(), key in key(), profile in profile(), at in any::<prop::sample::Index>(), flip in 1..=255_u8,
    ) {
        let sent = meant.send(profile, &key);
        let mut body = sent.body.into_bytes();
        let at = at.index(body.len());
        body[at] ^= flip;
        if let Ok(envelope) = Envelope::read(&body) {
            let signer = Signer { cipher: &Software, profile, key: &key };
            let same = envelope.canonical().parts().concat() == sent.canonical.as_bytes()
                && envelope.sign.eq_ignore_ascii_case(&sent.sign);
            prop_assert_eq!(signer.verify(&envelope.canonical(), &envelope.sign), same);
        }
    }

    #[test]
    fn signed_content_with_one_byte_changed_never_verifies(
        values in prop::array::uniform5("[ -~]{1,20}"), key in key(), profile in profile(),
        which in 0..5_usize, at in any::<prop::sample::Index>(), flip in 1..=127_u8,
    ) {
        fn canonical(values: &[String; 5]) -> Canonical<'_> {
            let [action, appid, busicode, busilist, random] = values;
            Canonical::Request { action, appid, busicode, busilist, random }
        }
        let signer = Signer { cipher: &Software, profile, key: &key };
        let sign = signer.sign(&canonical(&values));
        prop_assert!(signer.verify(&canonical(&values), &sign));
        let mut changed = values.clone();
        let mut bytes = changed[which].clone().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        changed[which] = String::from_utf8(bytes).unwrap();
        prop_assert!(!signer.verify(&canonical(&changed), &sign));
    }

    #[test]
    fn a_repeated_key_is_refused_however_it_is_spelled_and_the_random_repeated(
        meant in meant(), key in key(), profile in profile(), which in 0..6_usize, value in "[ -~]{0,9}",
    ) {
        let name = ["appid", "busicode", "action", "busilist", "sign", "x-unknown"][which];
        let body = meant.send(profile, &key).body;
        let mut whims = meant.whims();
        let mut member = || format!("{}:{},", whims.literal(name), whims.literal(&value));
        let (first, second) = (member(), member());
        let repeated = body.replacen('{', &format!("{{{first}{second}"), 1);
        let error = Envelope::read(repeated.as_bytes()).unwrap_err();
        prop_assert_eq!(error.random.map(|random| random.to_string()), Some(meant.random));
        let expected = format!("[MALFORMED] 键 {name:?} 重复出现");
        prop_assert_eq!(Refusal::from(error.reason).to_string(), expected);
    }

    #[test]
    fn a_body_cut_short_or_carried_on_is_refused(meant in meant(), key in key(), profile in profile(), at in any::<prop::sample::Index>()) {
        let body = meant.send(profile, &key).body.trim_end().to_owned();
        let cut = &body.as_bytes()[..at.index(body.len())];
        prop_assert!(Envelope::read(cut).is_err());
        let (comma, twice) = (body.clone() + "\n,", body.repeat(2));
        prop_assert!(Envelope::read(comma.as_bytes()).is_err());
        prop_assert!(Envelope::read(twice.as_bytes()).is_err());
    }

    #[test]
    fn any_text_is_encrypted_and_decrypted(text in text(), key in key(), other in key(), iv in any::<[u8; 16]>()) {
        let ciphertext = encryption::encrypt(&Software, &key, iv, &text);
        let decrypted = encryption::decrypt(&Software, &key, &ciphertext).unwrap();
        prop_assert_eq!((&decrypted.text, decrypted.iv), (&text, iv));
        if other != key {
            prop_assert_ne!(encryption::decrypt(&Software, &other, &ciphertext).map(|found| found.text), Ok(text));
        }
    }
}

/// Every door through which foreign bytes come in.
fn knock(bytes: &[u8]) {
    if let Err(error) = Envelope::read(bytes) {
        assert!(Refusal::from(error.reason).to_string().starts_with("[MALFORMED] "));
    }
    if let Ok(response) = Response::read(bytes) {
        let _ = response.answer();
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = (Key::parse(text), encryption::decrypt(&Software, &Key::from_bytes([0; 16]), text));
        if let Ok(array) = Array::read(text) {
            array.objects().for_each(drop);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5000))]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        knock(&bytes);
    }

    #[test]
    fn arbitrary_json_tokens_never_panic(tokens in prop::collection::vec(prop::sample::select(vec![
        "{", "}", "[", "]", ",", ":", " ", "\n", "\"", "\\", "\\ud800", "\\udc00", "\\u", "null", "true", "1", "-", ".", "e",
        "\"appid\"", "\"busicode\"", "\"action\"", "\"busilist\"", "\"random\"", "\"sign\"", "\"datalist\"", "\"result\"",
        "\"0001\"", "\"r\"", "{\"datalist\":", "设", "\u{feff}", "\0", "0F", "[{", "}]",
    ]), 0..40)) {
        knock(tokens.concat().as_bytes());
    }
}
