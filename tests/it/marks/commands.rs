//! `sesame marks`.

use super::fixture::{alarmed, mark, marked, mismatch};
use crate::contract::ask::App;
use crate::harness::{APP, Spec, TestNode, eventually, sesame};
use serde_json::Value;

/// A running node and the folder of its settings.
struct Desk {
    node: TestNode,
    folder: tempfile::TempDir,
}

impl Desk {
    async fn start() -> Self {
        let desk = Self { node: Spec::new("370203").start(&[]).await, folder: tempfile::tempdir().unwrap() };
        std::fs::write(desk.folder.path().join("node.toml"), &desk.node.toml).unwrap();
        desk
    }

    async fn run(&self, words: &[&str]) -> crate::harness::Ended {
        sesame(self.folder.path(), &[words, &["--config", "node.toml"]].concat()).await
    }

    async fn list(&self, options: &[&str]) -> Vec<Value> {
        let ended = self.run(&[&["marks", "list", "--json"], options].concat()).await;
        assert_eq!(ended.status, 0, "{ended:?}");
        serde_json::from_str(&ended.stdout).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_4_marks_are_listed_and_cleared_by_hand_with_who_and_why() {
    let desk = Desk::start().await;
    let app = App::of(&desk.node);
    mark(&app, "R").await;
    mismatch(&app, "S").await;
    let rows = eventually("both are listed", || async {
        let rows = desk.list(&["--all"]).await;
        (rows.len() == 2).then_some(rows)
    })
    .await;
    assert_eq!(
        (&rows[0]["random"], &rows[0]["state"], &rows[0]["until"]),
        (&"S".into(), &"counting".into(), &Value::Null)
    );
    let marks = desk.list(&[]).await;
    assert_eq!(marks.len(), 1, "{marks:?}");
    let (row, is) = (&marks[0], |name: &str, value: &str| assert_eq!(marks[0][name], value, "{:?}", marks[0]));
    is("appid", APP);
    is("random", "R");
    is("source", "127.0.0.1");
    is("state", "marked");
    assert!(row["failures"] == 3 && row["until"].as_str() > row["last"].as_str(), "{row}");
    assert!(desk.list(&["--appid", "nobody"]).await.is_empty());
    let table = desk.run(&["marks", "list"]).await.stdout;
    assert!(table.contains("UNTIL") && table.contains("127.0.0.1") && table.lines().count() == 2, "{table}");

    assert_eq!(desk.run(&["marks", "clear", APP, "R"]).await.status, 2, "a reason is asked for");
    let elsewhere = ["marks", "clear", APP, "R", "--source", "10.0.0.1", "--why", "x"];
    assert_eq!(desk.run(&elsewhere).await.status, 1);
    marked(&app, "R").await;
    // Health looks once a second: only what it has seen it can see end.
    alarmed(&desk.node, Some(APP)).await;
    let ended = desk.run(&["marks", "clear", APP, "R", "--why", "the key was rotated too early"]).await;
    assert_eq!((ended.status, ended.stdout.trim()), (0, "cleared 1"), "{ended:?}");
    alarmed(&desk.node, None).await;
    assert!(desk.list(&[]).await.is_empty());
    mark(&app, "R").await;

    let history = desk.run(&["app", "history", APP, "--json"]).await.stdout;
    let acts: Vec<Value> = serde_json::from_str(&history).unwrap();
    assert_eq!(acts.len(), 1, "what found nothing to clear is no act: {acts:?}");
    assert_eq!((&acts[0]["act"], &acts[0]["detail"]["random"]), (&"clear-marks".into(), &"R".into()));
    assert_eq!(acts[0]["detail"]["why"], "the key was rotated too early");
    assert!(!acts[0]["user"].as_str().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_4_the_console_shows_the_alarm() {
    let desk = Desk::start().await;
    mark(&App::of(&desk.node), "R").await;
    alarmed(&desk.node, Some(APP)).await;
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let console = format!("http://{}", desk.node.console);
    let form = "user=admin&password=secret";
    let login = client.post(format!("{console}/login"));
    let login = login.header("content-type", "application/x-www-form-urlencoded").body(form).send().await.unwrap();
    let cookie = login.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let page = client.get(&console).header("cookie", cookie).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("标记 marks") && page.contains(&format!("{APP} 1")), "{page}");
}
