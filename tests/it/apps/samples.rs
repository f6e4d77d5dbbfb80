//! The programs that `sesame app add` prints, run as a vendor would run them.

use super::fixture::{Managed, soon};
use crate::harness::Spec;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs a program and gives what it prints.
fn run(program: &Path, script: &str) -> String {
    assert!(program.exists(), "{} is missing: run `make test`, which fetches it", program.display());
    let modules = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(".run/samples/javascript/node_modules");
    let output = Command::new(program).arg(script).env("NODE_PATH", modules).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    out.into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_6_5_1_the_samples_printed_for_a_new_app_run() {
    let managed = Managed::start(Spec::new("370203")).await;
    let (url, key_out) = (managed.node.url(), managed.path("b.key"));
    for (appid, options) in [("370203-A 检验院", &[][..]), ("b", &["--key-out", &key_out][..])] {
        let add = ["add", appid, "--name", "某检验院", "--region", "370203", "--busicodes", "007", "--url", &url];
        let added = managed.json(&[&add[..], options].concat()).await;
        let key = added["key"].as_str().map(str::to_owned);
        let key = key.unwrap_or_else(|| std::fs::read_to_string(&key_out).unwrap().trim().to_owned());
        soon(&managed.caller(appid, &key), "007", "04", "").await;

        let written = |file: &str| {
            let path = managed.path(file);
            std::fs::write(&path, added["samples"][file].as_str().unwrap()).unwrap();
            path
        };
        let (python, javascript, java) = (written("check.py"), written("check.js"), written("Check.java"));
        let (python, javascript) = tokio::task::spawn_blocking(move || {
            let environment = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(".run/samples/python/bin/python");
            let which = Command::new("sh").args(["-c", "command -v node"]).output().unwrap();
            let node = PathBuf::from(String::from_utf8_lossy(&which.stdout).trim().to_owned());
            (run(&environment, &python), run(&node, &javascript))
        })
        .await
        .unwrap();
        for printed in [&python, &javascript] {
            assert!(printed.lines().next().is_some_and(|sign| sign.len() == 160), "{printed}");
            assert!(printed.contains("\"result\":\"0001\""), "{printed}");
        }
        assert_eq!(python.lines().next(), javascript.lines().next());
        let java = std::fs::read_to_string(java).unwrap();
        assert!(java.contains(python.lines().next().unwrap()), "the signature Java is held against: {java}");
    }
    let other = managed.app(&["add", "c", "--name", "n", "--region", "370203", "--profile", "hmac"]).await;
    assert!(String::from_utf8_lossy(&other.stderr).contains("5.3"), "told where to read on");
}
