//! Counts and digests of records, by which two nodes can tell whether they hold the same.

use super::{Store, StoreError};
use crate::standard::code::BusinessCode;
use crate::standard::region::Region;

/// The records of one dataset in one region, summed up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TallyRow {
    /// The dataset.
    pub busicode: BusinessCode,
    /// Records whose add has come, deleted ones included.
    pub records: i64,
    /// Those with the deleted mark.
    pub deleted: i64,
    /// Exclusive-or over a hash of each record's identity, mark and fields: equal for equal sets, whatever their order.
    pub digest: i64,
}

/// The records of one region at one node, by dataset.
pub type Tally = Vec<TallyRow>;

impl Store {
    /// How many batches have been committed here, those of months dropped since left out.
    pub async fn batch_count(&self) -> Result<i64, StoreError> {
        Ok(self.client().await?.query_one("SELECT count(*) FROM once", &[]).await?.get(0))
    }

    /// Sums up the records of a region, dataset by dataset.
    pub async fn tally(&self, region: Region) -> Result<Tally, StoreError> {
        let (first, last) = region.span();
        let client = self.client().await?;
        let rows = client
            .query(
                "SELECT busicode, count(*), count(*) FILTER (WHERE is_deleted), \
                 bit_xor(hashtextextended(concat_ws(E'\\x1e', region, key, is_deleted, fields), 0)) \
                 FROM records WHERE added IS NOT NULL AND region BETWEEN $1 AND $2 GROUP BY busicode ORDER BY busicode",
                &[&(first as i32), &(last as i32)],
            )
            .await?;
        rows.iter()
            .map(|row| {
                Ok(TallyRow {
                    busicode: super::batches::busicode(row.get(0))?,
                    records: row.get(1),
                    deleted: row.get(2),
                    digest: row.get(3),
                })
            })
            .collect()
    }
}
