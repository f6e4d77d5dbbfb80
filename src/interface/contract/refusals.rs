//! What each refusal means and what its caller should do. One exhaustive match: a new code without words does not compile.

use crate::interface::Bilingual;
use crate::interface::bilingual::both;
use crate::standard::refusal::RefusalCode;

/// What a refusal means to its caller.
#[derive(Debug, Clone, Copy)]
pub struct Explanation {
    /// What was wrong.
    pub meaning: Bilingual,
    /// What to do.
    pub remedy: Bilingual,
    /// Which random the next attempt takes.
    pub reuse: Reuse,
    /// A reason as an answer gives it, in Chinese.
    pub example: &'static str,
}

/// Which random the next attempt takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reuse {
    /// A new one: it is another request.
    New,
    /// The same, with the same envelope.
    Same,
}

impl Reuse {
    /// In words.
    pub fn words(self) -> Bilingual {
        match self {
            Reuse::New => both("新", "new"),
            Reuse::Same => both("原", "same"),
        }
    }
}

/// Explains a refusal.
pub fn explain(code: RefusalCode) -> Explanation {
    let (meaning, remedy) = words(code);
    Explanation { meaning, remedy, reuse: reuse(code), example: example(code) }
}

/// What was wrong, and what to do.
fn words(code: RefusalCode) -> (Bilingual, Bilingual) {
    match code {
        RefusalCode::Malformed => (
            both(
                "报文不合规定，或无法解密；请求体没有收全",
                "Not as the contract asks, cannot be decrypted, or did not arrive whole",
            ),
            both(
                "按 message 中的位置改正；没有收全的用原报文重发",
                "Correct it where the message says; if incomplete, send it again",
            ),
        ),
        RefusalCode::UnknownBusicode => {
            (both("没有这个业务分类代码", "No such business code"), both("核对表 2", "See table 2"))
        }
        RefusalCode::UnknownAction => (
            both("没有这个动作，或该 interFlag 不支持", "No such action, or not at this interFlag"),
            both("核对表 3", "See table 3"),
        ),
        RefusalCode::UnknownApp => (
            both("appid 不存在或已停用", "No such account, or disabled"),
            both("核对，或联系提供方", "Compare it, or ask the operator"),
        ),
        RefusalCode::SignMismatch => (
            both(
                "签名不符，或缺少约定的客户端证书",
                "The signature does not verify, or a certificate agreed on is missing",
            ),
            both("按签名一节逐项核对", "Go through the section on signatures"),
        ),
        RefusalCode::NotGranted => (
            both("超出授权的区划、业务代码或动作", "Outside the granted regions, business codes or actions"),
            both("联系提供方", "Ask the operator"),
        ),
        RefusalCode::NotFound => (both("没有这个地址", "No such path"), both("核对地址", "Compare the address")),
        RefusalCode::MethodNotAllowed => (
            both("请求方法不对", "Another HTTP method"),
            both("改用响应头 `Allow` 所列的方法", "Use what the header `Allow` says"),
        ),
        RefusalCode::RandomReused => (
            both("random 已用于另一次请求", "The random was used for something else"),
            both("检查生成方式", "Mend its generation"),
        ),
        RefusalCode::TooLarge => (
            both("字节数或记录数超限", "Too many bytes or records"),
            both("分批，每批一个新的 random", "Split it, with a new random for each part"),
        ),
        RefusalCode::InvalidRecords => (
            both("记录（或查询条件）不合规则", "Records, or the conditions of a query, break rules"),
            both("按 busilist 逐条改正", "Correct them as the busilist says"),
        ),
        RefusalCode::RateLimited => (
            both("超过约定的频次、流量或并发", "More exchanges, bytes or concurrency than agreed"),
            both("按 `Retry-After` 等待", "Wait for `Retry-After`"),
        ),
        RefusalCode::TransferFailed => (
            both(
                "同一 appid、random、来源地址连续 3 次签名不符，已标记为传输失败（§7.4）；签名正确的不受影响",
                "Marked after three wrong signatures in a row of one appid, random and source address (§7.4); a right one is \
                 never refused",
            ),
            both(
                "改正签名后立即用原 random 重发；否则按 `Retry-After` 等待",
                "Mend the signature and send it again at once; otherwise wait for `Retry-After`",
            ),
        ),
        RefusalCode::Unavailable => (
            both("暂时不可用，**结果未知**", "Unavailable for the moment: **the outcome is unknown**"),
            both("按 `Retry-After` 等待，用原报文重发", "Wait for `Retry-After`, send the same envelope again"),
        ),
    }
}

/// The outcome is unknown, or nothing was looked at: the same envelope may come again.
fn reuse(code: RefusalCode) -> Reuse {
    match code {
        RefusalCode::RateLimited | RefusalCode::TransferFailed | RefusalCode::Unavailable => Reuse::Same,
        RefusalCode::Malformed
        | RefusalCode::UnknownBusicode
        | RefusalCode::UnknownAction
        | RefusalCode::UnknownApp
        | RefusalCode::SignMismatch
        | RefusalCode::NotGranted
        | RefusalCode::NotFound
        | RefusalCode::MethodNotAllowed
        | RefusalCode::RandomReused
        | RefusalCode::TooLarge
        | RefusalCode::InvalidRecords => Reuse::New,
    }
}

/// A reason as an answer gives it.
fn example(code: RefusalCode) -> &'static str {
    match code {
        RefusalCode::Malformed => "缺少 random",
        RefusalCode::UnknownBusicode => "业务分类代码 012 在本节点没有数据字典：应为表2所列 001 至 011",
        RefusalCode::UnknownAction => "validate 只校验新增、修改、删除（01、02、03）",
        RefusalCode::UnknownApp => "应用账号不存在或已停用：请核对 appid，或联系接口提供方开通",
        RefusalCode::SignMismatch => {
            "签名校验失败：请核对密钥（32位十六进制）、参数顺序 action、appid、busicode、busilist、random，并对发送的 \
             busilist 原文签名"
        }
        RefusalCode::NotGranted => "应用账号未获授权报送所属行政区划 320106 的数据",
        RefusalCode::NotFound => "没有这个接口地址：应为 /sesame/exchange、/sesame/validate 或 /sesame/log",
        RefusalCode::MethodNotAllowed => "请求方法应为 POST",
        RefusalCode::RandomReused => {
            "请求随机标识已用于另一次请求：每次请求应生成新的 random；只有内容完全相同的新增、修改、删除可以用原 random 重发"
        }
        RefusalCode::TooLarge => "一次交换的记录超过本节点的上限 100000 条：请分批报送",
        RefusalCode::InvalidRecords => "数据校验未通过，共1处错误，整批未接收：请按 busilist 逐条改正后重新报送",
        RefusalCode::RateLimited => {
            "超过应用账号的频次上限（平均每秒 10 次），未接收：请等待 1 秒后用原报文（相同 random）重发"
        }
        RefusalCode::TransferFailed => {
            "本次传输（appid、random 与来源地址相同）已连续3次签名校验失败，标记为传输失败（§7.4），至北京时间 2026-01-02 08:00:00 止；\
             改正签名后可立即用原 random 重发，签名正确的报文随时接收"
        }
        RefusalCode::Unavailable => "消息队列暂时不可用，结果未知：请稍后用原报文（相同 random）重发，不会重复入库",
    }
}
