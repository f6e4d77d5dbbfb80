//! What is derived from an exchange.

use crate::standard::cipher::Cipher;
use crate::standard::code::{Action, BusinessCode};
use crate::standard::region::Region;
use uuid::Uuid;

/// Namespace of the ids below.
const NAMESPACE: Uuid = Uuid::from_u128(0x5e5a_3e00_6d72_5400_8000_7373_6265_6d00);

/// The batch id: the same exchange sent twice is the same batch, with no look-up.
pub fn batch_id(node: Region, appid: &str, random: &str) -> Uuid {
    // U+0000 cannot stand in a random, so no two triples give one name.
    Uuid::new_v5(&NAMESPACE, format!("batch\0{node}\0{appid}\0{random}").as_bytes())
}

/// The id of the failure of a message at a step, by the SM3 of its body: a redelivery is the same failure.
pub fn failure_id(step: &str, body: &[u8; 32]) -> Uuid {
    Uuid::new_v5(&NAMESPACE, format!("failure\0{step}\0{}", hex::encode(body)).as_bytes())
}

/// SM3 over what makes two exchanges the same: action, business code and decrypted text.
pub fn content_digest(cipher: &dyn Cipher, busicode: BusinessCode, action: Action, busilist: &str) -> [u8; 32] {
    let busicode = busicode.to_string();
    let parts = ["action=", action.code(), "&busicode=", &busicode, "&busilist=", busilist];
    cipher.sm3(&parts.map(str::as_bytes))
}

/// `PP.CC.XX.BBB.AA`: the parts of the region that covers every record, business code, action.
pub fn routing_key(region: Region, busicode: BusinessCode, action: Action) -> String {
    let [province, city, county] = region.parts();
    format!("{province:02}.{city:02}.{county:02}.{busicode}.{action}")
}

#[cfg(test)]
mod tests {
    use super::*;

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
