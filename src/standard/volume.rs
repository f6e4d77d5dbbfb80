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

impl Volume {
    /// The same, and what it leaves open by `default`.
    pub fn or(self, default: Volume) -> Self {
        Self {
            max_records: self.max_records.or(default.max_records),
            max_body_bytes: self.max_body_bytes.or(default.max_body_bytes),
            exchanges_per_second: self.exchanges_per_second.or(default.exchanges_per_second),
            // A burst belongs to its average: that of the default says nothing about another.
            exchanges_burst: self
                .exchanges_burst
                .or(default.exchanges_burst.filter(|_| self.exchanges_per_second.is_none())),
            bytes_per_second: self.bytes_per_second.or(default.bytes_per_second),
            max_concurrent: self.max_concurrent.or(default.max_concurrent),
        }
    }
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

    #[test]
    fn clause_7_3_a_default_fills_what_was_not_agreed() {
        let some = NonZeroU32::new;
        let default = Volume { exchanges_per_second: some(5), exchanges_burst: some(50), ..Volume::default() };
        let own = Volume { exchanges_per_second: some(1), max_records: some(9), ..Volume::default() };
        assert_eq!(own.or(default), own, "a burst of the default does not belong to another average");
        let filled = Volume { max_records: some(9), ..Volume::default() }.or(default);
        assert_eq!((filled.exchanges_burst, filled.max_records), (some(50), some(9)));
    }
}
