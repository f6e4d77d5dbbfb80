//! The `sesame` program, run to its end.

use std::path::Path;
use std::process::Stdio;

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

/// Runs `sesame` with these words, in `folder`.
pub async fn sesame(folder: &Path, words: &[&str]) -> Ended {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_sesame"));
    let output =
        command.args(words).current_dir(folder).stdin(Stdio::null()).output().await.expect("the sesame binary");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Ended {
        status: output.status.code().expect("an exit status"),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}
