//! The figures in docs/performance.md: written between two marks by this program, never by hand.

use crate::chart::svg;
use crate::report::{Comparison, Report};
use anyhow::{Context, Result};
use std::fmt::Write;
use std::path::Path;

const BEGIN: &str = "<!-- figures: written by make bench ARGS=\"--chart FILE\" -->";
const END: &str = "<!-- end of figures -->";
const DOCUMENT: &str = "docs/performance.md";
const CHART: &str = "docs/performance.svg";

/// Writes the figures of a report into the document, and its chart beside it.
pub fn write(report: &Report) -> Result<()> {
    replace(DOCUMENT, BEGIN, END, &figures(report)?)?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    std::fs::write(root.join(CHART), svg(&report.comparisons)).with_context(|| format!("cannot write {CHART}"))?;
    println!("wrote {DOCUMENT} and {CHART}");
    Ok(())
}

/// Puts text between two lines of a document of the tree, in place of what is there.
pub fn replace(document: &str, begin: &str, end: &str, text: &str) -> Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(document);
    let before = std::fs::read_to_string(&path).with_context(|| format!("cannot read {document}"))?;
    let (head, rest) = before.split_once(begin).with_context(|| format!("{document} lacks the line {begin}"))?;
    let (_, tail) = rest.split_once(end).with_context(|| format!("{document} lacks the line {end}"))?;
    std::fs::write(&path, format!("{head}{begin}\n\n{text}\n{end}{tail}"))
        .with_context(|| format!("cannot write {document}"))
}

fn figures(report: &Report) -> Result<String> {
    let mut text = format!("{}.\n\n![Records persisted a second](performance.svg)\n", report.machine);
    for comparison in &report.comparisons {
        table(&mut text, comparison)?;
    }
    // Those of queries stand in a table of their own, which --plans writes.
    let others = || report.figures.iter().filter(|figure| figure.scenario != "query");
    if others().next().is_some() {
        writeln!(text, "\n| scenario | figure | value | |\n|---|---|--:|---|")?;
        for figure in others() {
            writeln!(text, "| {} | {} | {:.1} | {} |", figure.scenario, figure.name, figure.value, figure.unit)?;
        }
    }
    writeln!(text, "\n| clause | asked | required | measured | |\n|---|---|---|---|---|")?;
    for check in &report.checks {
        let result = if check.pass { "pass" } else { "**fail**" };
        writeln!(text, "| {} | {} | {} | {} | {result} |", check.clause, check.asked, check.required, check.measured)?;
    }
    Ok(text)
}

fn table(text: &mut String, comparison: &Comparison) -> Result<()> {
    let rounds = comparison.runs.iter().map(|run| run.round).max().unwrap_or(0);
    writeln!(
        text,
        "\n**{}**: {}; medians of {rounds} rounds.\n\n\
         | subject | records/s (least to most) | exchanges/s | p50 / p99 ms | cores service / rabbit / pg / load | peak MiB service / rabbit / pg | WAL / disk bytes a record | ratio to the floor |\n\
         |---|--:|--:|--:|--:|--:|--:|--:|",
        comparison.name, comparison.load
    )?;
    for subject in comparison.subjects() {
        let value = |value: &dyn Fn(&crate::report::Run) -> f64| comparison.spread(subject, value).median;
        let cores = |name: &str| value(&|run| run.process(name).map_or(0.0, |process| process.cores));
        let peak = |name: &str| comparison.spread(subject, |run| run.process(name).map_or(0.0, |p| p.peak_mib)).most;
        let records = comparison.spread(subject, |run| run.records_per_second);
        let ratio = comparison.ratio(subject).map_or_else(String::new, |ratio| {
            format!("{:.2} ({:.2} to {:.2}) {}", ratio.median, ratio.least, ratio.most, ratio.error())
        });
        writeln!(
            text,
            "| {subject} | {:.0} ({:.0} to {:.0}) | {:.0} | {:.0} / {:.0} | {:.2} / {:.2} / {:.2} / {:.2} | {:.0} / {:.0} / {:.0} | {:.0} / {:.0} | {ratio} |",
            records.median,
            records.least,
            records.most,
            value(&|run| run.exchanges_per_second),
            value(&|run| run.p50_ms),
            value(&|run| run.p99_ms),
            cores("service"),
            cores("rabbit"),
            cores("pg"),
            cores("load"),
            peak("service"),
            peak("rabbit"),
            peak("pg"),
            value(&|run| run.wal_bytes_per_record),
            value(&|run| run.disk_bytes_per_record),
        )?;
    }
    Ok(())
}
