//! The encryption of a busilist (§7.1 采用SM4加密方式进行数据加密): upper-case hexadecimal of IV ‖ SM4-CBC-PKCS#7.

use super::cipher::{BLOCK, Cipher, Key};

/// What a ciphertext held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decrypted {
    /// The text of the array.
    pub text: String,
    /// The initialisation vector it was sent with.
    pub iv: [u8; BLOCK],
}

/// Why a ciphertext cannot be decrypted. Only a caller whose signature holds is told: it is no oracle for anyone else.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CannotDecrypt {
    /// A JSON array where a ciphertext was agreed on.
    #[error("busilist 未加密：该应用账号已约定加密传输，应为密文字符串")]
    Plain,
    /// Something else than hexadecimal digits.
    #[error("busilist 密文不是十六进制字符串：应为 IV 与 SM4-CBC 密文拼接后的十六进制")]
    NotHex,
    /// No whole number of blocks, or less than two of them.
    #[error("busilist 密文长度为 {0} 字节：应为 16 字节 IV 加至少 16 字节密文，且为 16 的整数倍")]
    Length(usize),
    /// The padding shows that the key, the mode or the text is another.
    #[error("busilist 解密失败，填充不符：请核对数据密钥，并确认使用 SM4-CBC、PKCS#7 填充，且前 16 字节为 IV")]
    Padding,
    /// The padding is right by chance, or the text was not UTF-8 when it was encrypted.
    #[error("busilist 解密后不是 UTF-8 文本：请核对数据密钥，并确认加密前按 UTF-8 编码")]
    NotUtf8,
}

/// Encrypts the text of a busilist. `iv` must be drawn at random for every text.
pub fn encrypt(cipher: &dyn Cipher, key: &Key, iv: [u8; BLOCK], text: &str) -> String {
    let mut ciphertext = hex::encode_upper(iv);
    ciphertext.push_str(&hex::encode_upper(cipher.sm4_cbc_encrypt(key, &iv, text.as_bytes())));
    ciphertext
}

/// Decrypts the text of a busilist, in hexadecimal of either case.
pub fn decrypt(cipher: &dyn Cipher, key: &Key, text: &str) -> Result<Decrypted, CannotDecrypt> {
    if text.trim_start().starts_with('[') {
        return Err(CannotDecrypt::Plain);
    }
    let mut ciphertext = hex::decode(text).map_err(|_| CannotDecrypt::NotHex)?;
    let length = ciphertext.len();
    let Some(&iv) = ciphertext.first_chunk::<BLOCK>() else { return Err(CannotDecrypt::Length(length)) };
    if length < 2 * BLOCK || length % BLOCK != 0 {
        return Err(CannotDecrypt::Length(length));
    }
    ciphertext.drain(..BLOCK);
    let plaintext = cipher.sm4_cbc_decrypt(key, &iv, ciphertext).ok_or(CannotDecrypt::Padding)?;
    let text = String::from_utf8(plaintext).map_err(|_| CannotDecrypt::NotUtf8)?;
    Ok(Decrypted { text, iv })
}

#[cfg(test)]
mod tests {
    use super::super::cipher::Software;
    use super::*;

    const IV: [u8; BLOCK] = [0xA5; BLOCK];

    fn key(byte: u8) -> Key {
        Key::from_bytes([byte; BLOCK])
    }

    fn why(text: &str) -> CannotDecrypt {
        decrypt(&Software, &key(1), text).unwrap_err()
    }

    #[test]
    fn either_case_is_decrypted() {
        let ciphertext = encrypt(&Software, &key(1), IV, "[{\"XM\":\"张三\"}]");
        assert!(ciphertext.starts_with("A5A5") && ciphertext == ciphertext.to_uppercase());
        let decrypted = Decrypted { text: "[{\"XM\":\"张三\"}]".to_owned(), iv: IV };
        assert_eq!(decrypt(&Software, &key(1), &ciphertext), Ok(decrypted.clone()));
        assert_eq!(decrypt(&Software, &key(1), &ciphertext.to_lowercase()), Ok(decrypted));
    }

    #[test]
    fn every_reason_is_told_apart() {
        assert_eq!(why("[{}]"), CannotDecrypt::Plain);
        assert_eq!(why("密文"), CannotDecrypt::NotHex);
        assert_eq!(why(&"A".repeat(65)), CannotDecrypt::NotHex);
        assert_eq!(why(""), CannotDecrypt::Length(0));
        assert_eq!(why(&"AB".repeat(16)), CannotDecrypt::Length(16));
        assert_eq!(why(&"AB".repeat(33)), CannotDecrypt::Length(33));
        assert_eq!(why(&encrypt(&Software, &key(2), IV, "[]")), CannotDecrypt::Padding);
        let gbk = Software.sm4_cbc_encrypt(&key(1), &IV, b"\xd5\xc5\xc8\xfd");
        assert_eq!(why(&hex::encode([&IV[..], &gbk].concat())), CannotDecrypt::NotUtf8);
    }
}
