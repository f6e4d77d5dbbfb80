//! What the tests of the contract share: apps with less than everything, and looks at what has come of a batch.

use super::ask::App;
use crate::harness::{KEY, eventually};
use serde_json::{Value, json};

/// Settings of an app, with further lines.
pub fn app(appid: &str, region: &str, lines: &str) -> String {
    format!("[[apps]]\nappid = \"{appid}\"\nkey = \"{KEY}\"\nregion = \"{region}\"\n{lines}\n")
}

/// Waits until the log tells that the batch is committed, and gives its row.
pub async fn persisted(app: &App, batch: &str) -> Value {
    eventually("the batch is committed", || async {
        let rows = app.log(json!([{"BATCH": batch, "STATE": "persisted"}])).succeeds().await.busilist;
        rows.into_iter().next()
    })
    .await
}

/// The one record of 007 with this key, the deleted mark included; `None` when there is none.
pub async fn record(app: &App, key: &str) -> Option<Value> {
    let rows = app.ask("007", "04", json!([{"JCJLBH": key, "DELETED": "true"}])).succeeds().await.busilist;
    assert!(rows.len() < 2, "two records with the key {key}: {rows:?}");
    rows.into_iter().next()
}
