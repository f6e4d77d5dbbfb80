//! A child whose section was removed from the settings.

use super::{Walls, channel, code, publish};
use crate::harness::{eventually, sesame};
use lapin::{BasicProperties, Connection, ConnectionProperties};

#[tokio::test(flavor = "multi_thread")]
async fn invariant_5_a_removed_child_loses_its_access_with_apply() {
    let walls = Walls::standing().await;
    let connection = walls.connection().await;
    let open = channel(&connection).await;
    publish(&open, "city", "37.02.03.007.01", BasicProperties::default()).await.expect("a child still");

    let folder = tempfile::tempdir().unwrap();
    let sections: Vec<&str> = walls.city.toml.split_inclusive('\n').collect();
    let start = sections.iter().position(|line| line.starts_with("[[children]]")).unwrap();
    let length = 1 + sections[start + 1..].iter().position(|line| line.starts_with('[')).unwrap();
    let without = [&sections[..start], &sections[start + length..]].concat().concat();
    assert!(!without.contains(&walls.user) && without.contains("370211"));
    std::fs::write(folder.path().join("city.toml"), without).unwrap();
    // The first apply may find the empty receipts queue's numbers not yet gathered; the access goes at once all the same.
    let ended = sesame(folder.path(), &["topology", "apply", "--config", "city.toml"]).await;
    assert!(ended.stdout.contains(&format!("- access of user {}", walls.user)), "{ended:?}");

    eventually("the open connection is closed", || async { (!connection.status().connected()).then_some(()) }).await;
    let error = Connection::connect(&walls.uri, ConnectionProperties::default()).await.expect_err("no child any more");
    assert_eq!(code(&error), 530, "{error}");
    eventually("all that was the child's is gone", || async {
        let ended = sesame(folder.path(), &["topology", "apply", "--config", "city.toml"]).await;
        (ended.status == 0).then_some(())
    })
    .await;
    let ended = sesame(folder.path(), &["topology", "check", "--config", "city.toml"]).await;
    assert!(ended.status == 0, "{ended:?}");
}
