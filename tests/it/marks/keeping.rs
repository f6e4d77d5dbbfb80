//! `sesame send` on its way to a node: a folder of files and state, and a network that can be made bad.

use crate::harness::{APP, Ended, KEY, Proxy, Spec, TestNode, records, sesame};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// A sender, a node, and a network in between.
pub struct Sender {
    pub node: TestNode,
    pub proxy: Proxy,
    pub folder: tempfile::TempDir,
}

impl Sender {
    pub async fn start() -> Self {
        let node = Spec::new("370203").start(&[]).await;
        let proxy = Proxy::before(node.interface.port()).await;
        let sender = Self { node, proxy, folder: tempfile::tempdir().unwrap() };
        std::fs::write(sender.folder.path().join("a.key"), KEY).unwrap();
        sender
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/sesame", self.proxy.port)
    }

    /// Writes records of 007 to a file.
    pub fn write(&self, file: &str, prefix: &str) {
        let list = records::checks(prefix, "370203", "2025-06-01 08:00:00", 3);
        std::fs::write(self.folder.path().join(file), list).unwrap();
    }

    pub fn words(&self, words: &[&str]) -> Vec<String> {
        let url = self.url();
        let caller =
            ["send", "--url", &url, "--appid", APP, "--key-file", "a.key", "--state", "state", "--pauses", "0,0"];
        caller.iter().chain(words).map(|&word| word.to_owned()).collect()
    }

    /// Runs `sesame send` with these words.
    pub async fn send(&self, words: &[&str]) -> Ended {
        let words = self.words(words);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        sesame(self.folder.path(), &words).await
    }

    /// Sends a file of 007.
    pub async fn file(&self, file: &str, options: &[&str]) -> Ended {
        self.send(&[&["--busicode", "007", "--action", "01", file], options].concat()).await
    }

    /// The files of what is kept.
    pub fn kept(&self) -> Vec<PathBuf> {
        let state = self.folder.path().join("state");
        std::fs::read_dir(state).unwrap().map(|entry| entry.unwrap().path()).collect()
    }

    /// What `--list` says.
    pub async fn list(&self) -> Vec<Value> {
        let ended = sesame(self.folder.path(), &["send", "--list", "--json", "--state", "state"]).await;
        assert_eq!(ended.status, 0, "{ended:?}");
        serde_json::from_str(&ended.stdout).unwrap()
    }
}

/// Lets the time of what a file keeps come.
pub fn let_its_time_come(file: &Path) {
    let mut kept: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert!(kept["next"].is_string(), "{kept}");
    kept["next"] = json!("2026-01-01T00:00:00Z");
    std::fs::write(file, kept.to_string()).unwrap();
}

/// The random that a run of the command has printed.
pub fn random_of(ended: &Ended) -> String {
    let line = ended.stderr.lines().find_map(|line| line.strip_prefix("random "));
    line.unwrap_or_else(|| panic!("no random: {ended:?}")).to_owned()
}
