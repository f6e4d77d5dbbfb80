//! One request, from its body to its answer.

use super::admit::{Acceptable, Admission, Work, admit};
use super::budget::Share;
use super::door::Door;
use super::outcome::{Denial, Success};
use super::reply::Answered;
use super::{log_query, query};
use crate::batch::batch_id;
use crate::broker::{Message, PublishError};
use crate::interface::InterFlag;
use crate::metrics;
use crate::standard::refusal::RefusalCode;
use crate::tls::PeerCertificate;
use std::sync::Arc;
use std::time::Instant;

/// Bodies from this size on are checked off the async threads: their signature and rules take milliseconds.
const LARGE: usize = 32 * 1024;

/// Works on a request whose body has been read. `share` is held until no copy of the body is left.
pub(super) async fn handle(
    door: &Arc<Door>,
    flag: InterFlag,
    body: Vec<u8>,
    share: Share,
    started: Instant,
    certificate: Option<Arc<PeerCertificate>>,
) -> Answered {
    let bytes = body.len();
    let mut admission = if bytes < LARGE {
        admit(door, flag, &body, started, certificate.as_deref())
    } else {
        let door = door.clone();
        let work = tokio::task::spawn_blocking(move || admit(&door, flag, &body, started, certificate.as_deref()));
        match work.await {
            Ok(admission) => admission,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    };
    let _pass = admission.pass.take();
    // What is to be done is taken out; the rest of the admission says to whom the answer goes.
    let work = std::mem::replace(&mut admission.work, Ok(Work::Validated(0)));
    let made_batch = matches!(work, Ok(Work::Publish(_)));
    let outcome = match work {
        Ok(Work::Publish(acceptable)) => accept(door, *acceptable, share).await,
        Ok(Work::Query(asked)) => ask_again(door, &admission, query::answer(door, &asked).await),
        Ok(Work::Log(asked)) => ask_again(door, &admission, log_query::answer(door, &asked).await),
        Ok(Work::Validated(records)) => {
            let message = format!("校验通过，共{records}条，未报送");
            Ok(Success { message, busilist: "[]".to_owned(), after: None, records, share: None })
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
    let (id, records) = (batch.batch, batch.records);
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
        let result = publisher.publish(&message).await;
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
    let busilist = format!("[{{\"BATCH\":\"{id}\",\"RECORDS\":\"{records}\"}}]");
    Ok(Success { message: format!("已接收{records}条"), busilist, after: None, records, share: None })
}
