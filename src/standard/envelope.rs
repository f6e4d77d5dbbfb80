//! The request of Annex A.1 (§6.2.2, table 1): read leniently, with the exact text its signature covers, and written strictly.

use super::busilist::{Array, NotAnArray};
use super::json::{self, NotText, Position};
use super::malformed::{EnvelopeError, Malformed};
use super::random::Random;
use super::sign::{Canonical, Signer};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// A request, as it was sent: whether its app, codes and signature are any good is not known yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope<'a> {
    /// 应用账号, decoded.
    pub appid: Cow<'a, str>,
    /// 业务分类代码, decoded.
    pub busicode: Cow<'a, str>,
    /// 请求动作代码, decoded.
    pub action: Cow<'a, str>,
    /// 请求业务参数.
    pub busilist: Busilist<'a>,
    /// 请求随机标识.
    pub random: Random,
    /// 签名, decoded.
    pub sign: Cow<'a, str>,
}

/// The business parameters in one of the two forms the contract takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Busilist<'a> {
    /// A JSON array.
    Array(Array<'a>),
    /// The decoded content of a JSON string: an array's text, or a ciphertext.
    Text(Cow<'a, str>),
}

/// The keys of table 1, in the order of Annex A.
const KEYS: [&str; 6] = ["appid", "busicode", "action", "busilist", "random", "sign"];

/// More keys at the top than this are refused, so that looking for repeated ones stays cheap whatever arrives.
pub const MAX_KEYS: usize = 1024;

impl<'a> Envelope<'a> {
    /// Reads the body of a request.
    ///
    /// It is one JSON object in UTF-8, after a byte order mark perhaps, with the six keys of table 1, all of them strings but
    /// the busilist. Other keys are ignored; a repeated one is refused.
    pub fn read(body: &'a [u8]) -> Result<Self, EnvelopeError> {
        let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
        let text = std::str::from_utf8(body).map_err(|error| EnvelopeError {
            random: None,
            reason: Malformed::NotUtf8(Position::of_byte(body, error.valid_up_to())),
        })?;
        let mut found = Found::default();
        let whole = json::each_member(text, |name, value| found.take(name, value));
        let envelope = match whole {
            Err(_) if text.trim().is_empty() => Err(Malformed::Empty),
            Err(fault) => Err(fault.into()),
            Ok(()) => found.envelope(),
        };
        envelope.map_err(|reason| EnvelopeError { random: found.random().ok(), reason })
    }

    /// What its signature covers.
    pub fn canonical(&self) -> Canonical<'_> {
        Canonical::Request {
            action: &self.action,
            appid: &self.appid,
            busicode: &self.busicode,
            busilist: self.busilist.text(),
            random: self.random.as_str(),
        }
    }

    /// The same request, signed by `signer`.
    pub fn signed(self, signer: Signer<'_>) -> Self {
        let sign = signer.sign(&self.canonical()).into();
        Self { sign, ..self }
    }

    /// The body of the request: compact, its keys in the order of Annex A.
    pub fn write(&self) -> String {
        let busilist = self.busilist.to_json();
        let mut body = String::with_capacity(busilist.len() + 512);
        let values: [Cow<'_, str>; 6] = [
            json::quote(&self.appid).into(),
            json::quote(&self.busicode).into(),
            json::quote(&self.action).into(),
            busilist,
            json::quote(self.random.as_str()).into(),
            json::quote(&self.sign).into(),
        ];
        for (key, value) in KEYS.iter().zip(&values) {
            body.push_str(if body.is_empty() { "{\"" } else { ",\"" });
            body.push_str(key);
            body.push_str("\":");
            body.push_str(value);
        }
        body.push('}');
        body
    }
}

impl<'a> Busilist<'a> {
    /// The text that is signed: the array's exact text, or the content of the string.
    pub fn text(&self) -> &str {
        match self {
            Busilist::Array(array) => array.as_str(),
            Busilist::Text(text) => text,
        }
    }

    /// The array: as sent, or the one that the content of the string is.
    pub fn array(&self) -> Result<Array<'_>, NotAnArray> {
        match self {
            Busilist::Array(array) => Ok(*array),
            Busilist::Text(text) => Array::read(text),
        }
    }

    /// The JSON value as sent: an array as it is, a text as a string literal.
    pub fn to_json(&self) -> Cow<'_, str> {
        match self {
            Busilist::Array(array) => Cow::Borrowed(array.as_str()),
            Busilist::Text(text) => Cow::Owned(json::quote(text)),
        }
    }

    /// Reads a JSON value.
    pub(super) fn of(value: &'a RawValue) -> Result<Self, NotText> {
        match json::text(value) {
            Ok(text) => Ok(Busilist::Text(text)),
            Err(other) => Array::of(value).map(Busilist::Array).ok_or(other),
        }
    }
}

/// What was found at the top of a request, kept even when the request turns out to be broken further on.
#[derive(Default)]
struct Found<'a> {
    members: BTreeMap<Cow<'a, str>, &'a RawValue>,
    fault: Option<Malformed>,
}

impl<'a> Found<'a> {
    fn take(&mut self, name: Cow<'a, str>, value: &'a RawValue) {
        if self.members.contains_key(&name) {
            self.fault.get_or_insert_with(|| Malformed::RepeatedKey(name.chars().take(64).collect()));
        } else if self.members.len() == MAX_KEYS {
            self.fault.get_or_insert(Malformed::TooManyKeys(MAX_KEYS));
        } else {
            self.members.insert(name, value);
        }
    }

    fn envelope(&self) -> Result<Envelope<'a>, Malformed> {
        if let Some(fault) = &self.fault {
            return Err(fault.clone());
        }
        let keys: Vec<&'static str> = KEYS.into_iter().filter(|key| !self.members.contains_key(*key)).collect();
        if !keys.is_empty() {
            let resembles = |name: &&Cow<'a, str>| keys.iter().any(|key| key.eq_ignore_ascii_case(name));
            let look_alikes = self.members.keys().filter(resembles).map(|name| name.to_string()).collect();
            return Err(Malformed::Missing { keys, look_alikes });
        }
        Ok(Envelope {
            appid: self.text("appid")?,
            busicode: self.text("busicode")?,
            action: self.text("action")?,
            busilist: self.busilist()?,
            random: self.random()?,
            sign: self.text("sign")?,
        })
    }

    fn value(&self, key: &'static str) -> Result<&'a RawValue, Malformed> {
        let missing = || Malformed::Missing { keys: vec![key], look_alikes: Vec::new() };
        self.members.get(key).copied().ok_or_else(missing)
    }

    fn text(&self, key: &'static str) -> Result<Cow<'a, str>, Malformed> {
        json::text(self.value(key)?).map_err(|error| Malformed::value(key, "字符串", error))
    }

    fn busilist(&self) -> Result<Busilist<'a>, Malformed> {
        let key = "busilist";
        Busilist::of(self.value(key)?).map_err(|error| Malformed::value(key, "数组或字符串", error))
    }

    fn random(&self) -> Result<Random, Malformed> {
        Ok(Random::parse(&self.text("random")?)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = r#"{"appid":"A","busicode":"003","action":"01","busilist":[],"random":"r","sign":"S"}"#;

    fn refused(body: &str) -> (Option<String>, String) {
        let error = Envelope::read(body.as_bytes()).unwrap_err();
        (error.random.map(|random| random.to_string()), error.reason.to_string())
    }

    /// The body with one piece replaced, and why it is refused.
    fn why(from: &str, to: &str) -> String {
        assert!(BODY.contains(from));
        refused(&BODY.replacen(from, to, 1)).1
    }

    #[test]
    fn table_1_is_read_and_written_as_annex_a_shows_it() {
        let envelope = Envelope::read(BODY.as_bytes()).unwrap();
        assert_eq!(envelope.busilist, Busilist::Array(Array::EMPTY));
        assert_eq!(envelope.write(), BODY);
    }

    #[test]
    fn an_array_keeps_its_exact_text_and_a_string_is_decoded() {
        let sent = BODY.replace("[]", "\n [ {\"a\" : 1.0} ] ");
        assert_eq!(Envelope::read(sent.as_bytes()).unwrap().busilist.text(), "[ {\"a\" : 1.0} ]");
        let sent = BODY.replace("[]", r#" "[{\"a\":\"\u9752\/\"}]" "#);
        let envelope = Envelope::read(sent.as_bytes()).unwrap();
        assert_eq!(envelope.busilist, Busilist::Text(r#"[{"a":"青/"}]"#.into()));
        assert_eq!(Envelope::read(envelope.write().as_bytes()).unwrap(), envelope);
    }

    #[test]
    fn other_keys_and_a_byte_order_mark_are_ignored() {
        let sent =
            format!("\u{feff} {}", BODY.replacen('{', r#"{"version":{"a":[1,null,"\ud800"]},"\u0000":-1E9,"#, 1));
        assert_eq!(Envelope::read(sent.as_bytes()).unwrap().write(), BODY);
    }

    #[test]
    fn a_repeated_key_is_refused_however_it_is_spelled() {
        assert_eq!(why("{", r#"{"sign":"S","#), r#"键 "sign" 重复出现"#);
        assert_eq!(why("{", r#"{"s\u0069gn":"S","#), r#"键 "sign" 重复出现"#);
        assert_eq!(why("{", r#"{"x":1,"y":1,"\u0078":1,"#), r#"键 "x" 重复出现"#);
        assert_eq!(refused(&BODY.replacen('{', r#"{"x":1,"x":1,"#, 1)).0.as_deref(), Some("r"));
    }

    #[test]
    fn missing_keys_are_all_named_with_what_was_sent_instead() {
        let sent = r#"{"appId":"A","busicode":"003","action":"01","busilist":[],"random":"r"}"#;
        let reason = "缺少 appid、sign（收到的是 appId，键名区分大小写）".to_owned();
        assert_eq!(refused(sent), (Some("r".to_owned()), reason));
        assert_eq!(refused("{}").1, "缺少 appid、busicode、action、busilist、random、sign");
    }

    #[test]
    fn values_of_another_kind_are_refused_by_name() {
        assert_eq!(why(r#""003""#, "3"), "busicode 应为字符串，实际为数字");
        assert_eq!(why(r#""S""#, "null"), "sign 应为字符串，实际为null");
        assert_eq!(why("[]", "{}"), "busilist 应为数组或字符串，实际为对象");
        assert_eq!(why("[]", "true"), "busilist 应为数组或字符串，实际为布尔值");
        assert_eq!(why(r#""A""#, r#""\ud800""#), "appid 含有不成对的代理项转义（\\uD800 至 \\uDFFF）");
        assert_eq!(why("[]", r#""\udc00""#), "busilist 含有不成对的代理项转义（\\uD800 至 \\uDFFF）");
    }

    #[test]
    fn a_random_of_another_form_is_refused_and_not_repeated() {
        assert_eq!(
            refused(&BODY.replace(r#""r""#, r#""""#)),
            (None, "random 应为 1 至 64 个字符，实际为 0 个".to_owned())
        );
        assert_eq!(why(r#""r""#, r#""r\n""#), "random 只能含可见 ASCII 字符，第 2 个字符不是");
        assert_eq!(why(r#""r""#, "7"), "random 应为字符串，实际为数字");
    }

    #[test]
    fn broken_bodies_are_refused_with_their_place() {
        assert_eq!(refused(" \n").1, "请求体为空：应为 JSON 对象");
        assert_eq!(refused("[]").1, "请求体应为 JSON 对象，实际为数组");
        assert_eq!(refused("appid=A").1, "请求体不是合法的 JSON：第 1 行第 1 列（expected value）");
        assert_eq!(refused(&format!("{BODY}\n}}")).1, "JSON 对象之后还有多余内容：第 2 行第 1 列");
        let (random, reason) = refused(&BODY[..BODY.len() - 2]);
        assert_eq!((random.as_deref(), reason.as_str()), (Some("r"), "请求体不完整：在第 1 行第 80 列中断"));
        let gbk = Envelope::read(b"{\"appid\":\"\xc7\xe0\"}").unwrap_err().reason;
        assert_eq!(gbk.to_string(), "请求体不是 UTF-8 编码：第 1 行第 11 列，请确认未按 GBK 等编码发送");
    }

    #[test]
    fn nul_is_a_character_like_others() {
        let sent = BODY.replace(r#""A""#, r#""A\u0000""#);
        assert_eq!(Envelope::read(sent.as_bytes()).unwrap().appid, "A\0");
    }

    #[test]
    fn the_number_of_keys_is_bounded() {
        let extra = |count: usize| (0..count).map(|n| format!("\"x{n}\":1,")).collect::<String>();
        assert!(Envelope::read(BODY.replacen('{', &format!("{{{}", extra(MAX_KEYS - 6)), 1).as_bytes()).is_ok());
        let reason = refused(&BODY.replacen('{', &format!("{{{}", extra(MAX_KEYS - 5)), 1)).1;
        assert_eq!(reason, "顶层键超过 1024 个");
    }
}
