//! Reading a request's body within the memory budget.

use super::budget::Share;
use super::door::Door;
use super::limited::{self, Party, body_too_large};
use super::outcome::Denial;
use crate::broker::Availability;
use crate::interface::contract::UNANNOUNCED_BYTES;
use crate::standard::refusal::RefusalCode;
use crate::volume::Pass;
use axum::body::{BodyDataStream, HttpBody};
use axum::http::{HeaderMap, header};
use futures_util::StreamExt;
use std::time::Duration;
use tokio::time::{Instant, timeout, timeout_at};

/// A body and the memory it was lent.
pub(super) struct Received {
    pub(super) bytes: Vec<u8>,
    pub(super) share: Share,
    /// Its place among the exchanges being worked on.
    pub(super) pass: Pass,
}

/// The least rates on the average, in bytes a second, judged as a body arrives: a sender that trickles must not keep others
/// from the memory it was lent. Of long bodies more is asked, since there is room for few of them.
const LEAST_RATE: u64 = 32 * 1024;
const LEAST_RATE_LONG: u64 = 256 * 1024;
const LONG: usize = 4 << 20;
/// A body is held about this often at once: as received, sealed anew, and in the broker client's buffer.
const COPIES: usize = 3;

/// The most that is read of a body only to be thrown away.
const DISCARDED: usize = 64 << 20;

/// Reads the body, or says why not. Nothing is read before its memory is lent.
pub(super) async fn receive(door: &Door, headers: &HeaderMap, stream: &mut BodyDataStream) -> Result<Received, Denial> {
    let most = door.limits.body_bytes;
    let announced = HttpBody::size_hint(stream).exact().map(|length| usize::try_from(length).unwrap_or(usize::MAX));
    if announced.is_some_and(|length| length > most) {
        return Err(body_too_large(Party::Node, most));
    }
    let most = if announced.is_some() { most } else { most.min(UNANNOUNCED_BYTES) };
    // A body whose length is not announced counts as the longest of its kind.
    let length = announced.unwrap_or(most);
    let pass = limited::pass(&door.gate, Party::Node, length)?;
    refuse_foreign_encoding(headers)?;
    let share = lend(door, length.saturating_mul(COPIES)).await?;
    let mut bytes = Vec::with_capacity(announced.unwrap_or_default());
    let (started, rate) = (Instant::now(), if length > LONG { LEAST_RATE_LONG } else { LEAST_RATE });
    loop {
        let earned = Duration::from_secs(bytes.len() as u64 / rate);
        let chunk = match timeout_at(started + door.limits.patience.max(earned), stream.next()).await {
            Ok(Some(Ok(chunk))) => chunk,
            Ok(None) => break,
            Ok(Some(Err(_))) => return Err(Denial::new(RefusalCode::Malformed, "请求体未传完连接就中断了")),
            Err(_) => return Err(too_slow()),
        };
        if bytes.len() + chunk.len() > most {
            return Err(body_too_large(Party::Node, most));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Received { bytes, share, pass })
}

/// Lends memory, or says that there is none.
pub(super) async fn lend(door: &Door, bytes: usize) -> Result<Share, Denial> {
    // While the broker takes nothing, shares come back late: the sender is told soon.
    let exchange = door.names.exchange();
    let hopeful = || door.publisher.availability(&exchange) == Availability::Up;
    let busy = |_| Denial::new(RefusalCode::Unavailable, "系统繁忙，未接收：请稍后用原报文（相同 random）重发");
    door.budget.borrow(bytes, hopeful).await.map_err(busy)
}

/// Reads on and keeps nothing, within bounds of bytes and time. Most senders write all of a body before they read: cut off
/// halfway they would see a broken connection, never the answer that says why.
pub(super) async fn discard(door: &Door, headers: &HeaderMap, stream: &mut BodyDataStream) {
    // This sender waits for a word before it sends; reading would ask it to go on.
    if headers.contains_key(header::EXPECT) {
        return;
    }
    let rest = async {
        let mut read = 0;
        while read < DISCARDED
            && let Some(Ok(chunk)) = stream.next().await
        {
            read += chunk.len();
        }
    };
    // However it ends, the answer is sent now.
    let _ = timeout(door.limits.patience, rest).await;
}

/// §6.2.1: UTF-8 throughout. A Content-Type that names another charset is refused; other values are ignored.
fn refuse_foreign_encoding(headers: &HeaderMap) -> Result<(), Denial> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_ascii_lowercase();
    let content_type = text(header::CONTENT_TYPE);
    if let Some((_, charset)) = content_type.split_once("charset=") {
        let charset = charset.split(';').next().unwrap_or_default().trim().trim_matches('"');
        if !matches!(charset, "utf-8" | "utf8" | "us-ascii") {
            return Err(Denial::new(
                RefusalCode::Malformed,
                format!("字符编码应为 UTF-8，Content-Type 写的是 {}", charset.chars().take(32).collect::<String>()),
            ));
        }
    }
    let encoding = text(header::CONTENT_ENCODING);
    if !matches!(encoding.as_str(), "" | "identity") {
        return Err(Denial::new(RefusalCode::Malformed, "不接收压缩的请求体：请去掉 Content-Encoding，按原文发送"));
    }
    Ok(())
}

fn too_slow() -> Denial {
    Denial::new(RefusalCode::Malformed, "请求体传输过慢，已中止：请检查网络后重发")
}
