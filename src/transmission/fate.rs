//! Which outcomes are worth another try. One table, and no default: a new code without a fate does not compile.

use crate::client::{Answered, ClientError};
use crate::standard::refusal::RefusalCode;
use std::time::Duration;

/// What an outcome means for the transmission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The node has it.
    Done,
    /// Another try of the same exchange may succeed.
    Failed(Miss),
    /// The same again would end the same.
    Refused {
        /// Whether the node may have it all the same: the answer cannot be believed.
        is_unknown: bool,
    },
}

/// A failed try that another one may mend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Miss {
    /// How long the node asks to wait.
    pub wait: Option<Duration>,
    /// Whether the node may have the exchange already.
    pub is_unknown: bool,
    /// Whether the node has marked the transfer itself (§7.4): a failure that needs no third try.
    pub is_marked: bool,
}

/// What an outcome means.
pub fn fate(outcome: &Result<Answered, ClientError>) -> Fate {
    match outcome {
        Ok(answered) if answered.success => Fate::Done,
        Ok(answered) => match answered.code() {
            Some(code) => of_code(code, answered.retry_after),
            // An endpoint of the standard with messages of its own: the status is all there is to go by.
            None => of_status(answered.status, answered.retry_after),
        },
        Err(ClientError::Unreachable { .. }) => missed(None, true),
        Err(ClientError::NotAnAnswer { status, .. }) => match of_status(*status, None) {
            // A page of something in between: whether the node has seen the exchange it does not say.
            Fate::Refused { .. } => Fate::Refused { is_unknown: true },
            other => other,
        },
        Err(ClientError::Forged { .. } | ClientError::Encrypted { .. }) => Fate::Refused { is_unknown: true },
    }
}

fn of_code(code: RefusalCode, wait: Option<Duration>) -> Fate {
    match code {
        RefusalCode::Unavailable => missed(wait, true),
        RefusalCode::RateLimited => missed(wait, false),
        RefusalCode::TransferFailed => Fate::Failed(Miss { wait, is_unknown: false, is_marked: true }),
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
        | RefusalCode::InvalidRecords => Fate::Refused { is_unknown: false },
    }
}

fn missed(wait: Option<Duration>, is_unknown: bool) -> Fate {
    Fate::Failed(Miss { wait, is_unknown, is_marked: false })
}

/// Statuses by which HTTP asks for another try; every other is a verdict.
fn of_status(status: u16, wait: Option<Duration>) -> Fate {
    match status {
        408 | 500..=599 => missed(wait, true),
        425 | 429 => missed(wait, false),
        _ => Fate::Refused { is_unknown: false },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::standard::answer::BadAnswer;
    use crate::standard::refusal::Refusal;

    fn answered(status: u16, message: &str) -> Result<Answered, ClientError> {
        Ok(Answered {
            status,
            success: false,
            message: message.to_owned(),
            busilist: "[]".to_owned(),
            after: None,
            retry_after: Some(Duration::from_secs(7)),
        })
    }

    #[test]
    fn clause_7_4_what_passes_by_itself_is_tried_again_and_nothing_else() {
        let wait = Some(Duration::from_secs(7));
        for code in RefusalCode::ALL {
            let found = fate(&answered(code.status(), &Refusal::new(code, "原因").to_string()));
            let expected = match code.as_str() {
                "UNAVAILABLE" => missed(wait, true),
                "RATE_LIMITED" => missed(wait, false),
                "TRANSFER_FAILED" => Fate::Failed(Miss { wait, is_unknown: false, is_marked: true }),
                _ => Fate::Refused { is_unknown: false },
            };
            assert_eq!(found, expected, "{code}");
        }
        let success = Answered { success: true, ..answered(200, "已接收1条").unwrap() };
        assert_eq!(fate(&Ok(success)), Fate::Done);
    }

    #[test]
    fn an_endpoint_without_our_codes_is_judged_by_its_status() {
        assert_eq!(fate(&answered(200, "失败")), Fate::Refused { is_unknown: false });
        for (status, is_unknown) in [(408, true), (425, false), (429, false), (500, true), (503, true)] {
            let expected = missed(Some(Duration::from_secs(7)), is_unknown);
            assert_eq!(fate(&answered(status, "busy")), expected, "{status}");
        }
    }

    #[test]
    fn without_an_answer_the_node_may_have_it() {
        let url = || "http://n/sesame/exchange".to_owned();
        let page = |status| ClientError::NotAnAnswer { url: url(), status, reason: BadAnswer::Missing("datalist") };
        let reason = "refused".to_owned();
        let again = missed(None, true);
        assert_eq!(fate(&Err(ClientError::Unreachable { url: url(), reason: reason.clone() })), again);
        assert_eq!(fate(&Err(page(502))), again);
        for error in
            [page(404), page(200), ClientError::Forged { url: url() }, ClientError::Encrypted { url: url(), reason }]
        {
            assert_eq!(fate(&Err(error)), Fate::Refused { is_unknown: true });
        }
    }
}
