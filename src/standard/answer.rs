//! The result of an exchange (§6.2.3 返回结果参数, Annex A.2.2): the `datalist` of a response, made and read.

use super::busilist::Array;
use super::envelope::Busilist;
use super::json::{self, Fault, Position};
use super::refusal::Refusal;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// 响应业务结果代码. Against all habit, `0001` is success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResultCode {
    /// `0001`
    Success,
    /// `0000`
    Failure,
}

impl ResultCode {
    /// The four digits of Annex A.2.2.
    pub fn as_str(self) -> &'static str {
        match self {
            ResultCode::Success => "0001",
            ResultCode::Failure => "0000",
        }
    }
}

/// What came of an exchange, for every outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer<'a> {
    /// Success or failure.
    pub result: ResultCode,
    /// 响应业务结果描述. That of a refusal begins with its code.
    pub message: Cow<'a, str>,
    /// What is listed: rows found, errors, the batch; or, for apps with encryption, the ciphertext of that.
    pub busilist: Busilist<'a>,
    /// Where the next page of a query begins, if there is one.
    pub after: Option<Cow<'a, str>>,
}

/// Why what a peer answered is no answer of Annex A.2.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadAnswer {
    /// Not one JSON object in UTF-8.
    #[error("the answer is not a JSON object in UTF-8: line {}, column {}", .0.line, .0.column)]
    NotJson(Position),
    /// JSON of another kind.
    #[error("{0} of the answer is not a JSON object")]
    NotAnObject(&'static str),
    /// A key that is there twice, so that it is not clear which one counts.
    #[error("the answer has the key {0} twice")]
    RepeatedKey(&'static str),
    /// A key that Annex A.2 has and the answer has not.
    #[error("the answer has no {0}")]
    Missing(&'static str),
    /// A value of a kind that its key does not take, or a string that is no Unicode text.
    #[error("{0} of the answer is not the text or list that Annex A.2 shows")]
    WrongKind(&'static str),
    /// Neither of the two results of Annex A.2.2.
    #[error("result of the answer is {0:?}, neither 0001 (success) nor 0000 (failure)")]
    UnknownResult(String),
}

impl<'a> Answer<'a> {
    /// A success that lists `busilist`, an array's text.
    pub fn success(message: impl Into<Cow<'a, str>>, busilist: &'a str) -> Self {
        let (result, busilist) = (ResultCode::Success, Busilist::Array(Array::known(busilist)));
        Self { result, message: message.into(), busilist, after: None }
    }

    /// A failure with nothing to list.
    pub fn refusal(refusal: &Refusal) -> Self {
        let (result, busilist) = (ResultCode::Failure, Busilist::Array(Array::EMPTY));
        Self { result, message: refusal.to_string().into(), busilist, after: None }
    }

    /// The text of the `datalist`: compact, its keys in the order of Annex A.2.2, `after` last.
    pub fn datalist(&self) -> String {
        let (result, message, busilist) = (self.result.as_str(), json::quote(&self.message), self.busilist.to_json());
        let mut text = String::with_capacity(busilist.len() + message.len() + 128);
        for piece in ["{\"result\":\"", result, "\",\"message\":", &message, ",\"busilist\":", &busilist] {
            text.push_str(piece);
        }
        if let Some(after) = &self.after {
            text.push_str(",\"after\":");
            text.push_str(&json::quote(after));
        }
        text.push('}');
        text
    }

    /// Reads the text of a `datalist`, from a node of our kind or any that speaks the standard: a failure may leave out the
    /// busilist (Annex A.2.2 b), and other keys are ignored.
    pub fn read(datalist: &'a str) -> Result<Self, BadAnswer> {
        let members = Members::of(datalist, "datalist", ["result", "message", "busilist", "after"])?;
        let result = match members.text("result")?.ok_or(BadAnswer::Missing("result"))?.as_ref() {
            "0001" => ResultCode::Success,
            "0000" => ResultCode::Failure,
            other => return Err(BadAnswer::UnknownResult(other.chars().take(32).collect())),
        };
        let busilist = members.value("busilist").map_or(Ok(Busilist::Array(Array::EMPTY)), Busilist::of);
        Ok(Self {
            result,
            message: members.text("message")?.unwrap_or_default(),
            busilist: busilist.map_err(|_| BadAnswer::WrongKind("busilist"))?,
            after: members.text("after")?,
        })
    }
}

/// The members with the given names; others are passed over. A null counts as absent.
pub(super) struct Members<'a, const N: usize> {
    names: [&'static str; N],
    values: [Option<&'a RawValue>; N],
}

impl<'a, const N: usize> Members<'a, N> {
    /// Reads `text`, which is `what` of the answer.
    pub(super) fn of(text: &'a str, what: &'static str, names: [&'static str; N]) -> Result<Self, BadAnswer> {
        let mut values = [None; N];
        let mut repeated = None;
        let whole = json::each_member(text, |name, value| {
            let Some(index) = names.iter().position(|known| *known == name) else { return };
            if values[index].replace(value).is_some() {
                repeated = Some(names[index]);
            }
        });
        whole.map_err(|fault| match fault {
            Fault::NotAnObject(_) => BadAnswer::NotAnObject(what),
            Fault::Truncated(at) | Fault::Syntax(at, _) | Fault::Trailing(at) => BadAnswer::NotJson(at),
        })?;
        let values = values.map(|value: Option<&RawValue>| value.filter(|value| value.get() != "null"));
        repeated.map_or(Ok(Self { names, values }), |name| Err(BadAnswer::RepeatedKey(name)))
    }

    /// The value of a name.
    pub(super) fn value(&self, name: &str) -> Option<&'a RawValue> {
        self.names.iter().zip(self.values).find(|(known, _)| **known == name).and_then(|(_, value)| value)
    }

    /// The decoded string of a name.
    pub(super) fn text(&self, name: &'static str) -> Result<Option<Cow<'a, str>>, BadAnswer> {
        let text = self.value(name).map(json::text).transpose();
        text.map_err(|_| BadAnswer::WrongKind(name))
    }
}

#[cfg(test)]
mod tests {
    use super::super::refusal::RefusalCode;
    use super::*;

    fn round_trip(answer: &Answer<'_>, datalist: &str) {
        assert_eq!(answer.datalist(), datalist);
        assert_eq!(Answer::read(datalist).as_ref(), Ok(answer));
    }

    #[test]
    fn annex_a_2_2_for_every_outcome() {
        let accepted = Answer::success("已接收1条", r#"[{"RECORDS":"1"}]"#);
        round_trip(&accepted, r#"{"result":"0001","message":"已接收1条","busilist":[{"RECORDS":"1"}]}"#);
        let page = Answer { after: Some("c\"1".into()), ..Answer::success("本页0条", "[]") };
        round_trip(&page, r#"{"result":"0001","message":"本页0条","busilist":[],"after":"c\"1"}"#);
        let refused = Answer::refusal(&Refusal::new(RefusalCode::NotGranted, "未授权 \"003\""));
        round_trip(&refused, r#"{"result":"0000","message":"[NOT_GRANTED] 未授权 \"003\"","busilist":[]}"#);
        let encrypted = Answer { busilist: Busilist::Text("00FF".into()), ..Answer::success("", "[]") };
        round_trip(&encrypted, r#"{"result":"0001","message":"","busilist":"00FF"}"#);
    }

    #[test]
    fn answers_of_other_makers_are_read_leniently() {
        let answer = Answer::read(r#" { "code": 7, "message":null, "busilist": null, "result" : "0000" } "#).unwrap();
        assert_eq!((answer.result, answer.busilist.text(), answer.after), (ResultCode::Failure, "[]", None));
    }

    #[test]
    fn what_is_no_answer_is_told() {
        let why = |text: &str| Answer::read(text).unwrap_err();
        assert_eq!(why("{}"), BadAnswer::Missing("result"));
        assert_eq!(why(r#"{"result":1}"#), BadAnswer::WrongKind("result"));
        assert_eq!(why(r#"{"result":"200"}"#), BadAnswer::UnknownResult("200".to_owned()));
        assert_eq!(why(r#"{"result":"0001","result":"0000"}"#), BadAnswer::RepeatedKey("result"));
        assert_eq!(why(r#"{"result":"0001","busilist":{}}"#), BadAnswer::WrongKind("busilist"));
        assert_eq!(why("[]"), BadAnswer::NotAnObject("datalist"));
        assert_eq!(why("{\"result\":"), BadAnswer::NotJson(Position { line: 1, column: 10 }));
    }
}
