//! The vendor samples of docs/samples against a real node: what the interface document shows must work.

use crate::harness::{APP, KEY, Spec, TestNode};
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Runs a sample, which sends one record and verifies the answer's signature.
fn run(program: &Path, script: &Path, node: &TestNode) {
    assert!(program.exists(), "{} is missing: run `make test`, which fetches it", program.display());
    let record = root().join("docs/samples/003.json");
    let output = Command::new(program)
        .arg(script)
        .arg(format!("{}/exchange", node.url()))
        .args([APP, KEY, "003", "01"])
        // Node.js looks for the sample's library here; Python's is in its own environment.
        .env("NODE_PATH", root().join(".run/samples/javascript/node_modules"))
        .arg(&record)
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && out.contains("\"result\":\"0001\""), "{out}\n{err}");
    assert!((out.to_string() + &err).contains("verified"), "{out}\n{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_6_5_1_the_samples_of_the_interface_document_work() {
    let node = Spec::new("370203").start(&[]).await;
    tokio::task::spawn_blocking(move || {
        let (samples, kept) = (root().join("docs/samples"), root().join(".run/samples"));
        run(&kept.join("python/bin/python"), &samples.join("python/sign.py"), &node);
        let which = Command::new("sh").args(["-c", "command -v node"]).output().unwrap();
        let program = PathBuf::from(String::from_utf8_lossy(&which.stdout).trim().to_owned());
        run(&program, &samples.join("javascript/sign.js"), &node);
    })
    .await
    .unwrap();
}
