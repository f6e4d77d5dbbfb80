//! The past of a record: which batches changed it, and where in each.

use super::batches::region;
use super::{Store, StoreError};
use crate::standard::code::BusinessCode;
use crate::standard::region::Region;
use uuid::Uuid;

/// A record and every change of it that this node has merged, in no order.
#[derive(Debug, Clone)]
pub struct RecordPast {
    /// XZQHDM.
    pub region: Region,
    /// The batch of each change, and its place there from 0.
    pub changes: Vec<(Uuid, u32)>,
}

impl Store {
    /// The past of the records with a key in comparable form, in a region and below.
    pub async fn past_of(
        &self,
        busicode: BusinessCode,
        key: &str,
        within: Region,
    ) -> Result<Vec<RecordPast>, StoreError> {
        let (first, last) = within.span();
        let client = self.client().await?;
        let rows = client
            .query(
                "SELECT r.region, array_agg(h.batch), array_agg(h.ordinal) \
                 FROM records r JOIN history h ON h.record = r.id \
                 WHERE r.busicode = $1 AND r.region BETWEEN $2 AND $3 AND r.key = $4 GROUP BY r.region ORDER BY r.region",
                &[&(busicode.number() as i16), &(first as i32), &(last as i32), &key],
            )
            .await?;
        rows.iter()
            .map(|row| {
                let ordinals: Vec<i32> = row.get(2);
                let changes = row.get::<_, Vec<Uuid>>(1).into_iter().zip(ordinals.into_iter().map(|at| at as u32));
                Ok(RecordPast { region: region(row.get(0))?, changes: changes.collect() })
            })
            .collect()
    }
}
