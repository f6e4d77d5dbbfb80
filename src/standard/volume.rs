//! The volume of exchange agreed with a party (§7.3 数据交换量控制), as numbers.

use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;

/// What was agreed with one party. What is not given is not limited, beyond the limits of the node.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Volume {
    /// The most records of one exchange.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_records: Option<NonZeroU32>,
    /// The longest request body, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_body_bytes: Option<NonZeroU32>,
    /// Exchanges a second, on the average.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exchanges_per_second: Option<NonZeroU32>,
    /// Exchanges that may come at once after a pause; as many as a second's by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exchanges_burst: Option<NonZeroU32>,
    /// Bytes of request bodies a second, on the average.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_per_second: Option<NonZeroU32>,
    /// Exchanges being worked on at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_concurrent: Option<NonZeroU32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clause_7_3_what_is_not_agreed_is_not_written() {
        let volume = Volume { max_records: NonZeroU32::new(5), ..Volume::default() };
        assert_eq!(serde_json::to_string(&volume).unwrap(), r#"{"max_records":5}"#);
        assert_eq!(serde_json::from_str::<Volume>("{}").unwrap(), Volume::default());
        assert!(serde_json::from_str::<Volume>(r#"{"max_records":0}"#).is_err());
        assert!(serde_json::from_str::<Volume>(r#"{"records":1}"#).is_err());
    }
}
