//! What is wrong with a request that is no envelope (§6.2.2, table 1), in words its sender can act on.

use super::json::{Fault, Kind, NotText, Position};
use super::random::{NotARandom, Random};

/// Why a request cannot be read. It carries the request's random where that could be read, for the answer to repeat.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct EnvelopeError {
    /// The request's random, if it was read before the fault and is one.
    pub random: Option<Random>,
    /// What is wrong, and where.
    pub reason: Malformed,
}

/// What can be wrong with the form of a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Nothing, or white space alone.
    #[error("请求体为空：应为 JSON 对象")]
    Empty,
    /// Bytes that are not UTF-8 (§6.2.1).
    #[error("请求体不是 UTF-8 编码：{0}，请确认未按 GBK 等编码发送")]
    NotUtf8(Position),
    /// JSON of another kind.
    #[error("请求体应为 JSON 对象，实际为{0}")]
    NotAnObject(Kind),
    /// The request ends before its object does.
    #[error("请求体不完整：在{0}中断")]
    Truncated(Position),
    /// Not JSON.
    #[error("请求体不是合法的 JSON：{0}（{1}）")]
    Syntax(Position, String),
    /// Something after the object.
    #[error("JSON 对象之后还有多余内容：{0}")]
    Trailing(Position),
    /// A key at the top that is there twice, however it is spelled.
    #[error("键 {0:?} 重复出现")]
    RepeatedKey(String),
    /// More keys at the top than any envelope has.
    #[error("顶层键超过 {0} 个")]
    TooManyKeys(usize),
    /// Required keys that are not there.
    #[error("缺少 {}{}", keys.join("、"), hint(look_alikes))]
    Missing {
        /// All that are missing.
        keys: Vec<&'static str>,
        /// Keys sent that differ from a missing one in case alone, such as `appId`.
        look_alikes: Vec<String>,
    },
    /// A value of a kind that its key does not take.
    #[error("{key} 应为{expected}，实际为{found}")]
    WrongKind {
        /// The key.
        key: &'static str,
        /// The kinds it takes.
        expected: &'static str,
        /// What was sent.
        found: Kind,
    },
    /// A string with half of a surrogate pair, which no UTF-8 can hold.
    #[error("{0} 含有不成对的代理项转义（\\uD800 至 \\uDFFF）")]
    LoneSurrogate(&'static str),
    /// A random of another form.
    #[error(transparent)]
    Random(#[from] NotARandom),
}

impl From<Fault> for Malformed {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::NotAnObject(found) => Malformed::NotAnObject(found),
            Fault::Truncated(at) => Malformed::Truncated(at),
            Fault::Syntax(at, expected) => Malformed::Syntax(at, expected),
            Fault::Trailing(at) => Malformed::Trailing(at),
        }
    }
}

impl Malformed {
    /// The value of `key`, which is no text where one of `expected` belongs.
    pub(super) fn value(key: &'static str, expected: &'static str, error: NotText) -> Self {
        match error {
            NotText::OtherKind(found) => Malformed::WrongKind { key, expected, found },
            NotText::LoneSurrogate => Malformed::LoneSurrogate(key),
        }
    }
}

fn hint(look_alikes: &[String]) -> String {
    match look_alikes {
        [] => String::new(),
        found => format!("（收到的是 {}，键名区分大小写）", found.join("、")),
    }
}
