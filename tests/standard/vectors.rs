//! The vectors of the interface, on which sm-crypto, gmssl and OpenSSL agree: from the body to the signature and back.

use serde::Deserialize;
use sesame::standard::answer::Answer;
use sesame::standard::cipher::{Cipher, Key, Software};
use sesame::standard::encryption::{self, Decrypted};
use sesame::standard::envelope::{Busilist, Envelope};
use sesame::standard::random::Random;
use sesame::standard::response::{DatalistForm, Response};
use sesame::standard::sign::{Canonical, Profile, Signer};

#[derive(Deserialize)]
struct Vectors {
    requests: Vec<Request>,
    encryption: Vec<Encryption>,
    responses: Vec<Answered>,
}

#[derive(Deserialize)]
struct Request {
    name: String,
    key_hex: String,
    appid: String,
    busicode: String,
    action: String,
    random: String,
    busilist_form: String,
    busilist_text: String,
    canonical: String,
    sm3_hex: String,
    sign_digest: String,
    sign_full: String,
    sign_cmac: String,
    sign_hmac: String,
    body: String,
}

#[derive(Deserialize)]
struct Encryption {
    plaintext: String,
    data_key_hex: String,
    iv_hex: String,
    ciphertext: String,
}

#[derive(Deserialize)]
struct Answered {
    key_hex: String,
    datalist_text: String,
    random: String,
    canonical: String,
    sign_digest: String,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../vectors/signatures.json")).unwrap()
}

fn joined(canonical: Canonical<'_>) -> String {
    String::from_utf8(canonical.parts().concat()).unwrap()
}

#[test]
fn every_request_is_read_to_its_values() {
    for vector in vectors().requests {
        let envelope = Envelope::read(vector.body.as_bytes()).unwrap();
        let values = [&envelope.appid, &envelope.busicode, &envelope.action, envelope.busilist.text(), &envelope.sign];
        let expected = [&vector.appid, &vector.busicode, &vector.action, &vector.busilist_text, &vector.sign_digest]
            .map(|v| &v[..]);
        assert_eq!(values, expected, "{}", vector.name);
        assert_eq!(envelope.random.as_str(), vector.random);
        assert_eq!(matches!(envelope.busilist, Busilist::Array(_)), vector.busilist_form == "array", "{}", vector.name);
        assert_eq!(joined(envelope.canonical()), vector.canonical, "{}", vector.name);
        assert_eq!(envelope.write(), vector.body, "{}", vector.name);
    }
}

#[test]
fn every_request_is_signed_alike_in_all_four_profiles() {
    for vector in vectors().requests {
        let envelope = Envelope::read(vector.body.as_bytes()).unwrap();
        let key = Key::parse(&vector.key_hex).unwrap();
        assert_eq!(hex::encode(Software.sm3(&envelope.canonical().parts())), vector.sm3_hex, "{}", vector.name);
        let profiles = [
            (Profile::Digest, &vector.sign_digest),
            (Profile::Full, &vector.sign_full),
            (Profile::Cmac, &vector.sign_cmac),
            (Profile::Hmac, &vector.sign_hmac),
        ];
        for (profile, expected) in profiles {
            let signer = Signer { cipher: &Software, profile, key: &key };
            assert_eq!(&signer.sign(&envelope.canonical()), expected, "{} {profile:?}", vector.name);
            assert!(signer.verify(&envelope.canonical(), expected), "{} {profile:?}", vector.name);
            assert!(signer.verify(&envelope.canonical(), &expected.to_lowercase()), "{} {profile:?}", vector.name);
        }
        let signer = Signer { cipher: &Software, profile: Profile::Digest, key: &key };
        assert_eq!(Envelope { sign: "".into(), ..envelope }.signed(signer).write(), vector.body, "{}", vector.name);
    }
}

#[test]
fn the_busilist_is_encrypted_and_decrypted_alike() {
    let all = vectors().encryption;
    assert_eq!(all.len(), 1);
    for vector in all {
        let key = Key::parse(&vector.data_key_hex).unwrap();
        let iv: [u8; 16] = hex::decode(&vector.iv_hex).unwrap().try_into().unwrap();
        assert_eq!(encryption::encrypt(&Software, &key, iv, &vector.plaintext), vector.ciphertext);
        let decrypted = Decrypted { text: vector.plaintext, iv };
        assert_eq!(encryption::decrypt(&Software, &key, &vector.ciphertext), Ok(decrypted.clone()));
        assert_eq!(encryption::decrypt(&Software, &key, &vector.ciphertext.to_lowercase()), Ok(decrypted));
    }
}

#[test]
fn the_response_is_made_and_verified_alike() {
    let answer = Answer::success("已接收1条", r#"[{"BATCH":"0192f0c1-7b1a-7c3e-9a51-0d2b6c7e8f90","RECORDS":"1"}]"#);
    let all = vectors().responses;
    assert_eq!(all.len(), 1);
    for vector in all {
        let key = Key::parse(&vector.key_hex).unwrap();
        let signer = Signer { cipher: &Software, profile: Profile::Digest, key: &key };
        let random = Random::parse(&vector.random).unwrap();
        for form in [DatalistForm::Object, DatalistForm::Text] {
            let response = Response::new(&answer, form, Some(&random)).signed(signer);
            assert_eq!(response.datalist, vector.datalist_text);
            assert_eq!(joined(response.canonical()), vector.canonical);
            assert_eq!(response.sign, vector.sign_digest);
            let body = response.write();
            assert!(Response::read(body.as_bytes()).unwrap().is_answer_to(&random, signer));
        }
    }
}
