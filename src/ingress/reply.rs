//! From what came of a request to the HTTP response, its log entry and its metrics.

use super::admit::{Admission, Subject};
use super::budget::Share;
use super::caller::{Caller, respond_unknown};
use super::door::Door;
use super::outcome::{Denial, Success};
use crate::batch::RecordFault;
use crate::dataset::Level;
use crate::interface::contract::MOST_LISTED;
use crate::metrics;
use crate::standard::answer::Answer;
use crate::standard::busilist::Array;
use crate::standard::envelope::Busilist;
use crate::standard::random::Random;
use crate::standard::refusal::RefusalCode;
use crate::store::LogEntry;
use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use bytes::Bytes;
use serde_json::{Value, json};
use std::time::Instant;
use uuid::Uuid;

/// Whose request it was and how it went.
pub(super) struct Answered {
    pub(super) random: Option<Random>,
    pub(super) caller: Option<Caller>,
    pub(super) subject: Subject,
    pub(super) outcome: Result<Success, Denial>,
    /// Length of the request's body.
    pub(super) bytes: usize,
    pub(super) started: Instant,
    /// Whether the exchange made a batch, which is its own log entry.
    pub(super) made_batch: bool,
}

impl Answered {
    /// A request refused before anything of it was read.
    pub(super) fn unread(denial: Denial, bytes: usize, started: Instant) -> Self {
        let (random, caller, subject) = (None, None, Subject::default());
        Self { random, caller, subject, outcome: Err(denial), bytes, started, made_batch: false }
    }

    /// What came of an admitted request.
    pub(super) fn of(admission: Admission, outcome: Result<Success, Denial>, bytes: usize, started: Instant) -> Self {
        let Admission { random, caller, subject, .. } = admission;
        Self { random, caller, subject, outcome, bytes, started, made_batch: false }
    }
}

/// Characters of a message that the log keeps: strangers can cause entries too.
const LONGEST_LOGGED: usize = 500;
/// How long to wait before trying again, in seconds, where the cause passes by itself and nobody knows when.
const RETRY_AFTER: u64 = 5;

/// An answer that gives its memory back once the server has sent it.
struct Lent {
    text: String,
    _share: Share,
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        self.text.as_bytes()
    }
}

/// Answers, logs and counts.
pub(super) fn reply(door: &Door, mut answered: Answered) -> Response<Body> {
    count(&answered);
    journal(door, &answered);
    let listed;
    let (status, code, answer) = match &answered.outcome {
        Ok(success) => {
            let mut answer = Answer::success(success.message.as_str(), &success.busilist);
            answer.after = success.after.as_deref().map(Into::into);
            (200, None, answer)
        }
        Err(denial) => {
            listed = list(&denial.faults);
            let mut answer = Answer::refusal(&denial.refusal);
            answer.busilist = Busilist::Array(Array::known(&listed));
            (denial.refusal.code.status(), Some(denial.refusal.code), answer)
        }
    };
    let always_ok = door.always_ok || answered.caller.as_ref().is_some_and(|caller| caller.app.always_ok);
    let text = match &answered.caller {
        Some(caller) => caller.respond(answer),
        None => respond_unknown(&answer, answered.random.as_ref()),
    };
    let share = answered.outcome.as_mut().ok().and_then(|success| success.share.take());
    let mut response = Response::new(match share {
        Some(share) => Body::from(Bytes::from_owner(Lent { text, _share: share })),
        None => Body::from(text),
    });
    *response.status_mut() = if always_ok {
        StatusCode::OK
    } else {
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    let denial = answered.outcome.as_ref().err();
    if let Some(RefusalCode::Unavailable | RefusalCode::RateLimited | RefusalCode::TransferFailed) = code {
        let wait = denial.and_then(|denial| denial.retry_after);
        headers.insert(header::RETRY_AFTER, HeaderValue::from(wait.unwrap_or(RETRY_AFTER)));
    }
    let allowed = denial.and_then(|denial| HeaderValue::from_str(denial.allowed.as_deref()?).ok());
    if let Some(allowed) = allowed {
        headers.insert(header::ALLOW, allowed);
    }
    response
}

/// The array of what is wrong with records.
pub(super) fn list(faults: &[RecordFault]) -> String {
    Value::Array(rows(faults).collect()).to_string()
}

/// What is wrong with records, row by row; only a warning names its level.
pub(super) fn rows(faults: &[RecordFault]) -> impl Iterator<Item = Value> {
    faults.iter().take(MOST_LISTED).map(|fault| {
        let RecordFault { index, field, rule, level, error } = fault;
        let mut row = json!({"INDEX": index.to_string(), "FIELD": field, "RULE": rule, "ERROR": error});
        if *level == Level::Warning {
            row["LEVEL"] = level.as_str().into();
        }
        row
    })
}

fn code_of(answered: &Answered) -> &'static str {
    match &answered.outcome {
        Ok(_) => "",
        Err(denial) => denial.refusal.code.as_str(),
    }
}

fn count(answered: &Answered) {
    let busicode = answered.subject.busicode_known.map_or_else(|| "unknown".to_owned(), |code| code.to_string());
    let action = answered.subject.action_known.map_or("unknown", |action| action.code());
    let code = code_of(answered);
    let result = if code.is_empty() { "accepted" } else { code };
    let labels = [("busicode", busicode.clone()), ("action", action.to_owned()), ("result", result.to_owned())];
    ::metrics::counter!(metrics::EXCHANGES, &labels).increment(1);
    ::metrics::histogram!(metrics::EXCHANGE_SECONDS, "action" => action)
        .record(answered.started.elapsed().as_secs_f64());
    ::metrics::histogram!(metrics::EXCHANGE_BYTES).record(answered.bytes as f64);
    match &answered.outcome {
        Ok(success) if answered.made_batch => {
            let labels = [("busicode", busicode), ("action", action.to_owned())];
            ::metrics::counter!(metrics::RECORDS_ACCEPTED, &labels).increment(success.records as u64);
        }
        Err(denial) if !denial.faults.is_empty() => {
            let errors: Vec<_> = denial.faults.iter().filter(|fault| fault.level == Level::Error).collect();
            let bad = errors.chunk_by(|a, b| a.index == b.index).count();
            ::metrics::counter!(metrics::RECORDS_REFUSED, "busicode" => busicode).increment(bad as u64);
        }
        _ => {}
    }
}

fn journal(door: &Door, answered: &Answered) {
    if answered.made_batch && answered.outcome.is_ok() {
        return;
    }
    let (message, records) = match &answered.outcome {
        Ok(success) => (success.message.clone(), success.records),
        Err(denial) => (denial.refusal.reason.clone(), denial.records),
    };
    let code = code_of(answered);
    let millis = u32::try_from(answered.started.elapsed().as_millis()).unwrap_or(u32::MAX);
    if !code.is_empty() {
        let (appid, busicode) = (&answered.subject.appid, &answered.subject.busicode);
        tracing::info!(appid, busicode, code, millis, bytes = answered.bytes, "refused an exchange");
    }
    let message = message.chars().take(LONGEST_LOGGED).collect();
    door.journal.write(LogEntry {
        id: Uuid::now_v7(),
        at_micros: door.clock.now().micros(),
        appid: answered.subject.appid.clone(),
        busicode: answered.subject.busicode.clone(),
        action: answered.subject.action.clone(),
        random: answered.random.as_ref().map(ToString::to_string).unwrap_or_default(),
        records: records as u32,
        bytes: answered.bytes as u64,
        code: code.to_owned(),
        message,
        millis,
    });
}
