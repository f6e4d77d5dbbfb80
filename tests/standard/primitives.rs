//! SM3, SM4 and what is built on them, against the published examples.

use sesame::standard::cipher::{Cipher, Key, Software};

const K1: &str = "0123456789ABCDEFFEDCBA9876543210";
const K2: &str = "FEDCBA98765432100123456789ABCDEF";

fn key(text: &str) -> Key {
    Key::parse(text).unwrap()
}

fn bytes(text: &str) -> Vec<u8> {
    hex::decode(text).unwrap()
}

#[test]
fn sm3_gb_t_32905() {
    let sm3 = |message: &[u8]| hex::encode_upper(Software.sm3(&[message]));
    assert_eq!(sm3(b"abc"), "66C7F0F462EEEDD9D1F2D46BDC10E4E24167C4875CF2F7A2297DA02B8F4BA8E0");
    assert_eq!(sm3("abcd".repeat(16).as_bytes()), "DEBE9FF92275B8A138604889C18E5A4D6FDB70E5387E5765293DCBA39C0C5732");
    assert_eq!(sm3(b""), "1AB21D8355CFA17F8E61194831E81A8F22BEC8C728FEFB747ED035EB5082AA2B");
}

#[test]
fn sm4_gb_t_32907_example_1() {
    assert_eq!(hex::encode_upper(&Software.sm4_ecb(&key(K1), &[&bytes(K1)])[..16]), "681EDF34D206965E86B3E94F536E4246");
}

#[test]
fn sm4_gb_t_32907_example_2_a_million_times() {
    let (key, mut block) = (key(K1), bytes(K1));
    for _ in 0..1_000_000 {
        block = Software.sm4_ecb(&key, &[&block]);
        block.truncate(16);
    }
    assert_eq!(hex::encode_upper(block), "595298C7C6FD271F0402F804C33D3F66");
}

#[test]
fn sm4_modes_of_draft_ribose_cfrg_sm4() {
    let plaintext = bytes("AAAAAAAABBBBBBBBCCCCCCCCDDDDDDDDEEEEEEEEFFFFFFFFAAAAAAAABBBBBBBB");
    let iv: [u8; 16] = bytes("000102030405060708090A0B0C0D0E0F").try_into().unwrap();
    let ecb = |name: &str| hex::encode_upper(&Software.sm4_ecb(&key(name), &[&plaintext])[..32]);
    let cbc = |name: &str| hex::encode_upper(&Software.sm4_cbc_encrypt(&key(name), &iv, &plaintext)[..32]);
    assert_eq!(ecb(K1), "5EC8143DE509CFF7B5179F8F474B86192F1D305A7FB17DF985F81C8482192304");
    assert_eq!(ecb(K2), "C5876897E4A59BBBA72A10C83872245B12DD90BC2D200692B529A4155AC9E600");
    assert_eq!(cbc(K1), "78EBB11CC40B0A48312AAEB2040244CB4CB7016951909226979B0D15DC6A8F6D");
    assert_eq!(cbc(K2), "0D3A6DDC2D21C698857215587B7BB59A91F2C147911A4144665E1FA1D40BAE38");
}

#[test]
fn padding_and_authentication_codes_as_other_implementations_compute_them() {
    let (key, message) = (key(K1), b"hello sm4");
    let padded = bytes("72026CEF4A74AD954B36F383C64407F6");
    assert_eq!(Software.sm4_ecb(&key, &[message]), padded);
    assert_eq!(Software.sm4_cbc_encrypt(&key, &[0; 16], message), padded);
    assert_eq!(Software.sm4_cbc_decrypt(&key, &[0; 16], padded).as_deref(), Some(&message[..]));
    assert_eq!(
        hex::encode_upper(Software.hmac_sm3(&key, &[message])),
        "0A8C8B0144162DC7306E26F9765B4D4BE55E7BF44FA7FE12C01FD56A88BEDD20"
    );
    let cmac = |message: &[u8]| hex::encode_upper(Software.sm4_cmac(&key, &[message]));
    assert_eq!(cmac(message), "E6A6134941E10B19EAF5203883B34397");
    assert_eq!(cmac(b""), "29E154322E5C7BD8EE6A25BA549B24BC");
    assert_eq!(cmac(&bytes("6BC1BEE22E409F96E93D7E117393172A")), "07A0861EDEDD5CFCEAD8489011600B9C");
    let long = "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411";
    assert_eq!(cmac(&bytes(long)), "67A8E59526F59125B5D91E626D23A37A");
}
