//! Each mistake, made as a vendor makes it, is told.

use super::*;
use crate::standard::busilist::Array;
use crate::standard::cipher::Software;
use crate::standard::encryption;
use crate::standard::envelope::Busilist;
use crate::standard::random::Random;

const KEY: &str = "0123456789abcdeffedcba9876543210";
const SENT: &str = r#"[{"SYDJZBH":"梯11鲁B/1","BZ":"a<b","A":"12.50"}]"#;

fn key(text: &str) -> Key {
    Key::parse(text).unwrap()
}

fn envelope<'a>(busilist: Busilist<'a>, sign: &'a str) -> Envelope<'a> {
    Envelope {
        appid: "A01".into(),
        busicode: "003".into(),
        action: "01".into(),
        busilist,
        random: Random::parse("r-1").unwrap(),
        sign: sign.into(),
    }
}

fn told_by(profile: Profile, busilist: Busilist<'_>, sign: &str) -> Diagnosis {
    let (key, retired, data_key) = (key(KEY), Key::from_bytes([7; 16]), Key::from_bytes([8; 16]));
    let (retired, data_key) = (Some(&retired), Some(&data_key));
    let known = Known { cipher: &Software, profile, key: &key, retired, data_key };
    diagnose(&known, &envelope(busilist, sign))
}

/// What is told of a signature under the digest profile with the busilist as an array.
fn told(sign: &str) -> Diagnosis {
    told_by(Profile::Digest, Busilist::Array(Array::known(SENT)), sign)
}

fn digest_of(text: &str) -> String {
    hex::encode(Software.sm3(&[text.as_bytes()]))
}

/// The digest profile, of any canonical string and key.
fn signed_with(key: &Key, text: &str) -> String {
    hex::encode_upper(Software.sm4_ecb(key, &[digest_of(text).as_bytes()]))
}

fn signed(text: &str) -> String {
    signed_with(&key(KEY), text)
}

fn canonical(busilist: &str) -> String {
    format!("action=01&appid=A01&busicode=003&busilist={busilist}&random=r-1")
}

fn found(mistake: Mistake) -> Diagnosis {
    Diagnosis::Found(vec![mistake])
}

#[test]
fn the_key_is_told_when_it_is_not_the_right_one() {
    let text = canonical(SENT);
    let ascii = |text: &str| Key::from_bytes(text.as_bytes()[..16].try_into().unwrap());
    assert_eq!(told(&signed_with(&ascii(KEY), &text)), found(Mistake::KeyAsText));
    assert_eq!(told(&signed_with(&ascii(&KEY.to_uppercase()), &text)), found(Mistake::KeyAsText));
    assert_eq!(told(&signed_with(&Key::from_bytes([7; 16]), &text)), found(Mistake::RetiredKey));
    assert_eq!(told(&signed_with(&Key::from_bytes([8; 16]), &text)), found(Mistake::DataKey));
    // RFC 2104 with the 32 characters as key.
    let mut mac = <hmac::Hmac<sm3::Sm3> as hmac::KeyInit>::new_from_slice(KEY.as_bytes()).unwrap();
    hmac::Mac::update(&mut mac, text.as_bytes());
    let sign = hex::encode_upper(hmac::Mac::finalize(mac).into_bytes());
    assert_eq!(told_by(Profile::Hmac, Busilist::Array(Array::known(SENT)), &sign), found(Mistake::KeyAsText));
}

#[test]
fn the_cipher_is_told_when_it_is_used_in_another_way() {
    let (text, key) = (canonical(SENT), key(KEY));
    let digest = digest_of(&text);
    let ecb = |plain: &[u8]| hex::encode_upper(Software.sm4_ecb(&key, &[plain]));
    assert_eq!(told(&ecb(digest.to_uppercase().as_bytes())), found(Mistake::UpperCaseDigest));
    assert_eq!(told(&ecb(&hex::decode(&digest).unwrap())), found(Mistake::DigestAsBytes));
    assert_eq!(told(&digest.to_uppercase()), found(Mistake::NotEncrypted));
    assert_eq!(told(&ecb(digest.as_bytes())[..128]), found(Mistake::NoPadding));
    for iv in [[0; 16], *key.bytes()] {
        let cbc = Software.sm4_cbc_encrypt(&key, &iv, digest.as_bytes());
        assert_eq!(told(&hex::encode(cbc)), found(Mistake::Cbc));
    }
    for used in [Profile::Full, Profile::Cmac, Profile::Hmac] {
        let signer = crate::standard::sign::Signer { cipher: &Software, profile: used, key: &key };
        let sign = signer.sign(&envelope(Busilist::Array(Array::known(SENT)), "").canonical());
        assert_eq!(told(&sign), found(Mistake::OtherProfile { used, agreed: Profile::Digest }));
        let mirrored = told_by(used, Busilist::Array(Array::known(SENT)), &signed(&text));
        assert_eq!(mirrored, found(Mistake::OtherProfile { used: Profile::Digest, agreed: used }));
    }
}

#[test]
fn how_a_signature_is_written_is_told() {
    let sign = signed(&canonical(SENT));
    let base64 = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, hex::decode(&sign).unwrap());
    assert_eq!(told(&base64), found(Mistake::Base64));
    assert_eq!(told(&format!("{sign}\n")), found(Mistake::SpacedSign));
    assert_eq!(told("签名"), found(Mistake::NotHex));
    assert_eq!(told(&sign[..64]), Diagnosis::Length { given: 64, expected: 160 });
    assert_eq!(told(""), Diagnosis::Length { given: 0, expected: 160 });
}

#[test]
fn parameters_are_told_when_they_are_not_as_agreed() {
    let right = canonical(SENT);
    let order = "appid、busicode、action、busilist、random";
    let cases = [
        (format!("appid=A01&busicode=003&action=01&busilist={SENT}&random=r-1"), Mistake::Order(order.to_owned())),
        (right.replace("&busicode=003", ""), Mistake::Missing("busicode")),
        (right.replace("&random=r-1", ""), Mistake::Missing("random")),
        (right.replace("appid=A01", "appid="), Mistake::Empty("appid")),
        (right.replace("A01", "A01 "), Mistake::Spaced("appid")),
        (right.replace("A01", " A01"), Mistake::Spaced("appid")),
        (format!("{right}\n"), Mistake::TrailingNewline),
        (format!("{right}\r\n"), Mistake::TrailingNewline),
        (format!("01A01003{SENT}r-1"), Mistake::NoNames),
        (format!("{right}&sign="), Mistake::Appended("sign")),
        (format!("{right}&key={KEY}"), Mistake::Appended("key")),
        (
            format!(r#"{{"appid":"A01","busicode":"003","action":"01","busilist":{SENT},"random":"r-1"}}"#),
            Mistake::Json,
        ),
    ];
    for (text, mistake) in cases {
        assert_eq!(told(&signed(&text)), found(mistake), "{text}");
    }
    let (gbk, _, _) = encoding_rs::GBK.encode(&right);
    let digest = hex::encode(Software.sm3(&[&gbk]));
    assert_eq!(told(&hex::encode(Software.sm4_ecb(&key(KEY), &[digest.as_bytes()]))), found(Mistake::Gbk));
    let encoded =
        "%5B%7B%22SYDJZBH%22%3A%22%E6%A2%AF11%E9%B2%81B%2F1%22%2C%22BZ%22%3A%22a%3Cb%22%2C%22A%22%3A%2212.50%22%7D%5D";
    assert_eq!(told(&signed(&canonical(encoded))), found(Mistake::UrlEncoded));
}

#[test]
fn a_busilist_serialised_again_is_told() {
    let cases = [
        (r#"[{"SYDJZBH": "梯11鲁B/1", "BZ": "a<b", "A": "12.50"}]"#, "逗号、冒号后有空格"),
        (r#"[{"A":"12.50","BZ":"a<b","SYDJZBH":"梯11鲁B/1"}]"#, "键按字母排了序"),
        (r#"[{"SYDJZBH":"\u68af11\u9c81B/1","BZ":"a<b","A":"12.50"}]"#, "\\uXXXX"),
        (r#"[{"SYDJZBH":"梯11鲁B\/1","BZ":"a<b","A":"12.50"}]"#, "\\/"),
        (r#"[{"SYDJZBH":"梯11鲁B/1","BZ":"a\u003cb","A":"12.50"}]"#, "\\u003c"),
        ("[\n  {\n    \"SYDJZBH\": \"梯11鲁B/1\",\n    \"BZ\": \"a<b\",\n    \"A\": \"12.50\"\n  }\n]", "缩进"),
    ];
    for (text, how) in cases {
        let told = told(&signed(&canonical(text)));
        assert!(matches!(&told, Diagnosis::Found(m) if matches!(&m[..], [Mistake::Serialised(_)])), "{text}: {told:?}");
        assert!(told.to_string().contains(how), "{told}");
    }
    // Sent with white space, signed without.
    let sent = Busilist::Array(Array::known(r#"[ {"A" : 1.50} ]"#));
    let told = told_by(Profile::Digest, sent, &signed(&canonical(r#"[{"A":1.5}]"#)));
    assert!(told.to_string().contains("没有空格"), "{told}");
}

#[test]
fn a_busilist_taken_for_something_else_is_told() {
    assert_eq!(told(&signed(&canonical("[{SYDJZBH=梯11鲁B/1, BZ=a<b, A=12.50}]"))), found(Mistake::JavaText));
    let escaped = SENT.replace('"', "\\\"");
    let text = || Busilist::Text(SENT.into());
    let as_text = |busilist: &str| told_by(Profile::Digest, text(), &signed(&canonical(busilist)));
    assert_eq!(as_text(&format!("\"{escaped}\"")), found(Mistake::Quoted));
    assert_eq!(as_text(&escaped), found(Mistake::StillEscaped));
    assert_eq!(told(&signed(&canonical(&format!("\"{escaped}\"")))), found(Mistake::Quoted));

    let ciphertext = encryption::encrypt(&Software, &Key::from_bytes([8; 16]), [1; 16], SENT);
    let encrypted = |busilist: &str| {
        told_by(Profile::Digest, Busilist::Text(ciphertext.as_str().into()), &signed(&canonical(busilist)))
    };
    assert_eq!(encrypted(SENT), found(Mistake::Plaintext));
    assert_eq!(encrypted(&ciphertext.to_lowercase()), found(Mistake::CaseOfCiphertext));
}

#[test]
fn two_mistakes_at_once_are_told_together() {
    let text =
        format!("appid=A01&busicode=003&action=01&busilist={}&random=r-1", SENT.replace(':', ": ").replace(',', ", "));
    let told_of = told(&signed(&text));
    assert!(matches!(&told_of, Diagnosis::Found(mistakes) if mistakes.len() == 2), "{told_of:?}");
    let upper = digest_of(&format!("{}\n", canonical(SENT))).to_uppercase();
    let sign = hex::encode(Software.sm4_ecb(&key(KEY), &[upper.as_bytes()]));
    assert_eq!(told(&sign), Diagnosis::Found(vec![Mistake::TrailingNewline, Mistake::UpperCaseDigest]));
}

#[test]
fn what_is_not_found_is_narrowed_by_the_last_block() {
    assert_eq!(told(&signed("something else")), Diagnosis::OtherText);
    assert_eq!(told(&signed_with(&Key::from_bytes([9; 16]), &canonical(SENT))), Diagnosis::OtherKey);
    let long = format!("[\"{}\"]", "x".repeat(LONGEST));
    assert_eq!(told_by(Profile::Digest, Busilist::Array(Array::known(&long)), "00"), Diagnosis::TooLong);
}

#[test]
fn of_two_diagnoses_the_one_that_says_more_counts() {
    let (one, two) = (found(Mistake::Cbc), Diagnosis::Found(vec![Mistake::Cbc, Mistake::Json]));
    assert_eq!(Diagnosis::OtherKey.or_better(two.clone()), two);
    assert_eq!(two.or_better(one.clone()), one);
    assert_eq!(Diagnosis::OtherKey.or_better(Diagnosis::OtherText), Diagnosis::OtherText);
    assert_eq!(one.clone().or_better(Diagnosis::Nothing), one);
}

#[test]
fn neither_key_nor_right_signature_is_ever_shown() {
    let right = signed(&canonical(SENT));
    for text in [canonical(&SENT.replace('"', "\\\"")), format!("{}&key={KEY}", canonical(SENT)), "x".to_owned()] {
        let told = told(&signed(&text)).to_string();
        assert!(!told.is_ascii() && !told.contains(KEY) && !told.contains(&right[..32]), "{told}");
    }
}
