//! What vendors get wrong, and what to do about it.

use crate::standard::sign::Profile;
use std::fmt;

/// One mistake. Its `Display` names cause and remedy in Chinese.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mistake {
    /// The 32 digits were taken for the key's bytes.
    KeyAsText,
    /// The key before the last rotation, which is good no more.
    RetiredKey,
    /// The key for encryption.
    DataKey,
    /// The SM3 digest in upper case.
    UpperCaseDigest,
    /// The SM3 digest as bytes.
    DigestAsBytes,
    /// The digest itself was sent, not encrypted.
    NotEncrypted,
    /// CBC instead of ECB.
    Cbc,
    /// No padding.
    NoPadding,
    /// Signed by another profile than agreed.
    OtherProfile {
        /// How it was signed.
        used: Profile,
        /// How it should be.
        agreed: Profile,
    },
    /// The signature in Base64.
    Base64,
    /// The signature is neither hexadecimal nor Base64.
    NotHex,
    /// White space around the signature.
    SpacedSign,
    /// Something after the canonical string that is not seen: a line's end.
    TrailingNewline,
    /// The parameters in another order.
    Order(String),
    /// A parameter left out.
    Missing(&'static str),
    /// A parameter with an empty value.
    Empty(&'static str),
    /// White space around a parameter's value.
    Spaced(&'static str),
    /// The values alone, without names.
    NoNames,
    /// `&sign=` or `&key=` at the end.
    Appended(&'static str),
    /// The request's JSON instead of the canonical string.
    Json,
    /// The canonical string in GBK.
    Gbk,
    /// The canonical string URL-encoded.
    UrlEncoded,
    /// The busilist was serialised once more, and came out as described.
    Serialised(String),
    /// The busilist as the text of a Java collection.
    JavaText,
    /// The busilist as a JSON string literal, with its quotes and backslashes.
    Quoted,
    /// The content of a busilist sent as a string, still escaped.
    StillEscaped,
    /// The plain text of a busilist that was sent encrypted.
    Plaintext,
    /// The ciphertext in another case than sent.
    CaseOfCiphertext,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Mistake::KeyAsText => "把密钥的 32 位十六进制文本直接当作了密钥字节：请先解码成 16 个字节",
            Mistake::RetiredKey => "使用了已更换的旧密钥，其过渡期已结束：请改用新密钥",
            Mistake::DataKey => "用了数据密钥来签名：请用签名密钥",
            Mistake::UpperCaseDigest => "SM3 结果用了大写十六进制：加密前应为小写",
            Mistake::DigestAsBytes => "加密的是 SM3 的 32 个原始字节：应为 64 个字符的小写十六进制文本",
            Mistake::NotEncrypted => "只做了 SM3，没有再用 SM4 加密：请用密钥对小写十六进制的 SM3 做 SM4-ECB 加密",
            Mistake::Cbc => "加密模式用了 CBC：签名应为 ECB 模式、PKCS#7 填充，没有 IV",
            Mistake::NoPadding => "加密时没有填充：应为 PKCS#7 填充（digest 方案的结果为 160 位）",
            Mistake::Base64 => "签名输出成了 Base64：应为大写十六进制",
            Mistake::NotHex => "sign 不是十六进制：应为大写十六进制",
            Mistake::SpacedSign => "sign 首尾有空白：请去掉",
            Mistake::TrailingNewline => "规范串末尾多了换行：请去掉",
            Mistake::NoNames => "规范串里只有参数值：应为 action=…&appid=…&busicode=…&busilist=…&random=…",
            Mistake::Json => "签名的是整个请求的 JSON：应为规范串 action=…&appid=…&busicode=…&busilist=…&random=…",
            Mistake::Gbk => "规范串按 GBK 取了字节：应按 UTF-8",
            Mistake::UrlEncoded => "规范串做了 URL 编码：请用原文",
            Mistake::JavaText => "签名的 busilist 是 Java 集合的 toString（{键=值, …}）：应为发送的 JSON 文本",
            Mistake::Quoted => {
                "签名的 busilist 是带引号和反斜杠的 JSON 字符串字面量：字符串形式应取解码后的内容，数组形式应取原文"
            }
            Mistake::StillEscaped => "签名的 busilist 字符串没有解码（还带着反斜杠）：应取字符串解码后的内容",
            Mistake::Plaintext => "签名的是 busilist 的明文：先加密后签名，应取密文字符串",
            Mistake::CaseOfCiphertext => "签名的密文与发送的密文大小写不同：应取发送的原文",
            Mistake::OtherProfile { used, agreed } => {
                return write!(f, "签名方案用了 {}：该应用账号约定的是 {}", used.as_str(), agreed.as_str());
            }
            Mistake::Order(order) => {
                return write!(f, "规范串的参数顺序为 {order}：应为 action、appid、busicode、busilist、random");
            }
            Mistake::Missing(name) => return write!(f, "规范串里没有 {name}：五个参数缺一不可"),
            Mistake::Empty(name) => return write!(f, "规范串里的 {name} 是空的：应与发送的值相同"),
            Mistake::Spaced(name) => {
                return write!(f, "规范串里 {name} 的首尾有空白，发送的没有（或相反）：两处应一致");
            }
            Mistake::Appended(name) => return write!(f, "规范串末尾多了 &{name}=：只有五个参数，请去掉"),
            Mistake::Serialised(how) => {
                return write!(
                    f,
                    "busilist 签名和发送时各序列化了一次，文本不同（签名的文本{how}）：只序列化一次，签名和发送用同一段文本"
                );
            }
        };
        f.write_str(text)
    }
}
