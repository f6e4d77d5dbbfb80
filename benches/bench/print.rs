//! The report on a terminal.

use crate::report::{Check, Comparison, Figure, Run};

/// The head of the columns that [`line`] fills.
pub const HEAD: &str = "subject          records/s exchanges/s   p50 ms   p99 ms  cores: service rabbit   pg load   MiB: service rabbit   pg load  WAL B/rec disk B/rec";

/// One measurement.
pub fn line(run: &Run) -> String {
    let part = |name: &str| run.process(name).map_or((0.0, 0.0), |process| (process.cores, process.peak_mib));
    let [service, rabbit, pg, load] = ["service", "rabbit", "pg", "load"].map(part);
    let mut text = format!(
        "{:<15} {:>10.0} {:>11.0} {:>8.1} {:>8.1}  {:>14.2} {:>6.2} {:>4.2} {:>4.2}   {:>12.0} {:>6.0} {:>4.0} {:>4.0} {:>10.0} {:>10.0}",
        run.subject,
        run.records_per_second,
        run.exchanges_per_second,
        run.p50_ms,
        run.p99_ms,
        service.0,
        rabbit.0,
        pg.0,
        load.0,
        service.1,
        rabbit.1,
        pg.1,
        load.1,
        run.wal_bytes_per_record,
        run.disk_bytes_per_record
    );
    if run.repeated > 0 {
        text.push_str(&format!("  ({} told to come again)", run.repeated));
    }
    text
}

/// Medians over the rounds, and the ratios to the strongest floor.
pub fn summary(comparison: &Comparison) {
    println!("\n{}: medians of {} rounds", comparison.name, rounds(comparison));
    println!(
        "subject          exchanges/s      records/s (least to most)          ratio to the floor (least to most, ± error)"
    );
    for subject in comparison.subjects() {
        let records = comparison.spread(subject, |run| run.records_per_second);
        let exchanges = comparison.spread(subject, |run| run.exchanges_per_second);
        let ratio = comparison.ratio(subject).map_or_else(String::new, |ratio| {
            format!("{:.2} ({:.2} to {:.2}, {})", ratio.median, ratio.least, ratio.most, ratio.error())
        });
        println!(
            "{subject:<15} {:>12.0} {:>14.0} ({:.0} to {:.0}) {ratio:>44}",
            exchanges.median, records.median, records.least, records.most
        );
    }
}

fn rounds(comparison: &Comparison) -> usize {
    comparison.runs.iter().map(|run| run.round).max().unwrap_or(0)
}

/// Figures that stand alone.
pub fn figures(figures: &[Figure]) {
    for figure in figures {
        println!("{:<8} {:<58} {:>14.1} {}", figure.scenario, figure.name, figure.value, figure.unit);
    }
}

/// What was to be reached.
pub fn checks(checks: &[Check]) {
    if checks.is_empty() {
        return;
    }
    println!("\n{:<8} {:<58} {:<20} {:<20} result", "clause", "asked", "required", "measured");
    for check in checks {
        let result = if check.pass { "pass" } else { "FAIL" };
        println!("{:<8} {:<58} {:<20} {:<20} {result}", check.clause, check.asked, check.required, check.measured);
    }
}
