//! Why an exchange is refused: the stable codes of the interface, their HTTP statuses, and the reason in Chinese.

use super::code::{NotABusinessCode, NotAnAction};
use super::encryption::CannotDecrypt;
use super::malformed::Malformed;
use std::fmt;

/// The codes that begin the message of a refusal. Programs read them, so they never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefusalCode {
    /// No envelope, or one that cannot be decrypted.
    Malformed,
    /// A business code that this node has no data dictionary for.
    UnknownBusicode,
    /// None of the actions of table 3.
    UnknownAction,
    /// No such app, or a disabled one.
    UnknownApp,
    /// 签名 does not verify.
    SignMismatch,
    /// The app may not do this with this data (§6.5.1 授权).
    NotGranted,
    /// No such path under the service.
    NotFound,
    /// The path takes another HTTP method. Shares the code of [`RefusalCode::NotFound`].
    MethodNotAllowed,
    /// 请求随机标识 was used before, for something else.
    RandomReused,
    /// More bytes or records than agreed (§7.3).
    TooLarge,
    /// Records that break the rules of their dataset (§6.1 数据校验).
    InvalidRecords,
    /// More exchanges than agreed (§7.3).
    RateLimited,
    /// Marked after failing three times (§7.4), until it may be tried again.
    TransferFailed,
    /// The outcome is unknown; the same envelope may be sent again.
    Unavailable,
}

impl RefusalCode {
    /// Every code, in the order of the contract's table.
    pub const ALL: [RefusalCode; 14] = [
        RefusalCode::Malformed,
        RefusalCode::UnknownBusicode,
        RefusalCode::UnknownAction,
        RefusalCode::UnknownApp,
        RefusalCode::SignMismatch,
        RefusalCode::NotGranted,
        RefusalCode::NotFound,
        RefusalCode::MethodNotAllowed,
        RefusalCode::RandomReused,
        RefusalCode::TooLarge,
        RefusalCode::InvalidRecords,
        RefusalCode::RateLimited,
        RefusalCode::TransferFailed,
        RefusalCode::Unavailable,
    ];

    /// The code as answers, logs and metrics show it.
    pub fn as_str(self) -> &'static str {
        match self {
            RefusalCode::Malformed => "MALFORMED",
            RefusalCode::UnknownBusicode => "UNKNOWN_BUSICODE",
            RefusalCode::UnknownAction => "UNKNOWN_ACTION",
            RefusalCode::UnknownApp => "UNKNOWN_APP",
            RefusalCode::SignMismatch => "SIGN_MISMATCH",
            RefusalCode::NotGranted => "NOT_GRANTED",
            RefusalCode::NotFound | RefusalCode::MethodNotAllowed => "NOT_FOUND",
            RefusalCode::RandomReused => "RANDOM_REUSED",
            RefusalCode::TooLarge => "TOO_LARGE",
            RefusalCode::InvalidRecords => "INVALID_RECORDS",
            RefusalCode::RateLimited => "RATE_LIMITED",
            RefusalCode::TransferFailed => "TRANSFER_FAILED",
            RefusalCode::Unavailable => "UNAVAILABLE",
        }
    }

    /// The HTTP status that goes with it, unless the app asked for 200 always.
    pub fn status(self) -> u16 {
        match self {
            RefusalCode::Malformed | RefusalCode::UnknownBusicode | RefusalCode::UnknownAction => 400,
            RefusalCode::UnknownApp | RefusalCode::SignMismatch => 401,
            RefusalCode::NotGranted => 403,
            RefusalCode::NotFound => 404,
            RefusalCode::MethodNotAllowed => 405,
            RefusalCode::RandomReused => 409,
            RefusalCode::TooLarge => 413,
            RefusalCode::InvalidRecords => 422,
            RefusalCode::RateLimited | RefusalCode::TransferFailed => 429,
            RefusalCode::Unavailable => 503,
        }
    }

    /// The code that the message of an answer begins with; `None` for a success, or an endpoint with codes of its own.
    pub fn of_message(message: &str) -> Option<Self> {
        let (code, _) = message.strip_prefix('[')?.split_once(']')?;
        Self::ALL.into_iter().find(|known| known.as_str() == code)
    }
}

impl fmt::Display for RefusalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A refusal. Its `Display` is the message of the answer: `[SIGN_MISMATCH] 签名校验失败：...`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("[{code}] {reason}")]
pub struct Refusal {
    /// For programs.
    pub code: RefusalCode,
    /// For a person, in Chinese: what is wrong, where, and what to do.
    pub reason: String,
}

impl Refusal {
    /// A refusal with a reason.
    pub fn new(code: RefusalCode, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into() }
    }
}

impl From<Malformed> for Refusal {
    fn from(reason: Malformed) -> Self {
        Self::new(RefusalCode::Malformed, reason.to_string())
    }
}

impl From<CannotDecrypt> for Refusal {
    fn from(reason: CannotDecrypt) -> Self {
        Self::new(RefusalCode::Malformed, reason.to_string())
    }
}

impl From<NotABusinessCode> for Refusal {
    fn from(reason: NotABusinessCode) -> Self {
        Self::new(RefusalCode::UnknownBusicode, reason.to_string())
    }
}

impl From<NotAnAction> for Refusal {
    fn from(reason: NotAnAction) -> Self {
        Self::new(RefusalCode::UnknownAction, reason.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_the_status_of_the_contract() {
        let table: Vec<(&str, u16)> = RefusalCode::ALL.map(|code| (code.as_str(), code.status())).to_vec();
        let expected = [
            ("MALFORMED", 400),
            ("UNKNOWN_BUSICODE", 400),
            ("UNKNOWN_ACTION", 400),
            ("UNKNOWN_APP", 401),
            ("SIGN_MISMATCH", 401),
            ("NOT_GRANTED", 403),
            ("NOT_FOUND", 404),
            ("NOT_FOUND", 405),
            ("RANDOM_REUSED", 409),
            ("TOO_LARGE", 413),
            ("INVALID_RECORDS", 422),
            ("RATE_LIMITED", 429),
            ("TRANSFER_FAILED", 429),
            ("UNAVAILABLE", 503),
        ];
        assert_eq!(table, expected);
    }

    #[test]
    fn a_message_begins_with_its_code() {
        for code in RefusalCode::ALL {
            let message = Refusal::new(code, "原因 [x]").to_string();
            assert_eq!(message, format!("[{}] 原因 [x]", code.as_str()));
            assert_eq!(RefusalCode::of_message(&message).map(RefusalCode::as_str), Some(code.as_str()));
        }
        for other in ["", "已接收1条", "[UNKNOWN] x", "SIGN_MISMATCH", "[SIGN_MISMATCH"] {
            assert_eq!(RefusalCode::of_message(other), None);
        }
    }

    #[test]
    fn what_was_misread_becomes_the_right_refusal() {
        use crate::standard::code::{Action, BusinessCode};
        let refusal = Refusal::from(Action::parse("05").unwrap_err());
        assert_eq!((refusal.code, refusal.reason.contains("05")), (RefusalCode::UnknownAction, true));
        assert_eq!(Refusal::from(BusinessCode::parse("1").unwrap_err()).code, RefusalCode::UnknownBusicode);
        assert_eq!(Refusal::from(Malformed::Empty).code, RefusalCode::Malformed);
        assert_eq!(Refusal::from(CannotDecrypt::Padding).code, RefusalCode::Malformed);
    }
}
