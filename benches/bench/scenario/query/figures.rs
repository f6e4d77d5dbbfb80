//! What the queries took: shown, reported, and written into docs/performance.md.

use crate::document::replace;
use crate::report::Report;
use crate::statistics::percentile_ms;
use anyhow::{Context, Result};
use std::fmt::Write;
use std::time::Duration;

const BEGIN: &str = "<!-- queries: written by make bench ARGS=\"--only=query --plans\" -->";
const END: &str = "<!-- end of queries -->";
const DOCUMENT: &str = "docs/performance.md";
const LOOK: Duration = Duration::from_secs(5);

/// Each query asked, in the order asked.
#[derive(Default)]
pub struct Figures(Vec<Figure>);

struct Figure {
    name: String,
    p50_ms: f64,
    p99_ms: f64,
    rows: f64,
}

impl Figures {
    /// Shows and notes what a query took, of sorted times, and how many rows its answers had on the average.
    pub fn note(&mut self, report: &mut Report, name: &str, times: &[Duration], rows: f64) {
        let (p50_ms, p99_ms) = (percentile_ms(times, 50.0), percentile_ms(times, 99.0));
        println!("{name:<52} {p50_ms:>9.1} {p99_ms:>9.1} {rows:>9.0}");
        report.figure("query", &format!("{name}: p50"), p50_ms, "ms");
        report.figure("query", &format!("{name}: p99"), p99_ms, "ms");
        self.0.push(Figure { name: name.to_owned(), p50_ms, p99_ms, rows });
    }

    /// The largest p99, in milliseconds, and whose it is.
    pub fn slowest(&self) -> Result<(f64, &str)> {
        let slowest = self.0.iter().max_by(|a, b| a.p99_ms.total_cmp(&b.p99_ms)).context("no query was asked")?;
        Ok((slowest.p99_ms, &slowest.name))
    }

    /// Writes the table into the document, under a line that says when and on what it was measured.
    pub fn write(&self, heading: &str) -> Result<()> {
        let mut text = format!("{heading}.\n\n| query | p50 ms | p99 ms | rows |\n|---|--:|--:|--:|\n");
        for Figure { name, p50_ms, p99_ms, rows } in &self.0 {
            writeln!(text, "| {name} | {p50_ms:.1} | {p99_ms:.1} | {rows:.0} |")?;
        }
        replace(DOCUMENT, BEGIN, END, &text)?;
        println!("wrote {DOCUMENT}");
        Ok(())
    }
}

/// How much of the machine is in use while the benchmark asks nothing, in percent: figures of a busy machine are not those of a quiet
/// one.
pub async fn in_use() -> Result<f64> {
    let before = ticks()?;
    tokio::time::sleep(LOOK).await;
    let (busy, all) = ticks()?;
    Ok(100.0 * (busy - before.0) / (all - before.1).max(1.0))
}

/// Ticks of all cores since the start of the machine: in use, and altogether.
fn ticks() -> Result<(f64, f64)> {
    let stat = std::fs::read_to_string("/proc/stat").context("cannot read /proc/stat")?;
    let line = stat.lines().next().unwrap_or_default();
    let ticks: Vec<f64> = line.split_whitespace().skip(1).take(8).filter_map(|tick| tick.parse().ok()).collect();
    // The fourth is idle, the fifth idle for want of a disk.
    let idle: f64 = ticks.iter().skip(3).take(2).sum();
    let all: f64 = ticks.iter().sum();
    Ok((all - idle, all))
}
