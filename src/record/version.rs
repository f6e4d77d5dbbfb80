//! The total order of changes.

use crate::standard::moment::Moment;
use uuid::Uuid;

/// Where a change stands among all changes of its record.
///
/// Compared member by member in the order written: the source's own update time first, so that a stale upload sent again
/// a day later does not overwrite newer data (§6.1 按时间戳增量上传). Fixed by the first commit at the entering node and
/// carried unchanged up every tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// SJGXSJ of the record, or `accepted` where the record carries none.
    pub source: Moment,
    /// When the entering node accepted the batch.
    pub accepted: Moment,
    /// The batch of the change.
    pub batch: Uuid,
    /// The change's place in its batch, from 0.
    pub ordinal: u32,
}

/// Length of the encoded form in bytes.
pub const ENCODED_LEN: usize = 36;

impl Version {
    /// Bytes that compare as the versions do, which lets PostgreSQL compare them as `bytea`.
    pub fn encode(&self) -> [u8; ENCODED_LEN] {
        let mut bytes = [0; ENCODED_LEN];
        bytes[..8].copy_from_slice(&ordered(self.source));
        bytes[8..16].copy_from_slice(&ordered(self.accepted));
        bytes[16..32].copy_from_slice(self.batch.as_bytes());
        bytes[32..].copy_from_slice(&self.ordinal.to_be_bytes());
        bytes
    }

    /// Reads what [`Version::encode`] wrote; `None` if the length is another.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; ENCODED_LEN] = bytes.try_into().ok()?;
        Some(Self {
            source: moment(bytes[..8].try_into().ok()?),
            accepted: moment(bytes[8..16].try_into().ok()?),
            batch: Uuid::from_bytes(bytes[16..32].try_into().ok()?),
            ordinal: u32::from_be_bytes(bytes[32..].try_into().ok()?),
        })
    }
}

/// Big-endian with the sign bit turned, so that times before 1970 sort first.
fn ordered(moment: Moment) -> [u8; 8] {
    (moment.micros() as u64 ^ (1 << 63)).to_be_bytes()
}

fn moment(bytes: [u8; 8]) -> Moment {
    Moment::from_micros((u64::from_be_bytes(bytes) ^ (1 << 63)) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn versions() -> impl Strategy<Value = Version> {
        (any::<i64>(), any::<i64>(), any::<u128>(), any::<u32>()).prop_map(|(source, accepted, batch, ordinal)| {
            Version {
                source: Moment::from_micros(source),
                accepted: Moment::from_micros(accepted),
                batch: Uuid::from_u128(batch),
                ordinal,
            }
        })
    }

    proptest! {
        #[test]
        fn the_encoded_form_keeps_the_order(a in versions(), b in versions()) {
            prop_assert_eq!(a.cmp(&b), a.encode().cmp(&b.encode()));
            prop_assert_eq!(Version::decode(&a.encode()), Some(a));
        }
    }

    #[test]
    fn other_lengths_are_refused() {
        assert_eq!(Version::decode(&[0; 35]), None);
        assert_eq!(Version::decode(&[0; 37]), None);
    }
}
