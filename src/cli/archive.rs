//! `sesame archive`

use crate::archive::{check, list, read};
use anyhow::bail;
use clap::Subcommand;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Look into the files that older months of the store were written to
///
/// Needs no database and no running node. The files are zstd, one JSON object a line: the columns of the table, times in UTC, and of
/// a batch its records as they were sent, in `busilist`. The last line tells how many rows there are and their SM3.
#[derive(clap::Args)]
#[command(
    after_help = "Example: sesame archive read /var/lib/sesame/archive/batches-2025-01.jsonl.zst | grep 370203-A01"
)]
pub struct ArchiveCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List the files of a folder, and say which are whole
    #[command(after_help = "Example: sesame archive list /var/lib/sesame/archive")]
    List {
        /// The folder
        folder: PathBuf,
        /// Print a JSON array
        #[arg(long)]
        json: bool,
    },
    /// Print the rows of a file that is whole
    #[command(after_help = "Example: sesame archive read batches-2025-01.jsonl.zst")]
    Read {
        /// The file
        file: PathBuf,
    },
}

impl ArchiveCommand {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::List { folder, json } => show(&folder, json),
            Command::Read { file } => print(&file),
        }
    }
}

fn show(folder: &Path, json: bool) -> anyhow::Result<ExitCode> {
    let (mut rows, mut all_whole) = (Vec::new(), true);
    for path in list(folder)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let row = match check(&path) {
            Ok(checked) => {
                let of = checked.trailer;
                serde_json::json!({
                    "file": name, "node": of.node, "table": of.table, "month": of.month, "rows": of.rows,
                    "bytes": checked.bytes, "sm3": of.sm3, "whole": true,
                })
            }
            Err(error) => {
                all_whole = false;
                serde_json::json!({"file": name, "whole": false, "error": error.to_string()})
            }
        };
        rows.push(row);
    }
    if json {
        println!("{}", serde_json::Value::from(rows));
    } else {
        for row in &rows {
            let text = |member: &str| row[member].as_str().map_or_else(|| row[member].to_string(), str::to_owned);
            match row["whole"].as_bool() {
                Some(true) => println!(
                    "{:<36} {:>12} rows {:>14} bytes  node {}",
                    text("file"),
                    text("rows"),
                    text("bytes"),
                    text("node")
                ),
                _ => println!("{:<36} NOT WHOLE: {}", text("file"), text("error")),
            }
        }
    }
    Ok(if all_whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print(file: &Path) -> anyhow::Result<ExitCode> {
    // First, so that nothing of a torn file passes for the whole.
    check(file)?;
    let mut out = io::BufWriter::new(io::stdout().lock());
    let printed = read(file, |row| writeln!(out, "{row}"));
    // Whoever reads may have seen enough.
    let is_enough = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    match printed {
        Err(crate::archive::ArchiveError::Io { reason, .. }) if is_enough(&reason) => return Ok(ExitCode::SUCCESS),
        Err(error) => bail!(error),
        Ok(_) => {}
    }
    match out.flush() {
        Err(error) if !is_enough(&error) => bail!(error),
        _ => Ok(ExitCode::SUCCESS),
    }
}
