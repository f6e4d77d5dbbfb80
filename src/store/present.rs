//! The present states of records that may have changed since a change.

use super::merge::state;
use super::{Store, StoreError};
use crate::record::{RecordId, State, Version};
use std::collections::HashMap;

/// Asked for at once.
const SLICE: usize = 4_000;

// Fields modified since the add have versions of their own, which are compared where they are read: few records have any.
const NEWER: &str = "SELECT r.busicode, r.region, r.key, r.id, r.added, r.deleted, r.modified, r.fields \
    FROM unnest($1::smallint[], $2::int[], $3::text[], $4::bytea[]) AS w(busicode, region, key, version) \
    JOIN records r ON r.busicode = w.busicode AND r.region = w.region AND r.key = w.key \
    WHERE r.added > w.version OR r.deleted > w.version OR r.modified IS NOT NULL";

impl Store {
    /// The states of those of the records that may be newer than the version given with each; of all others it is certain that
    /// they are not.
    pub async fn newer_states(&self, changes: &[(&RecordId, Version)]) -> Result<HashMap<RecordId, State>, StoreError> {
        let client = self.client().await?;
        let mut states = HashMap::new();
        for slice in changes.chunks(SLICE) {
            let busicodes: Vec<i16> = slice.iter().map(|(id, _)| id.busicode.number() as i16).collect();
            let regions: Vec<i32> = slice.iter().map(|(id, _)| id.region.number() as i32).collect();
            let keys: Vec<&str> = slice.iter().map(|(id, _)| id.key.as_ref()).collect();
            let versions: Vec<Vec<u8>> = slice.iter().map(|(_, version)| version.encode().to_vec()).collect();
            let statement = client.prepare_cached(NEWER).await?;
            for row in client.query(&statement, &[&busicodes, &regions, &keys, &versions]).await? {
                let id = RecordId {
                    busicode: super::batches::busicode(row.get(0))?,
                    region: super::batches::region(row.get(1))?,
                    key: row.get::<_, &str>(2).into(),
                };
                states.insert(id, state(&row)?);
            }
        }
        Ok(states)
    }
}
