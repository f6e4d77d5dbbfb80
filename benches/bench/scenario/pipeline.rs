//! The floor and one node in turn, on the same bodies.

use crate::arguments::{Arguments, Scenario};
use crate::bench::Bench;
use crate::corpus::Corpus;
use crate::floor::Variant;
use crate::node::tiers;
use crate::print;
use crate::report::{Check, Comparison, Report};
use crate::run::{Load, run};
use crate::subject::Subject;
use anyhow::{Context, Result};

/// §6.4 一次至少支持 2000 条数据交换.
pub const BATCH: usize = 2_000;
/// Callers that send batches.
pub const BULK_CLIENTS: usize = 4;
/// §6.4 最少支持 200 个并发数据交换.
pub const SINGLES_CLIENTS: usize = 200;

/// The most memory `sesame serve` may take, in MiB.
pub const MOST_MIB: f64 = 256.0;

/// A ratio to the floor that is to be reached.
struct Goal {
    subject: Subject,
    least: f64,
}

/// Measures what is wanted of it.
pub async fn measure(bench: &Bench, arguments: &Arguments, report: &mut Report) -> Result<()> {
    if !arguments.wants(Scenario::Bulk) && !arguments.wants(Scenario::Singles) {
        return Ok(());
    }
    let mut corpus = Corpus::new(*tiers()?.first().context("a county")?)?;
    let floors = arguments.consumers.iter().flat_map(|consumers| {
        [Variant::D2, Variant::D3].map(|variant| Subject::Floor { variant, consumers: *consumers })
    });
    let floors: Vec<Subject> = floors.collect();
    if arguments.wants(Scenario::Bulk) {
        let load = Load {
            clients: BULK_CLIENTS,
            warm_up: corpus.bodies(20, BATCH),
            bodies: corpus.bodies(arguments.bulk_records / BATCH, BATCH),
            prefetch: 8,
        };
        let goals = [Goal { subject: Subject::Sesame, least: 0.8 }];
        let comparison = compare(bench, arguments, "bulk", &floors, &goals, &load).await?;
        judge(&comparison, &goals, report);
        judge_answers(&comparison, report);
        report.comparisons.push(comparison);
    }
    if arguments.wants(Scenario::Singles) {
        let load = Load {
            clients: SINGLES_CLIENTS,
            warm_up: corpus.bodies(4_000, 1),
            bodies: corpus.bodies(arguments.singles, 1),
            prefetch: 500,
        };
        let goals =
            [Goal { subject: Subject::Sesame, least: 0.6 }, Goal { subject: Subject::SesameWithParent, least: 0.4 }];
        let comparison = compare(bench, arguments, "singles", &floors, &goals, &load).await?;
        judge(&comparison, &goals, report);
        report.comparisons.push(comparison);
    }
    Ok(())
}

/// Rounds of all subjects in turn, until the ratios are known well enough.
async fn compare(
    bench: &Bench,
    arguments: &Arguments,
    name: &str,
    floors: &[Subject],
    goals: &[Goal],
    load: &Load,
) -> Result<Comparison> {
    let bytes = load.bodies.bodies.first().map_or(0, bytes::Bytes::len);
    let (count, records, clients) = (load.bodies.bodies.len(), load.bodies.records, load.clients);
    let words = format!("{count} exchanges of {records} records, {bytes} bytes each, {clients} clients");
    println!("\n{name}: {words}\n{}", print::HEAD);
    let mut comparison = Comparison { name: name.to_owned(), load: words, runs: Vec::new() };
    for round in 1..=usize::from(arguments.most_rounds.max(arguments.rounds)) {
        for subject in floors.iter().copied().chain(goals.iter().map(|goal| goal.subject)) {
            let measured = run(&bench.servers, &bench.folder, subject, load, round).await?;
            println!("{}", print::line(&measured));
            comparison.runs.push(measured);
        }
        let known = |goal: &Goal| {
            let error = comparison.ratio(&goal.subject.to_string()).and_then(|ratio| ratio.uncertainty);
            error.is_some_and(|percent| percent < arguments.error)
        };
        if round >= usize::from(arguments.rounds) && goals.iter().all(known) {
            break;
        }
    }
    print::summary(&comparison);
    Ok(comparison)
}

fn judge(comparison: &Comparison, goals: &[Goal], report: &mut Report) {
    for goal in goals {
        let subject = goal.subject.to_string();
        let Some(ratio) = comparison.ratio(&subject) else { continue };
        report.checks.push(Check {
            clause: "target".to_owned(),
            asked: format!("{}: {subject}, as a part of the floor", comparison.name),
            required: format!("at least {:.2}", goal.least),
            measured: format!("{:.2} {}", ratio.median, ratio.error()),
            pass: ratio.median >= goal.least,
        });
        let peak = comparison.spread(&subject, |run| run.service_mib()).most;
        report.checks.push(memory(&format!("{}: {subject}, memory of serve", comparison.name), peak));
    }
}

/// The bound of memory.
pub fn memory(asked: &str, peak_mib: f64) -> Check {
    Check {
        clause: "target".to_owned(),
        asked: asked.to_owned(),
        required: format!("below {MOST_MIB:.0} MiB"),
        measured: format!("{peak_mib:.0} MiB"),
        pass: peak_mib < MOST_MIB,
    }
}

/// A batch of 2,000 is answered quickly.
fn judge_answers(comparison: &Comparison, report: &mut Report) {
    const MOST_MS: f64 = 100.0;
    let p99 = comparison.spread(&Subject::Sesame.to_string(), |run| run.p99_ms);
    report.checks.push(Check {
        clause: "target".to_owned(),
        asked: "bulk: answer to 2,000 records at 4 clients, p99".to_owned(),
        required: format!("below {MOST_MS:.0} ms"),
        measured: format!("{:.0} ms", p99.median),
        pass: p99.median < MOST_MS,
    });
}
