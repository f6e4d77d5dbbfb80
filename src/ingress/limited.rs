//! Refusals of what is more than agreed (§7.3): which limit, what it is, and how long to wait.

use super::outcome::Denial;
use crate::apps::App;
use crate::metrics::LIMITED;
use crate::standard::refusal::RefusalCode;
use crate::volume::{Excess, Gate, Kind, Pass};
use std::time::Duration;

/// Whose limit it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Party {
    Node,
    App,
}

impl Party {
    fn name(self) -> &'static str {
        match self {
            Party::Node => "本节点",
            Party::App => "应用账号",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Party::Node => "node",
            Party::App => "app",
        }
    }
}

/// Lets an exchange in at a gate, or refuses it.
pub(super) fn pass(gate: &Gate, party: Party, bytes: usize) -> Result<Pass, Denial> {
    gate.pass(bytes).map_err(|excess| rate_limited(party, &excess))
}

/// Whether the body is as short as was agreed with the app, and the app within its rates.
pub(super) fn pass_app(app: &App, bytes: usize) -> Result<Pass, Denial> {
    if let Some(most) = app.volume().max_body_bytes.filter(|most| bytes > most.get() as usize) {
        return Err(body_too_large(Party::App, most.get() as usize));
    }
    pass(&app.gate, Party::App, bytes)
}

fn rate_limited(party: Party, excess: &Excess) -> Denial {
    count(party, excess.kind.as_str());
    let (name, limit, wait) = (party.name(), excess.limit, whole_seconds(excess.wait));
    let what = match excess.kind {
        Kind::Exchanges => format!("超过{name}的频次上限（平均每秒 {limit} 次）"),
        Kind::Bytes => format!("超过{name}的流量上限（平均每秒 {limit} 字节）"),
        Kind::Concurrent => format!("超过{name}的并发上限（同时处理 {limit} 次）"),
    };
    let reason = format!("{what}，未接收：请等待 {wait} 秒后用原报文（相同 random）重发");
    Denial { retry_after: Some(wait), ..Denial::new(RefusalCode::RateLimited, reason) }
}

/// A whole second at least: a client told to wait for none would be back at once.
fn whole_seconds(wait: Duration) -> u64 {
    let up = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    up.max(1)
}

/// A body longer than agreed.
pub(super) fn body_too_large(party: Party, most: usize) -> Denial {
    count(party, "max_body_bytes");
    let reason = format!("请求体超过{}的上限 {most} 字节：请分批报送，并给出 Content-Length", party.name());
    Denial::new(RefusalCode::TooLarge, reason)
}

/// More records than agreed.
pub(super) fn too_many_records(party: Party, most: usize) -> Denial {
    count(party, "max_records");
    let reason = format!("一次交换的记录超过{}的上限 {most} 条：请分批报送", party.name());
    Denial::new(RefusalCode::TooLarge, reason)
}

fn count(party: Party, limit: &'static str) {
    ::metrics::counter!(LIMITED, "party" => party.label(), "limit" => limit).increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroU32;

    #[test]
    fn clause_7_3_a_refusal_says_which_limit_and_how_long_to_wait() {
        let excess =
            |kind, millis| Excess { kind, limit: NonZeroU32::new(7).unwrap(), wait: Duration::from_millis(millis) };
        for (kind, says) in
            [(Kind::Exchanges, "每秒 7 次"), (Kind::Bytes, "每秒 7 字节"), (Kind::Concurrent, "同时处理 7 次")]
        {
            let denial = rate_limited(Party::App, &excess(kind, 1_001));
            let reason = &denial.refusal.reason;
            assert!(reason.contains(says) && reason.contains("应用账号") && reason.contains("等待 2 秒"), "{reason}");
            assert_eq!((denial.refusal.code, denial.retry_after), (RefusalCode::RateLimited, Some(2)));
        }
        assert_eq!(rate_limited(Party::Node, &excess(Kind::Bytes, 1)).retry_after, Some(1));
        assert_eq!(whole_seconds(Duration::ZERO), 1);
    }
}
