//! Worked examples: computed, so that what the documents show is what a node does.

use crate::dataset::{Checker, Dataset, Dictionary, UnknownFields};
use crate::generate::World;
use crate::standard::busilist::Array;
use crate::standard::cipher::{BLOCK, Cipher, Key, Software};
use crate::standard::code::{Action, BusinessCode};
use crate::standard::encryption;
use crate::standard::envelope::{Busilist, Envelope};
use crate::standard::flat_object::FlatObject;
use crate::standard::moment::Moment;
use crate::standard::random::Random;
use crate::standard::region::{Region, RegionTable};
use crate::standard::sign::{Canonical, Profile, Signer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The key of all examples, which no app but those of the demo has.
pub(super) const KEY: [u8; BLOCK] = 0x0123_4567_89ab_cdef_fedc_ba98_7654_3210_u128.to_be_bytes();
/// The data key of the example of encryption.
pub(super) const DATA_KEY: [u8; BLOCK] = 0x0011_2233_4455_6677_8899_aabb_ccdd_eeff_u128.to_be_bytes();
/// Its initialisation vector; a real one is drawn anew for every request.
pub(super) const IV: [u8; BLOCK] = 0x0001_0203_0405_0607_0809_0a0b_0c0d_0e0f_u128.to_be_bytes();
/// The account of all examples.
pub(super) const APPID: &str = "370203-A01";
/// The random of all examples.
pub(super) const RANDOM: &str = "0192f0c1-7b1a-7c3e-9a51-0d2b6c7e8f90";
/// A busilist to sign: short, and no whole record.
pub(super) const BUSILIST: &str = r#"[{"SYDJZBH":"梯11鲁B00001(18)"}]"#;
/// A busilist to encrypt.
pub(super) const PLAIN: &str = r#"[{"ZSBH":"110101190001010014","XMDH":"T","XM":"张三","XZQHDM":"370203"}]"#;
/// A datalist to verify.
pub(super) const DATALIST: &str = r#"{"result":"0001","message":"已接收1条","busilist":[{"BATCH":"0192f0c1-7b1a-7c3e-9a51-0d2b6c7e8f90","RECORDS":"1"}]}"#;

/// The request of [`BUSILIST`], as it is signed.
pub(super) fn canonical_request() -> Canonical<'static> {
    Canonical::Request { action: "01", appid: APPID, busicode: "003", busilist: BUSILIST, random: RANDOM }
}

/// The response of [`DATALIST`], as it is signed.
pub(super) fn canonical_response() -> Canonical<'static> {
    Canonical::Response { datalist: DATALIST, random: RANDOM }
}

/// The canonical string.
pub(super) fn text(canonical: &Canonical<'_>) -> String {
    String::from_utf8_lossy(&canonical.parts().concat()).into_owned()
}

/// SM3 of the canonical string, as the signature takes it.
pub(super) fn sm3(canonical: &Canonical<'_>) -> String {
    hex::encode(Software.sm3(&canonical.parts()))
}

/// The signature by the key of the examples.
pub(super) fn sign(canonical: &Canonical<'_>, profile: Profile) -> String {
    Signer { cipher: &Software, profile, key: &Key::from_bytes(KEY) }.sign(canonical)
}

/// [`PLAIN`] encrypted.
pub(super) fn ciphertext() -> String {
    encryption::encrypt(&Software, &Key::from_bytes(DATA_KEY), IV, PLAIN)
}

/// A signed request, as its body is sent. `None` if the random of the examples were none.
pub(super) fn request(busicode: &str, action: Action, busilist: &str) -> Option<String> {
    let key = Key::from_bytes(KEY);
    let signer = Signer { cipher: &Software, profile: Profile::Digest, key: &key };
    let envelope = Envelope {
        appid: APPID.into(),
        busicode: busicode.into(),
        action: action.code().into(),
        busilist: Busilist::Array(Array::known(busilist)),
        random: Random::parse(RANDOM).ok()?,
        sign: "".into(),
    };
    Some(envelope.signed(signer).write())
}

/// A good record of each dataset. An operator's own dataset, which the generator knows nothing of, has none.
pub(super) struct Records(BTreeMap<BusinessCode, Map<String, Value>>);

impl Records {
    pub(super) fn of(dictionary: &Dictionary) -> Self {
        let world = Region::parse("370203").ok().and_then(|region| World::new(1, region, &RegionTable::builtin()).ok());
        let record = |dataset: &Dataset| {
            let text = world.as_ref()?.record(dataset.code(), 0).ok()?.to_json();
            is_good(dataset, &text).then(|| serde_json::from_str(&text).ok()).flatten()
        };
        Self(dictionary.datasets().filter_map(|dataset| Some((dataset.code(), record(dataset)?))).collect())
    }

    /// A record that may be added.
    pub(super) fn add(&self, dataset: &Dataset) -> Option<&Map<String, Value>> {
        self.0.get(&dataset.code())
    }

    /// What an action asks of the same record.
    pub(super) fn of_action(&self, dataset: &Dataset, action: Action) -> Option<Map<String, Value>> {
        let record = self.add(dataset)?;
        let is_key = |name: &str| dataset.key().iter().any(|key| key == name);
        let kept = |name: &str| match action {
            Action::Add => true,
            Action::Modify => is_key(name) || [dataset.region_field(), dataset.time_field(), "BZ"].contains(&name),
            Action::Delete => is_key(name) || [dataset.region_field(), dataset.time_field()].contains(&name),
            Action::Query => is_key(name),
        };
        let members = record.iter().filter(|(name, _)| kept(name));
        Some(members.map(|(name, value)| (name.clone(), value.clone())).collect())
    }
}

/// Generated records lie in the past of this: examples need no clock.
const LATEST: Moment = Moment::from_micros(1_767_225_600_000_000);

fn is_good(dataset: &Dataset, text: &str) -> bool {
    let element = serde_json::from_str::<&RawValue>(text).ok();
    let record = element.and_then(|element| FlatObject::read(element).ok());
    let checker = Checker::new(dataset, Action::Add, LATEST, UnknownFields::Refuse);
    record.is_some_and(|record| checker.check(&record).is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples are among the vectors that other makers' libraries have computed.
    #[test]
    fn clause_6_2_2_the_examples_are_those_of_the_vectors() {
        let vectors: Value = serde_json::from_str(include_str!("../../tests/vectors/signatures.json")).unwrap();
        let vector = &vectors["requests"][0];
        let canonical = canonical_request();
        assert_eq!(vector["canonical"], text(&canonical));
        assert_eq!(vector["sm3_hex"], sm3(&canonical));
        for (name, profile) in [
            ("sign_digest", Profile::Digest),
            ("sign_full", Profile::Full),
            ("sign_cmac", Profile::Cmac),
            ("sign_hmac", Profile::Hmac),
        ] {
            assert_eq!(vector[name], sign(&canonical, profile), "{name}");
        }
        assert_eq!(vector["body"], request("003", Action::Add, BUSILIST).unwrap());
        let all = vectors.to_string();
        assert!(all.contains(&ciphertext()) && all.contains(&sign(&canonical_response(), Profile::Digest)));
    }

    #[test]
    fn every_dataset_has_a_record_that_its_own_rules_take() {
        let dictionary = Dictionary::builtin();
        let records = Records::of(&dictionary);
        for dataset in dictionary.datasets() {
            for action in Action::ALL.into_iter().filter(|action| action.is_write()) {
                let record = Value::Object(records.of_action(dataset, action).unwrap()).to_string();
                let element: &RawValue = serde_json::from_str(&record).unwrap();
                let checker = Checker::new(dataset, action, LATEST, UnknownFields::Refuse);
                assert_eq!(checker.check(&FlatObject::read(element).unwrap()), [], "{record}");
            }
        }
    }
}
