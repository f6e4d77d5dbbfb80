//! Signature and encryption, with worked examples that are computed here.

use super::html::{Html, code, words};
use crate::interface::bilingual::both;
use crate::interface::example::{self, APPID, DATALIST, RANDOM};
use crate::standard::sign::Profile;

/// 签名 (§6.2.2).
pub(super) fn signatures(html: &mut Html) {
    html.section("signature", both("签名", "Signature"));
    html.push("<p class=\"formula\">sign = HEX( SM4-ECB-PKCS#7( key, hex( SM3( canonical ) ) ) )</p>");
    html.list(
        true,
        &[
            both(
                "取 busilist 的文本 L：数组取发送的原文，从 `[` 到 `]`，空格、换行、转义一概不动；字符串取其解码后的内容；加密时为密文。",
                "Take L, the text of busilist: an array exactly as sent, from `[` to `]`; of a string its decoded content; with encryption \
                 the ciphertext.",
            ),
            both(
                "拼规范串，顺序固定，值取解码后的内容，不做 URL 编码：`action=<action>&appid=<appid>&busicode=<busicode>&busilist=<L>\
                 &random=<random>`。",
                "Put the canonical string together, in this order, of decoded values, without URL encoding: \
                 `action=<action>&appid=<appid>&busicode=<busicode>&busilist=<L>&random=<random>`.",
            ),
            both("按 UTF-8 取字节，算 SM3，写成 64 个**小写**十六进制字符。", "SM3 of its UTF-8 bytes, as 64 **lower-case** hexadecimal characters."),
            both(
                "以这 64 个字符为明文，用 SM4-ECB、PKCS#7 填充加密，密钥为 16 字节（32 位十六进制数字解码而来）。",
                "Encrypt those 64 characters with SM4-ECB and PKCS#7 padding under the 16 bytes of the key, which is written as 32 \
                 hexadecimal digits.",
            ),
            both("密文写成**大写**十六进制：160 个字符。", "Write it in **upper-case** hexadecimal: 160 characters."),
        ],
    );
    worked_example(html);
    profiles(html);
    verifying(html);
    html.note(both(
        "SIGN_MISMATCH 怎么查：`digest` 签名的最后 32 位只与密钥有关（上例密钥恒为 `002A8A4EFA863CCAD024AC0300BB40D2`）。这 32 位就不对的，\
         是密钥（常见：把十六进制文本当成字节）、模式或填充；这 32 位对而前面不对的，是规范串，或 SM3 写成了大写。联调期间可请提供方设为\
         测试应用，message 会指出可能的原因。",
        "SIGN_MISMATCH: the last 32 characters of a `digest` signature depend on the key alone (`002A8A4EFA863CCAD024AC0300BB40D2` for the \
         key above). Wrong there: the key (often its text used as bytes), mode or padding. Right there, wrong before: the canonical \
         string, or SM3 in upper case. While you develop, have your app marked as under test: the message then names the likely cause.",
    ));
    html.end();
}

/// The signature of a request, step by step.
fn worked_example(html: &mut Html) {
    html.heading(both("实例", "Worked example"));
    let canonical = example::canonical_request();
    let row = |what, value: &str| [words(what), code(value)];
    html.table(
        "worked",
        [both("项目", "Item"), both("值", "Value")],
        [
            row(both("密钥", "key"), &hex::encode(example::KEY)),
            row(both("appid", "appid"), APPID),
            row(both("random", "random"), RANDOM),
            row(both("busilist", "busilist"), example::BUSILIST),
            row(both("规范串", "canonical"), &example::text(&canonical)),
            row(both("SM3", "SM3"), &example::sm3(&canonical)),
            row(both("sign", "sign"), &example::sign(&canonical, Profile::Digest)),
        ],
    );
    html.block(
        both("用 OpenSSL 3 重算（canonical.txt 只有规范串，末尾没有换行）", "Again with OpenSSL 3 (canonical.txt holds the canonical string, no newline)"),
        &format!(
            "openssl dgst -sm3 canonical.txt\nprintf %s {} |\n  openssl enc -sm4-ecb -K {} | od -An -v -tx1 | tr -d ' \\n' | \
             tr a-f A-F",
            example::sm3(&canonical),
            hex::encode(example::KEY)
        ),
    );
    html.block(
        both("Java、JavaScript、Python 各一行", "One line each in Java, JavaScript, Python"),
        "// hutool\nString sign = SmUtil.sm4(HexUtil.decodeHex(keyHex)).encryptHex(SmUtil.sm3(canonical)).toUpperCase();\n\n\
         // sm-crypto\nconst sign = sm4.encrypt(sm3(canonical), keyHex).toUpperCase()\n\n\
         # gmssl: cipher = sm4.CryptSM4(); cipher.set_key(bytes.fromhex(key_hex), sm4.SM4_ENCRYPT)\n\
         sign = cipher.crypt_ecb(sm3.sm3_hash(list(canonical.encode(\"utf-8\"))).encode(\"ascii\")).hex().upper()",
    );
}

/// The same request by every profile.
fn profiles(html: &mut Html) {
    let canonical = example::canonical_request();
    html.heading(both("四种方案", "Profiles"));
    html.paragraph(both(
        "按应用约定，请求与响应用同一方案；上例规范串的结果：",
        "Agreed per app, used both ways; of the canonical string above:",
    ));
    html.table(
        "worked",
        [both("方案", "Profile"), both("算法与结果", "Computed as, and result")],
        Profile::ALL.map(|profile| {
            let how = match profile {
                Profile::Digest => both("默认，如上", "the default, as above"),
                Profile::Full => both(
                    "SM4-ECB-PKCS#7(密钥, 规范串)：只有提供方专门启用才可用，旧报文的块可以拼进新报文",
                    "SM4-ECB-PKCS#7(key, canonical): only where the operator enables it, since blocks can be spliced",
                ),
                Profile::Cmac => both("SM4-CMAC(密钥, 规范串)", "SM4-CMAC(key, canonical)"),
                Profile::Hmac => both("HMAC-SM3(密钥, 规范串)", "HMAC-SM3(key, canonical)"),
            };
            [code(profile.as_str()), format!("{}<br>{}", words(how), code(&example::sign(&canonical, profile)))]
        }),
    );
}

/// The signature of a response.
fn verifying(html: &mut Html) {
    let row = |what, value: &str| [words(what), code(value)];
    html.heading(both("验证响应的签名", "Verifying a response"));
    html.paragraph(both(
        "规范串为 `datalist=<D>&random=<random>`，D 是 datalist 的**原文**（从 `{` 到 `}`），或者 datalist 为字符串时它的内容；`random` 须等于\
         请求的 random。`sign` 为空的响应没有经过认证，可以据以排错，不可据以认定结果。",
        "canonical is `datalist=<D>&random=<random>`, D the exact text of datalist as sent (`{` to `}`), or its decoded content when a \
         string; `random` must be the request's. A response without a signature is not authenticated: use it to find a mistake, not \
         as proof of an outcome.",
    ));
    let response = example::canonical_response();
    html.table(
        "worked",
        [both("项目", "Item"), both("值", "Value")],
        [
            row(both("datalist", "datalist"), DATALIST),
            row(both("规范串", "canonical"), &example::text(&response)),
            row(both("sign", "sign"), &example::sign(&response, Profile::Digest)),
        ],
    );
}

/// §7.1.
pub(super) fn encryption(html: &mut Html) {
    html.section("encryption", both("加密（§7.1）", "Encryption (§7.1)"));
    html.push("<p class=\"formula\">busilist = HEX( IV ‖ SM4-CBC-PKCS#7( data key, IV, text of the array ) )</p>");
    html.paragraph(both(
        "按应用约定；约定之后每次请求都必须加密（查询也是），响应的 busilist 同样加密，result 与 message 是明文。IV 每次重新随机生成；先加密，后签名。",
        "By agreement per app; then every request is encrypted, queries too, and the busilist of answers likewise, while result and \
         message stay plain. A fresh random IV each time; encrypt first, then sign.",
    ));
    let row = |what, value: &str| [words(what), code(value)];
    html.table(
        "worked",
        [both("项目", "Item"), both("值", "Value")],
        [
            row(both("数据密钥", "data key"), &hex::encode(example::DATA_KEY)),
            row(both("IV", "IV"), &hex::encode(example::IV)),
            row(both("明文", "plaintext"), example::PLAIN),
            row(both("busilist", "busilist"), &example::ciphertext()),
        ],
    );
    html.end();
}
