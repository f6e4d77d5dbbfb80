//! A node whose present month is old by another clock.

use crate::harness::{Spec, TestNode};
use sesame::clock::Clock;
use sesame::config::RetentionSettings;
use sesame::flow::{Fate, Retention};
use sesame::standard::moment::Moment;
use sesame::standard::month::Month;
use sesame::standard::region::Region;
use std::path::Path;
use tokio_postgres::{Client, NoTls};
use tokio_util::sync::CancellationToken;

pub const UPDATED: &str = "2025-06-01 08:00:00";

/// The month it is.
pub fn present() -> Month {
    Month::of(Clock::system().now())
}

/// A node that tries again at once, and then not for hours.
pub async fn node() -> TestNode {
    Spec::new("370203").extra("[failures]\nretry_secs = [0, 0]\npark_secs = 86400\n").start(&[]).await
}

/// The node's database, for a hand that looks into it.
pub async fn database(node: &TestNode) -> Client {
    let (client, connection) = tokio_postgres::connect(node.config.store.uri.text(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Settings that keep one month.
pub fn keep_one(archive: Option<&Path>) -> RetentionSettings {
    RetentionSettings { keep_months: 1, archive: archive.map(Path::to_owned), drop_unarchived: false }
}

/// What looks after the months of a node, `months` from now.
pub fn in_months(node: &TestNode, months: i32, settings: RetentionSettings) -> Retention {
    let then: Moment = present().plus(months).start();
    let clock = Clock::new(move || then);
    Retention::new(Region::parse("370203").unwrap(), node.store(), settings, clock, CancellationToken::new())
}

/// One look, in `months` from now. The node looks too, and may be looking at this moment.
pub async fn look(node: &TestNode, months: i32, settings: RetentionSettings) -> Vec<(Month, Fate)> {
    let retention = in_months(node, months, settings);
    crate::harness::eventually("the node has had its look", || async {
        let fates = retention.look().await.unwrap();
        let ahead = node.store().months(sesame::store::Monthly::Log).await.unwrap();
        ahead.contains(&present().plus(months + 3)).then_some(fates)
    })
    .await
}

/// Rows of a table.
pub async fn count(client: &Client, table: &str) -> i64 {
    client.query_one(&format!("SELECT count(*) FROM {table}"), &[]).await.unwrap().get(0)
}
