//! Keys in the table: sealed, and bound to their rows and columns.

use super::fixture::{Managed, soon};
use crate::harness::{KEY, Spec};

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_1_keys_lie_sealed_and_one_that_was_moved_is_refused() {
    let managed = Managed::start(Spec::new("370203")).await;
    let file = managed.path("k");
    std::fs::write(&file, KEY).unwrap();
    let one = managed.add("one", &["--key-file", &file]).await;
    let two = managed.add("two", &["--data-key-file", &file]).await.encrypting_with(KEY);
    soon(&one, "007", "04", "").await;
    soon(&two, "007", "04", "").await;

    let dump = format!("{:?}", managed.sql("SELECT * FROM apps, app_acts").await).to_lowercase();
    assert!(dump.contains("one") && !dump.contains(KEY), "no key in the clear");

    // Whoever can write to the table cannot make the key of one app that of another.
    managed.sql("UPDATE apps SET key = (SELECT key FROM apps WHERE appid = 'one') WHERE appid = 'two'").await;
    soon(&two, "007", "04", "UNAVAILABLE").await;
    managed
        .caller("two", KEY)
        .encrypting_with(KEY)
        .ask("007", "04", "[]")
        .send()
        .await
        .assert_refusal(503, "UNAVAILABLE");
    one.ask("007", "04", "[]").succeeds().await;
    let listed = managed.json(&["show", "two"]).await;
    assert!(listed["fault"].as_str().unwrap().contains("sesame app rotate"), "{listed}");

    // Nor a data key its key.
    managed.sql("UPDATE apps SET key = data_key WHERE appid = 'two'").await;
    crate::harness::eventually("the change is seen", || async {
        let detail = managed.node.health().checks().apps.detail;
        detail.contains("cannot be used").then_some(())
    })
    .await;
    two.ask("007", "04", "[]").send().await.assert_refusal(503, "UNAVAILABLE");
    assert!(managed.node.health().checks().ready(), "one app's trouble is no one else's");
    // A new key heals it.
    let other = "ffffffffffffffff0000000000000000";
    std::fs::write(&file, other).unwrap();
    let rotated = managed.json(&["rotate", "two", "--overlap", "0", "--data-key-file", &file]).await;
    let healed = managed.caller("two", rotated["key"].as_str().unwrap()).encrypting_with(other);
    soon(&healed, "007", "04", "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_1_another_master_key_opens_nothing_and_the_settings_are_named() {
    let mut managed = Managed::start(Spec::new("370203")).await;
    let app = managed.add("one", &[]).await;
    soon(&app, "007", "04", "").await;
    managed.node.stop().await;

    let toml = managed.node.toml.replace(super::fixture::MASTER, KEY);
    managed.node.config = sesame::config::parse(&toml, "test", []).unwrap();
    managed.node.run(sesame::clock::Clock::system()).await;
    let app = app.at(&managed.node);
    app.ask("007", "04", "[]").send().await.assert_refusal(503, "UNAVAILABLE");
    // Where the master key is lost, new keys heal the apps one by one; until then no app is added beside them.
    managed.write_settings(&toml);
    assert!(managed.fails(&["rotate", "one"]).await.contains("--overlap 0"));
    assert!(managed.fails(&["add", "two", "--name", "n", "--region", "370203"]).await.contains("[node] master_key"));
    let detail = managed.node.health().checks().apps.detail;
    assert!(detail.contains("[node] master_key") && !detail.contains(KEY), "{detail}");
    crate::contract::ask::App::of(&managed.node).ask("007", "04", "[]").succeeds().await;
    let rotated = managed.json(&["rotate", "one", "--overlap", "0"]).await;
    soon(&managed.caller("one", rotated["key"].as_str().unwrap()), "007", "04", "").await;
}
