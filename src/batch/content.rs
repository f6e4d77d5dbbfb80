//! What is derived from an exchange.

use super::Manifest;
use super::seal::SIGN_HEADER;
use crate::standard::cipher::Cipher;
use crate::standard::code::{Action, BusinessCode};
use crate::standard::region::Region;
use crate::standard::sign::{Canonical, Signable};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Namespace of the ids below.
const NAMESPACE: Uuid = Uuid::from_u128(0x5e5a_3e00_6d72_5400_8000_7373_6265_6d00);

/// The batch id: the same exchange sent twice is the same batch, with no look-up.
pub fn batch_id(node: Region, appid: &str, random: &str) -> Uuid {
    // U+0000 cannot stand in a random, so no two triples give one name.
    Uuid::new_v5(&NAMESPACE, format!("batch\0{node}\0{appid}\0{random}").as_bytes())
}

/// The id of the failure of a message at a step: a redelivery, or the message as the store gave it back, is the same failure.
///
/// By everything of which a verdict depends and which the failure keeps: the manifest, its signature, the routing key and the
/// body. With less, a copy of an honest batch that was spoiled elsewhere could take its place among the failures.
pub fn failure_id(
    cipher: &dyn Cipher,
    step: &str,
    routing_key: &str,
    headers: &BTreeMap<String, String>,
    body: &[u8],
) -> Uuid {
    let sign = headers.get(SIGN_HEADER).map_or("", String::as_str);
    let manifest = Manifest::signed_text(headers);
    // As the store keeps them: it holds no U+0000, which therefore can part them here.
    let [key, sign, manifest] = [routing_key, sign, &manifest].map(|text| text.replace('\0', "\u{fffd}"));
    let body = hex::encode(cipher.sm3(&[body]));
    Uuid::new_v5(&NAMESPACE, format!("failure\0{step}\0{key}\0{sign}\0{manifest}\0{body}").as_bytes())
}

/// What makes two exchanges the same: SM3 over the canonical string of the sender's own request, its array decrypted and without
/// space around it.
///
/// Of a sender that encrypts nothing, sends the array as it is and signs by digest that is the very value under its signature:
/// the door has it already.
pub fn content_digest(
    cipher: &dyn Cipher,
    appid: &str,
    busicode: BusinessCode,
    action: Action,
    busilist: &str,
    random: &str,
) -> [u8; 32] {
    let busicode = busicode.to_string();
    let canonical = Canonical::Request { action: action.code(), appid, busicode: &busicode, busilist, random };
    Signable::new(cipher, canonical).digest()
}

/// `PP.CC.XX.BBB.AA`: the parts of the region that covers every record, business code, action.
pub fn routing_key(region: Region, busicode: BusinessCode, action: Action) -> String {
    let [province, city, county] = region.parts();
    format!("{province:02}.{city:02}.{county:02}.{busicode}.{action}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::ATTEMPT_HEADER;
    use crate::standard::cipher::Software;

    #[test]
    fn invariant_5_a_spoiled_copy_is_another_failure_and_what_the_store_gives_back_is_the_same() {
        let headers = |set: &[(&str, &str)]| {
            let mut headers: BTreeMap<_, _> =
                [(SIGN_HEADER, "S"), ("sesame-batch", "B")].map(|(n, v)| (n.to_owned(), v.to_owned())).into();
            headers.extend(set.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
            headers
        };
        let id = |key: &str, headers| failure_id(&Software, "persist", key, &headers, b"body");
        let honest = id("k", headers(&[]));
        assert_eq!(honest, id("k", headers(&[(ATTEMPT_HEADER, "1.2"), ("x-death", "queue")])), "tried again");
        let spoiled = [
            id("k", headers(&[(SIGN_HEADER, "T")])),
            id("k", headers(&[("sesame-batch", "C")])),
            id("l", headers(&[])),
            failure_id(&Software, "uplink", "k", &headers(&[]), b"body"),
            failure_id(&Software, "persist", "k", &headers(&[]), b"other"),
        ];
        assert!(!spoiled.contains(&honest));
        let (sent, kept) = (headers(&[("sesame-batch", "a\0")]), headers(&[("sesame-batch", "a\u{fffd}")]));
        assert_eq!(id("k", sent), id("k", kept), "the store holds no U+0000");
    }

    #[test]
    fn the_routing_key_is_region_business_code_and_action() {
        let key = routing_key(
            Region::parse("370203").unwrap(),
            BusinessCode::parse("004").unwrap(),
            Action::parse("01").unwrap(),
        );
        assert_eq!(key, "37.02.03.004.01");
    }

    #[test]
    fn the_batch_id_depends_on_node_app_and_random_alone() {
        let (city, county) = (Region::parse("370200").unwrap(), Region::parse("370203").unwrap());
        assert_eq!(batch_id(city, "a", "r"), batch_id(city, "a", "r"));
        let ids =
            [batch_id(city, "a", "r"), batch_id(county, "a", "r"), batch_id(city, "ar", ""), batch_id(city, "a", "R")];
        for (at, id) in ids.iter().enumerate() {
            assert!(!ids[..at].contains(id));
        }
    }
}
