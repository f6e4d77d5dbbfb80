//! Transfers that failed too often at this door (§7.4): what a wrong signature is answered with, and what a right one ends.

use super::caller::Caller;
use super::door::Door;
use super::outcome::Denial;
use super::sender::Sender;
use crate::marks::{Transfer, Verdict};
use crate::standard::envelope::Envelope;
use crate::standard::moment::Moment;
use crate::standard::refusal::RefusalCode;

/// Counts what came of the check of the signature. It comes after that check, never instead of it: a right signature is taken
/// whatever was before. An unknown appid counts nothing, since there is no app that could have failed.
pub(super) fn judge(
    door: &Door,
    envelope: &Envelope<'_>,
    sender: &Sender,
    authenticated: Result<Caller, Denial>,
    now: Moment,
) -> Result<Caller, Denial> {
    let (appid, random) = (envelope.appid.as_ref(), envelope.random.as_str());
    let denial = match authenticated {
        Ok(caller) => {
            door.marks.passed(appid, random, sender.address, now);
            return Ok(caller);
        }
        Err(denial) => denial,
    };
    if denial.refusal.code != RefusalCode::SignMismatch {
        return Err(denial);
    }
    let times = door.marks.rule().failures.get();
    Err(match door.marks.failed(Transfer::new(appid, random, sender.address), now) {
        Verdict::Counted(_) => denial,
        Verdict::Marked { until } => {
            let reason = format!("{}。{}", denial.refusal.reason, told(times, until));
            Denial::new(RefusalCode::SignMismatch, reason)
        }
        Verdict::StillMarked { until } => marked(times, until, now, &denial.refusal.reason),
    })
}

/// Refuses a further wrong signature, and says why this one is wrong.
fn marked(times: usize, until: Moment, now: Moment, reason: &str) -> Denial {
    let wait = seconds_until(until, now);
    let reason = format!("{}。本次原因：{reason}；不改正的请等待 {wait} 秒后再试", told(times, until));
    Denial { retry_after: Some(wait), ..Denial::new(RefusalCode::TransferFailed, reason) }
}

fn told(times: usize, until: Moment) -> String {
    format!(
        "本次传输（appid、random 与来源地址相同）已连续{times}次签名校验失败，标记为传输失败（§7.4），至北京时间 {} 止；\
         改正签名后可立即用原 random 重发，签名正确的报文随时接收",
        until.to_civil()
    )
}

/// A whole second at least: a client told to wait for none would be back at once.
fn seconds_until(until: Moment, now: Moment) -> u64 {
    let micros = u64::try_from(until.micros().saturating_sub(now.micros())).unwrap_or_default();
    micros.div_ceil(1_000_000).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clause_7_4_a_further_bad_try_is_told_how_long_the_mark_lasts_and_what_to_do() {
        let now = Moment::parse("2026-01-01 08:00:00").unwrap();
        let denial = marked(3, now.plus_micros(86_399_000_001), now, "签名校验失败：请核对密钥");
        assert_eq!((denial.refusal.code, denial.retry_after), (RefusalCode::TransferFailed, Some(86_400)));
        let reason = denial.refusal.reason;
        for says in ["连续3次", "2026-01-02 07:59:59", "改正签名", "签名校验失败：请核对密钥", "等待 86400 秒"]
        {
            assert!(reason.contains(says), "{says}: {reason}");
        }
        assert_eq!(seconds_until(now, now), 1);
        assert_eq!(seconds_until(now, now.plus_micros(5)), 1);
    }
}
