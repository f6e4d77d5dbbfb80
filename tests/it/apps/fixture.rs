//! A node with a master key, and the command line beside it.

use crate::contract::ask::App;
use crate::harness::{Spec, TestNode};
use serde_json::Value;
use sesame::clock::Clock;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::Duration;
use tokio::time::{Instant, sleep};

pub const MASTER: &str = "000102030405060708090a0b0c0d0e0f";

/// A running node and its settings file.
pub struct Managed {
    pub node: TestNode,
    folder: tempfile::TempDir,
}

impl Managed {
    /// Starts a node with a master key.
    pub async fn start(spec: Spec) -> Self {
        let mut managed = Self::prepare(spec).await;
        managed.node.run(Clock::system()).await;
        managed
    }

    /// A node with a master key whose vhost and database are there.
    pub async fn prepare(spec: Spec) -> Self {
        let mut node = spec.prepare(&[]).await;
        node.toml = node.toml.replacen("[node]\n", &format!("[node]\nmaster_key = \"{MASTER}\"\n"), 1);
        node.config = sesame::config::parse(&node.toml, "test", []).unwrap();
        let managed = Self { node, folder: tempfile::tempdir().unwrap() };
        managed.write_settings(&managed.node.toml);
        managed
    }

    /// What the commands read from now on.
    pub fn write_settings(&self, toml: &str) {
        std::fs::write(self.settings(), toml).unwrap();
    }

    fn settings(&self) -> PathBuf {
        self.folder.path().join("node.toml")
    }

    /// A path beside the settings.
    pub fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// Runs `sesame app ARGS`.
    pub async fn app(&self, args: &[&str]) -> Output {
        let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
        let settings = self.settings();
        let run = move || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_sesame"));
            command.arg("app").args(args).arg("--config").arg(settings).output().unwrap()
        };
        tokio::task::spawn_blocking(run).await.unwrap()
    }

    /// Runs `sesame app ARGS --json`, sees that it succeeds, and gives what it prints.
    pub async fn json(&self, args: &[&str]) -> Value {
        let output = self.app(&[args, &["--json"]].concat()).await;
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{args:?}: {out}{err}");
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"))
    }

    /// Runs `sesame app ARGS`, sees that it fails, and gives what it says.
    pub async fn fails(&self, args: &[&str]) -> String {
        let output = self.app(args).await;
        assert_eq!(output.status.code(), Some(1), "{args:?}: {}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8(output.stderr).unwrap()
    }

    /// Adds an app of the region 370203 and gives a caller as it.
    pub async fn add(&self, appid: &str, options: &[&str]) -> App {
        let added = self.json(&[&["add", appid, "--name", "某检验院", "--region", "370203"], options].concat()).await;
        self.caller(appid, added["key"].as_str().unwrap())
    }

    pub fn caller(&self, appid: &str, key: &str) -> App {
        App::named(&self.node, appid).with_key(key)
    }

    /// Runs a statement in the node's database.
    pub async fn sql(&self, statement: &str) -> Vec<tokio_postgres::SimpleQueryMessage> {
        let uri = self.node.config.store.uri.text();
        let (client, connection) = tokio_postgres::connect(uri, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        client.simple_query(statement).await.unwrap_or_else(|error| panic!("{statement}: {error:?}"))
    }
}

/// A second, and room for a busy machine: what is learnt only by chance or by a restart takes longer.
pub const SOON: Duration = Duration::from_secs(5);

/// Asks until the node answers with this message code, or with success for an empty one.
pub async fn soon(app: &App, busicode: &str, action: &str, code: &str) {
    let deadline = Instant::now() + SOON;
    loop {
        let reply = app.ask(busicode, action, "[]").send().await;
        let answered = match reply.result.as_str() {
            "0001" => String::new(),
            _ => reply.message.trim_start_matches('[').split(']').next().unwrap().to_owned(),
        };
        if answered == code {
            return;
        }
        assert!(Instant::now() < deadline, "expected {code:?} soon: {reply:?}");
        sleep(Duration::from_millis(20)).await;
    }
}
