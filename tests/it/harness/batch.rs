//! A batch as persist hands it to the store, for tests of the store alone.

use sesame::record::Change;
use sesame::standard::code::{Action, BusinessCode};
use sesame::standard::moment::Moment;
use sesame::standard::region::Region;
use sesame::store::NewBatch;
use uuid::Uuid;

/// A batch of adds to 007 that entered at `home`; its changes are all its records.
pub fn batch(id: Uuid, home: Region, accepted: Moment, changes: Vec<Change>) -> NewBatch {
    NewBatch {
        id,
        origin: home,
        appid: "app".to_owned(),
        random: id.to_string(),
        busicode: BusinessCode::parse("007").unwrap(),
        action: Action::Add,
        region: home,
        digest: [1; 32],
        accepted,
        home,
        trace: serde_json::json!([]),
        evidence: serde_json::json!({}),
        bytes: 2,
        body: vec![],
        dataset_version: "1".to_owned(),
        records: changes.len() as u32,
        changes,
        unapplied: Vec::new(),
        refused: Vec::new(),
        failure: None,
        must_exist: false,
    }
}
