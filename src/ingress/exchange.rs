//! One request, from its body to its answer.

use super::admit::{Acceptable, Admission, Work, admit};
use super::budget::Share;
use super::child::Carried;
use super::door::Door;
use super::outcome::{Denial, Success};
use super::reply::{Answered, list, rows};
use super::sender::Sender;
use super::{log_query, query};
use crate::batch::{Findings, batch_id};
use crate::broker::{Message, PublishError};
use crate::interface::InterFlag;
use crate::metrics;
use crate::standard::code::BusinessCode;
use crate::standard::refusal::RefusalCode;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Instant;
use uuid::Uuid;

/// Bodies from this size on are checked off the async threads: their signature and rules take milliseconds.
const LARGE: usize = 32 * 1024;

/// A request whose body has been read.
pub(super) struct Sent {
    pub(super) flag: InterFlag,
    pub(super) body: Vec<u8>,
    /// Whence it came.
    pub(super) sender: Sender,
    /// What it carries beside its envelope, where a child's link sent it.
    pub(super) carried: Option<Carried>,
}

impl Sent {
    fn admit(self, door: &Door, started: Instant) -> Admission {
        match self.carried {
            Some(carried) if self.flag == InterFlag::Exchange => door.children.admit(door, carried, &self.body),
            _ => admit(door, self.flag, &self.body, started, &self.sender),
        }
    }
}

/// Works on a request. `share` is held until no copy of the body is left.
pub(super) async fn handle(door: &Arc<Door>, sent: Sent, share: Share, started: Instant) -> Answered {
    let bytes = sent.body.len();
    let mut admission = if bytes < LARGE {
        sent.admit(door, started)
    } else {
        let door = door.clone();
        match tokio::task::spawn_blocking(move || sent.admit(&door, started)).await {
            Ok(admission) => admission,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    };
    let _pass = admission.pass.take();
    // What is to be done is taken out; the rest of the admission says to whom the answer goes.
    let work = std::mem::replace(&mut admission.work, Ok(Work::Validated(Box::default())));
    let made_batch = matches!(work, Ok(Work::Publish(_)));
    let outcome = match work {
        Ok(Work::Publish(acceptable)) => accept(door, *acceptable, share).await,
        Ok(Work::Query(asked)) => ask_again(door, &admission, query::answer(door, &asked).await),
        Ok(Work::Log(asked)) => ask_again(door, &admission, log_query::answer(door, &asked).await),
        Ok(Work::Validated(findings)) => {
            let message = format!("校验通过，共{}条{}，未报送", findings.good, told(&findings));
            Ok(Success::new(message, list(&findings.warnings), findings.good))
        }
        Err(denial) => Err(denial),
    };
    Answered { made_batch, ..Answered::of(admission, outcome, bytes, started) }
}

/// A query that could not be answered has not used its random: the same envelope may be sent again.
fn ask_again(door: &Door, admission: &Admission, outcome: Result<Success, Denial>) -> Result<Success, Denial> {
    if let (Err(_), Some(caller)) = (&outcome, &admission.caller) {
        door.randoms.forget(batch_id(door.node.region, &caller.app.appid, caller.random.as_str()));
    }
    outcome
}

/// Publishes a batch; only the broker's confirm makes a success.
async fn accept(door: &Arc<Door>, batch: Acceptable, share: Share) -> Result<Success, Denial> {
    let (id, findings) = (batch.batch, batch.findings);
    let message = Message {
        exchange: door.names.exchange(),
        routing_key: batch.routing_key,
        id,
        headers: batch.sealed.headers,
        body: batch.sealed.body,
    };
    let publisher = door.publisher.clone();
    // A task of its own: when the answer stops waiting, or the caller hangs up, the body lies in the client library still,
    // and its share of the memory budget may be lent again only once the broker or the connection has settled it.
    let publishing = tokio::spawn(async move {
        let started = Instant::now();
        let result = publisher.publish_gathered(&message).await;
        ::metrics::histogram!(metrics::CONFIRM_SECONDS, "step" => "ingress").record(started.elapsed().as_secs_f64());
        drop(share);
        result
    });
    let result = match tokio::time::timeout(door.limits.confirm, publishing).await {
        Ok(Ok(result)) => result,
        Ok(Err(error)) => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err(PublishError::Lost(format!("no confirm within {} ms", door.limits.confirm.as_millis()))),
    };
    if let Err(error) = result {
        ::metrics::counter!(metrics::PUBLISH_FAILURES, "step" => "ingress", "reason" => error.code()).increment(1);
        tracing::warn!(%error, batch = %id, busicode = %batch.busicode, action = %batch.action, "not accepted");
        let reason = "消息队列暂时不可用，结果未知：请稍后用原报文（相同 random）重发，不会重复入库";
        return Err(Denial::new(RefusalCode::Unavailable, reason));
    }
    Ok(accepted(door, batch.busicode, id, &findings))
}

/// The answer to a batch that is in the broker's hands. Where the dataset takes good records alone, it lists the bad ones.
fn accepted(door: &Door, busicode: BusinessCode, id: Uuid, findings: &Findings) -> Success {
    let labels = [("busicode", busicode.to_string())];
    ::metrics::counter!(metrics::RECORDS_WARNED, &labels).increment(findings.warnings.len() as u64);
    let records = findings.good;
    let batch = json!({"BATCH": id.to_string(), "RECORDS": records.to_string()});
    let bad = findings.bad.len();
    if bad == 0 {
        let message = format!("已接收{records}条{}", told(findings));
        return Success::new(message, Value::Array(vec![batch]).to_string(), records);
    }
    ::metrics::counter!(metrics::RECORDS_REFUSED, &labels).increment(bad as u64);
    tracing::info!(batch = %id, %busicode, bad, node = %door.node.region, "took the good records of a batch alone");
    let message = format!("已接收{records}条{}，{bad}条有错误未采用：请按 busilist 改正后另行报送", told(findings));
    let rows = [batch].into_iter().chain(rows(&findings.errors));
    Success::new(message, Value::Array(rows.collect()).to_string(), records)
}

/// How many warnings there are.
fn told(findings: &Findings) -> String {
    match findings.warnings.len() {
        0 => String::new(),
        count => format!("，其中{count}处提示"),
    }
}
