//! The response of Annex A.2 (§6.2.3, table 4): an answer, the random of its request, and the answerer's signature.

use super::answer::{Answer, BadAnswer, Members};
use super::json::{self, Position};
use super::random::Random;
use super::sign::{Canonical, Signer};
use std::borrow::Cow;

/// How `datalist` is sent: Annex A.2.1 shows an object, table 4 calls it a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DatalistForm {
    /// A JSON object.
    #[default]
    Object,
    /// A JSON string that holds the object's text, for apps configured so.
    Text,
}

/// A response as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response<'a> {
    /// What is signed: the exact text of the object, or the decoded content of the string.
    pub datalist: Cow<'a, str>,
    /// Which of the two it is.
    pub form: DatalistForm,
    /// The request's random; empty if it could not be read.
    pub random: Cow<'a, str>,
    /// The signature; empty while the caller is unknown.
    pub sign: Cow<'a, str>,
}

impl<'a> Response<'a> {
    /// The unsigned response to a request of the given random.
    pub fn new(answer: &Answer<'_>, form: DatalistForm, random: Option<&'a Random>) -> Self {
        let random = random.map_or("", Random::as_str).into();
        Self { datalist: answer.datalist().into(), form, random, sign: "".into() }
    }

    /// The same response, signed by `signer`.
    pub fn signed(self, signer: Signer<'_>) -> Self {
        let sign = signer.sign(&self.canonical()).into();
        Self { sign, ..self }
    }

    /// What its signature covers.
    pub fn canonical(&self) -> Canonical<'_> {
        Canonical::Response { datalist: &self.datalist, random: &self.random }
    }

    /// The body of the response: compact, its keys in the order of table 4.
    pub fn write(&self) -> String {
        let datalist = match self.form {
            DatalistForm::Object => Cow::Borrowed(self.datalist.as_ref()),
            DatalistForm::Text => Cow::Owned(json::quote(&self.datalist)),
        };
        let (random, sign) = (json::quote(&self.random), json::quote(&self.sign));
        ["{\"datalist\":", &datalist, ",\"random\":", &random, ",\"sign\":", &sign, "}"].concat()
    }

    /// Reads the body of a response. `dataList`, as Annex A.2.2 spells it, is taken too; a random or sign left out is empty,
    /// and so never verifies.
    pub fn read(body: &'a [u8]) -> Result<Self, BadAnswer> {
        let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
        let not_utf8 = |error: std::str::Utf8Error| BadAnswer::NotJson(Position::of_byte(body, error.valid_up_to()));
        let text = std::str::from_utf8(body).map_err(not_utf8)?;
        let members = Members::of(text, "the body", ["datalist", "dataList", "random", "sign"])?;
        let datalist = match (members.value("datalist"), members.value("dataList")) {
            (Some(_), Some(_)) => return Err(BadAnswer::RepeatedKey("datalist")),
            (found, other) => found.or(other).ok_or(BadAnswer::Missing("datalist"))?,
        };
        let (datalist, form) = match json::text(datalist) {
            Ok(text) => (text, DatalistForm::Text),
            Err(json::NotText::OtherKind(json::Kind::Object)) => (datalist.get().into(), DatalistForm::Object),
            Err(_) => return Err(BadAnswer::WrongKind("datalist")),
        };
        let random = members.text("random")?.unwrap_or_default();
        Ok(Self { datalist, form, random, sign: members.text("sign")?.unwrap_or_default() })
    }

    /// Whether it answers the request of this random and its signature holds. Both are asked at once, since a response to
    /// another request is signed as well as this one.
    pub fn is_answer_to(&self, random: &Random, signer: Signer<'_>) -> bool {
        self.random == random.as_str() && signer.verify(&self.canonical(), &self.sign)
    }

    /// The answer it carries. Ask [`Response::is_answer_to`] first whether to believe it.
    pub fn answer(&self) -> Result<Answer<'_>, BadAnswer> {
        Answer::read(&self.datalist)
    }
}

#[cfg(test)]
mod tests {
    use super::super::cipher::{Key, Software};
    use super::super::sign::Profile;
    use super::*;

    fn answer() -> Answer<'static> {
        Answer::success("已接收1条", r#"[{"BATCH":"b"}]"#)
    }

    #[test]
    fn table_4_in_both_forms() {
        let random = Random::parse("r\"1").unwrap();
        let sent = Response::new(&answer(), DatalistForm::Object, Some(&random)).write();
        let object = r#"{"result":"0001","message":"已接收1条","busilist":[{"BATCH":"b"}]}"#;
        assert_eq!(sent, format!(r#"{{"datalist":{object},"random":"r\"1","sign":""}}"#));
        let sent = Response::new(&answer(), DatalistForm::Text, None).write();
        let text = object.replace('"', "\\\"");
        assert_eq!(sent, format!(r#"{{"datalist":"{text}","random":"","sign":""}}"#));
    }

    #[test]
    fn what_is_signed_is_read_back_in_both_forms() {
        let (random, key) = (Random::parse("r").unwrap(), Key::from_bytes([3; 16]));
        let signer = Signer { cipher: &Software, profile: Profile::Digest, key: &key };
        for form in [DatalistForm::Object, DatalistForm::Text] {
            let response = Response::new(&answer(), form, Some(&random)).signed(signer);
            let body = response.write();
            let read = Response::read(body.as_bytes()).unwrap();
            assert_eq!(read, response);
            assert_eq!(read.answer(), Ok(answer()));
            assert!(read.is_answer_to(&random, signer));
            assert!(!read.is_answer_to(&Random::parse("other").unwrap(), signer));
            let altered = body.replace("已接收1条", "已接收2条");
            assert!(!Response::read(altered.as_bytes()).unwrap().is_answer_to(&random, signer));
        }
    }

    #[test]
    fn responses_of_other_makers_are_read_leniently() {
        let body = "\u{feff}{\"code\":200,\"dataList\": {\"result\":\"0001\"} }\n";
        let response = Response::read(body.as_bytes()).unwrap();
        assert_eq!((response.datalist.as_ref(), response.sign.as_ref()), ("{\"result\":\"0001\"}", ""));
    }

    #[test]
    fn what_is_no_response_is_told() {
        let why = |body: &str| Response::read(body.as_bytes()).unwrap_err();
        assert_eq!(why("{}"), BadAnswer::Missing("datalist"));
        assert_eq!(why("[]"), BadAnswer::NotAnObject("the body"));
        assert_eq!(why(r#"{"datalist":[]}"#), BadAnswer::WrongKind("datalist"));
        assert_eq!(why(r#"{"datalist":{},"dataList":{}}"#), BadAnswer::RepeatedKey("datalist"));
        assert_eq!(why(r#"{"datalist":{},"sign":"a","sign":"b"}"#), BadAnswer::RepeatedKey("sign"));
        assert_eq!(why("<html>"), BadAnswer::NotJson(Position { line: 1, column: 1 }));
    }
}
