//! `make bench`: sesame measured against the bare pipeline, on one machine, in turn. docs/performance.md tells the method.

mod arguments;
mod bench;
mod chart;
mod corpus;
mod counter;
mod document;
mod federation;
mod flamegraph;
mod floor;
mod load;
mod measure;
mod node;
mod print;
mod report;
mod run;
mod scenario;
mod servers;
mod statistics;
mod subject;

use anyhow::Result;
use arguments::{Arguments, Part, Scenario};
use bench::Bench;
use clap::Parser;
use report::Report;
use std::process::ExitCode;

/// The floor was measured with it; callers and floor are to be as fast as they can.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    sesame::tls::install();
    let arguments = Arguments::parse();
    let done = match arguments.part {
        Some(Part::Floor(arguments)) => floor::run(arguments).map(|()| true),
        None => measure(&arguments),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether everything that was to be reached was.
fn measure(arguments: &Arguments) -> Result<bool> {
    if !arguments.chart.is_empty() {
        let mut report = Report::default();
        for file in &arguments.chart {
            report.extend(Report::read(file)?);
        }
        return document::write(&report).map(|()| true);
    }
    // One thread: the callers are to leave the machine to those that are measured.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let report = runtime.block_on(scenarios(arguments))?;
    print::figures(&report.figures);
    print::checks(&report.checks);
    Ok(report.checks.iter().all(|check| check.pass))
}

async fn scenarios(arguments: &Arguments) -> Result<Report> {
    println!("starting a private RabbitMQ and PostgreSQL in {}", arguments.dir.display());
    let module = arguments.wants(Scenario::Profile).then_some(scenario::profile::STATEMENTS);
    let bench = Bench::start(&arguments.dir, module).await?;
    let mut report = Report { machine: bench.machine().await?, ..Report::default() };
    println!("{}", report.machine);
    let measured = each(&bench, arguments, &mut report).await;
    // What was found before a scenario failed is kept: it may have taken an hour.
    if let Some(file) = &arguments.json {
        report.write(file)?;
    }
    measured?;
    bench.servers.stop().await?;
    Ok(report)
}

async fn each(bench: &Bench, arguments: &Arguments, report: &mut Report) -> Result<()> {
    scenario::pipeline::measure(bench, arguments, report).await?;
    if arguments.wants(Scenario::Chain) {
        scenario::chain::measure(bench, report).await?;
    }
    if arguments.wants(Scenario::Standard) {
        scenario::standard::measure(bench, report).await?;
    }
    if arguments.wants(Scenario::Storage) {
        let rounds = usize::from(arguments.rounds);
        scenario::storage::measure(bench, arguments.bulk_records, rounds, report).await?;
    }
    if arguments.wants(Scenario::Volume) {
        scenario::volume::measure(bench, arguments.volume_records, report).await?;
    }
    if arguments.wants(Scenario::Backlog) {
        scenario::backlog::measure(bench, arguments.backlog_small, report).await?;
    }
    if arguments.wants(Scenario::Query) {
        scenario::query::measure(bench, &arguments.query, report).await?;
    }
    if arguments.wants(Scenario::Failures) {
        scenario::failures::measure(bench, &arguments.failures, report).await?;
    }
    if arguments.wants(Scenario::Profile) {
        scenario::profile::measure(bench, arguments).await?;
    }
    Ok(())
}
