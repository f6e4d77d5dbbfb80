//! The outcome table: what came back, or did not, and what that means for the batch. Pure.
//!
//! | what happened | outcome |
//! |---|---|
//! | `0001`, to our random, its signature good | taken |
//! | `0001`, to our random, its signature missing or wrong | refused: counts (§7.4 密码校验失败) |
//! | `0000`, to our random or to none, whatever its HTTP status below 500 | refused |
//! | `0000` with `[TRANSFER_FAILED]`, also as 429 | refused |
//! | `0000` with `[RATE_LIMITED]` or `[UNAVAILABLE]`; status 429 or 503 | outage: not now |
//! | another 5xx, 408, 425; a reset, a timeout, an answer too long | outage: no verdict |
//! | no answer of Annex A.2 as 400, 403, 413 and other 4xx | refused: something there judged this very request |
//! | no answer of Annex A.2 as 401, 404, 405, 407, 421, 426 | outage: that is not the endpoint, or not the way to it |
//! | no answer of Annex A.2 as 1xx, 2xx or 3xx, an HTML page for one | outage: something else than the endpoint answered |
//! | an answer to another random | outage: it says nothing about this batch |
//! | no connection, a wrong certificate | outage: away |

use crate::client::{NoAnswer, Received};
use crate::failure::Reason;
use crate::flow::failures::Fault;
use crate::standard::answer::{Answer, BadAnswer, ResultCode};
use crate::standard::envelope::Busilist;
use crate::standard::random::Random;
use crate::standard::refusal::RefusalCode;
use crate::standard::response::Response;
use std::time::Duration;

/// What came of sending.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The parent has it.
    Taken,
    /// The parent will not have it as it is; its code, where it names one of ours.
    Refused(Option<RefusalCode>, Fault),
    /// This node itself cannot send it, which says nothing of the parent.
    Unsendable(Fault),
    /// Nobody knows, or not now: the batch waits, and nothing counts.
    Outage(Outage),
}

/// Why there is no verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outage {
    pub(super) kind: OutageKind,
    /// In words for people.
    pub(super) reason: String,
}

/// What an outage says about the batch it met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OutageKind {
    /// Nothing: the batch was not sent.
    Away,
    /// Nothing: the parent asks to wait, for so long where it says so.
    Busy(Option<Duration>),
    /// Perhaps something: it was sent and nothing usable came back. A batch of which that is so time and again while others pass is at
    /// fault itself.
    Mute,
}

impl OutageKind {
    /// A stable code for the metrics.
    pub(super) fn code(self) -> &'static str {
        match self {
            OutageKind::Away => "away",
            OutageKind::Busy(_) => "busy",
            OutageKind::Mute => "mute",
        }
    }
}

impl Outcome {
    pub(super) fn refused(detail: impl Into<String>) -> Self {
        Outcome::Refused(None, Fault::new(Reason::RefusedByParent, detail.into()))
    }

    pub(super) fn outage(kind: OutageKind, reason: impl Into<String>) -> Self {
        Outcome::Outage(Outage { kind, reason: reason.into() })
    }

    /// Of an exchange. `believes` is whether a response's signature is good.
    pub(super) fn of(
        result: &Result<Received, NoAnswer>,
        random: &Random,
        believes: impl Fn(&Response<'_>) -> bool,
    ) -> Self {
        match result {
            Ok(received) => of_received(received, random, believes),
            Err(nothing @ NoAnswer::Away(_)) => Outcome::outage(OutageKind::Away, format!("the parent {nothing}")),
            Err(nothing @ NoAnswer::Silent(_)) => Outcome::outage(OutageKind::Mute, format!("the parent: {nothing}")),
        }
    }
}

fn of_received(received: &Received, random: &Random, believes: impl Fn(&Response<'_>) -> bool) -> Outcome {
    let response = match Response::read(&received.body) {
        Ok(response) => response,
        Err(bad) => return without_answer(received, &bad),
    };
    let answer = match response.answer() {
        Ok(answer) => answer,
        Err(bad) => return without_answer(received, &bad),
    };
    // A request that could not be read is refused with an empty random.
    let is_ours = response.random == random.as_str() || (response.random.is_empty() && is_refusal(&answer));
    if !is_ours {
        return Outcome::outage(OutageKind::Mute, "the parent answered another request than the one sent");
    }
    if is_refusal(&answer) {
        return refusal(received, &answer);
    }
    match (believes(&response), of_status(received)) {
        (true, _) => Outcome::Taken,
        (false, Some(outage)) => Outcome::Outage(outage),
        (false, None) => Outcome::refused(
            "the parent answered 0001, but the signature of its answer does not verify: compare keys and signature profile",
        ),
    }
}

fn is_refusal(answer: &Answer<'_>) -> bool {
    answer.result == ResultCode::Failure
}

fn refusal(received: &Received, answer: &Answer<'_>) -> Outcome {
    let code = RefusalCode::of_message(&answer.message);
    let says =
        format!("the parent answered {} 0000: {}{}", received.status, shown(&answer.message), listed(&answer.busilist));
    match (code, of_status(received)) {
        (Some(RefusalCode::TransferFailed), _) => {}
        (Some(RefusalCode::RateLimited | RefusalCode::Unavailable), _) => {
            return Outcome::outage(OutageKind::Busy(received.retry_after), says);
        }
        (_, Some(outage)) => return Outcome::outage(outage.kind, says),
        (_, None) => {}
    }
    Outcome::Refused(code, Fault::new(Reason::RefusedByParent, says))
}

/// The outage that a status alone tells, whatever the body says.
fn of_status(received: &Received) -> Option<Outage> {
    let kind = match received.status {
        429 | 503 => OutageKind::Busy(received.retry_after),
        408 | 425 | 500.. => OutageKind::Mute,
        _ => return None,
    };
    Some(Outage { kind, reason: format!("the parent answered with HTTP status {}", received.status) })
}

/// Something answered, but not as the standard says.
fn without_answer(received: &Received, bad: &BadAnswer) -> Outcome {
    let status = received.status;
    match (of_status(received), status) {
        (Some(outage), _) => Outcome::Outage(outage),
        (None, 401 | 404 | 405 | 407 | 421 | 426) => Outcome::outage(
            OutageKind::Mute,
            format!(
                "HTTP status {status} and no answer in the form of Annex A.2: check [parent.https] url, and the proxies"
            ),
        ),
        (None, 400..=499) => Outcome::refused(format!("HTTP status {status} and no answer in the form of Annex A.2")),
        (None, _) => Outcome::outage(
            OutageKind::Mute,
            format!(
                "HTTP status {status}, and {bad}: something else than the parent's interface answers at [parent.https] url"
            ),
        ),
    }
}

/// A stranger's words, shortened, on one line.
/// What it lists of bad records, as this interface lists them; of other lists and ciphertexts nothing.
fn listed(busilist: &Busilist<'_>) -> String {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "UPPERCASE")]
    struct Bad {
        index: String,
        field: String,
        #[serde(default)]
        rule: String,
        error: String,
    }
    let rows: Vec<Bad> = serde_json::from_str(busilist.text()).unwrap_or_default();
    let words = |bad: &Bad| {
        let Bad { index, field, rule, error } = bad;
        shown(&format!("; no. {index} {field} {rule}: {error}"))
    };
    let more =
        if rows.len() > MOST_LISTED { format!("; and {} more", rows.len() - MOST_LISTED) } else { String::new() };
    rows.iter().take(MOST_LISTED).map(words).collect::<String>() + &more
}

/// Bad records whose errors are kept with the refusal: a person mends one and sends again.
const MOST_LISTED: usize = 10;

fn shown(message: &str) -> String {
    message.chars().filter(|c| !c.is_control()).take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Account;
    use crate::standard::busilist::Array;
    use crate::standard::cipher::{Key, Software};
    use crate::standard::refusal::Refusal;
    use crate::standard::response::DatalistForm;
    use crate::standard::sign::{Profile, Signer};

    const TABLE_OF_STATUSES: [(u16, &str); 19] = [
        (200, "mute"),
        (204, "mute"),
        (302, "mute"),
        (400, "refused"),
        (401, "mute"),
        (403, "refused"),
        (404, "mute"),
        (405, "mute"),
        (407, "mute"),
        (408, "mute"),
        (409, "refused"),
        (413, "refused"),
        (422, "refused"),
        (425, "mute"),
        (429, "busy"),
        (500, "mute"),
        (502, "mute"),
        (503, "busy"),
        (599, "mute"),
    ];

    fn key() -> Key {
        Key::from_bytes([7; 16])
    }

    fn random() -> Random {
        Random::parse("r-1").unwrap()
    }

    fn received(status: u16, body: impl Into<bytes::Bytes>) -> Result<Received, NoAnswer> {
        Ok(Received { status, retry_after: None, body: body.into() })
    }

    /// The outcome by a word.
    fn word(result: &Result<Received, NoAnswer>) -> &'static str {
        let account = Account::new("a", key());
        match Outcome::of(result, &random(), |response| account.believes(response, &random())) {
            Outcome::Taken => "taken",
            Outcome::Refused(..) => "refused",
            Outcome::Unsendable(_) => "unsendable",
            Outcome::Outage(outage) => outage.kind.code(),
        }
    }

    fn signed(answer: &Answer<'_>, form: DatalistForm, random: Option<&Random>, key: &Key) -> String {
        let signer = Signer { cipher: &Software, profile: Profile::Digest, key };
        Response::new(answer, form, random).signed(signer).write()
    }

    fn refusal_of(code: RefusalCode) -> Answer<'static> {
        Answer::refusal(&Refusal::new(code, "原因"))
    }

    #[test]
    fn clause_6_2_3_a_success_counts_only_if_it_answers_our_random_and_its_signature_is_good() {
        let success = Answer::success("已接收1条", "[]");
        let other = Random::parse("r-2").unwrap();
        for form in [DatalistForm::Object, DatalistForm::Text] {
            // Whatever the status: some always answer 200, and some proxies change it.
            for status in [200, 201, 400, 500] {
                assert_eq!(word(&received(status, signed(&success, form, Some(&random()), &key()))), "taken");
            }
            assert_eq!(word(&received(200, signed(&success, form, Some(&other), &key()))), "mute");
            assert_eq!(word(&received(200, signed(&success, form, None, &key()))), "mute");
        }
        let forged = signed(&success, DatalistForm::Object, Some(&random()), &Key::from_bytes([8; 16]));
        assert_eq!(word(&received(200, forged.clone())), "refused");
        assert_eq!(word(&received(502, forged)), "mute");
        let unsigned = Response::new(&success, DatalistForm::Object, Some(&random())).write();
        assert_eq!(word(&received(200, unsigned)), "refused");
    }

    #[test]
    fn clause_7_4_every_refusal_counts_and_what_asks_to_wait_does_not() {
        for code in RefusalCode::ALL {
            let expected = match code {
                RefusalCode::RateLimited | RefusalCode::Unavailable => "busy",
                _ => "refused",
            };
            for status in [200, code.status()] {
                let body = signed(&refusal_of(code), DatalistForm::Object, Some(&random()), &key());
                assert_eq!(word(&received(status, body)), expected, "{code} as {status}");
            }
        }
        let own_words = Answer { message: "数据格式错误".into(), ..refusal_of(RefusalCode::Malformed) };
        for (status, expected) in
            [(200, "refused"), (400, "refused"), (404, "refused"), (429, "busy"), (500, "mute"), (503, "busy")]
        {
            let body = Response::new(&own_words, DatalistForm::Text, Some(&random())).write();
            assert_eq!(word(&received(status, body)), expected, "{status}");
        }
        let unread = Response::new(&own_words, DatalistForm::Object, None).write();
        assert_eq!(word(&received(400, unread)), "refused", "a request that could not be read");
        let other = Random::parse("r-2").unwrap();
        let to_other = Response::new(&own_words, DatalistForm::Object, Some(&other)).write();
        assert_eq!(word(&received(400, to_other)), "mute", "a refusal of another request");
    }

    #[test]
    fn what_is_no_answer_is_judged_by_its_status() {
        let bodies: [&[u8]; 6] =
            [b"<html>", b"", b"\xff\xfe", b"[]", b"{\"datalist\":{\"result\":\"200\"}}", b"{\"code\":1}"];
        for (status, expected) in TABLE_OF_STATUSES {
            for body in bodies {
                assert_eq!(word(&received(status, body)), expected, "{status} {body:?}");
            }
        }
    }

    #[test]
    fn without_anything_it_is_an_outage() {
        assert_eq!(word(&Err(NoAnswer::Away("refused".to_owned()))), "away");
        assert_eq!(word(&Err(NoAnswer::Silent("reset".to_owned()))), "mute");
        let wait = Some(Duration::from_secs(9));
        let busy = Received { status: 429, retry_after: wait, body: bytes::Bytes::new() };
        match Outcome::of(&Ok(busy), &random(), |_| false) {
            Outcome::Outage(outage) => assert_eq!(outage.kind, OutageKind::Busy(wait)),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn clause_6_1_a_refusal_names_the_bad_records() {
        let list = r#"[{"INDEX":"2","FIELD":"JYRQ","RULE":"format","ERROR":"不是日期"},{"INDEX":"5","FIELD":"","ERROR":"缺少"}]"#;
        let answer =
            Answer { busilist: Busilist::Array(Array::known(list)), ..refusal_of(RefusalCode::InvalidRecords) };
        let body = signed(&answer, DatalistForm::Object, Some(&random()), &key());
        match Outcome::of(&received(400, body), &random(), |_| false) {
            Outcome::Refused(_, fault) => {
                assert!(fault.detail.ends_with("; no. 2 JYRQ format: 不是日期; no. 5  : 缺少"), "{}", fault.detail);
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_strangers_words_are_kept_short_and_on_one_line() {
        assert_eq!(shown("a\nb\u{1b}[31m"), "ab[31m");
        assert_eq!(shown(&"长".repeat(1_000)).chars().count(), 300);
    }
}
