//! `make chaos`; [`harness`] tells how it works.

mod harness;

use clap::Parser;
use harness::arguments::Arguments;
use harness::federation::Federation;
use harness::keep::keep;
use harness::report::again;
use harness::run::{Options, Report, run};
use harness::servers::Servers;
use std::process::ExitCode;

/// What a shell says of a program that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

#[tokio::main]
async fn main() -> ExitCode {
    let Arguments { kills, seed, sabotage } = Arguments::parse();
    let seed = seed.unwrap_or_else(|| u64::from(uuid::Uuid::new_v4().as_fields().0));
    sesame::tls::install();
    let options = Options { kills: kills as usize, seed, sabotage };
    tokio::select! {
        passed = whole(options) => match passed {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::FAILURE,
            Err(error) => {
                eprintln!("{error:#}\nagain: {}", again(options));
                ExitCode::FAILURE
            }
        },
        _ = tokio::signal::ctrl_c() => {
            eprintln!("interrupted; again: {}", again(options));
            ExitCode::from(INTERRUPTED)
        }
    }
}

/// A run on servers of its own. Everything ends when it is dropped.
async fn whole(options: Options) -> anyhow::Result<bool> {
    println!("starting two private RabbitMQ and PostgreSQL, and five processes of four nodes");
    let servers = Servers::start().await?;
    let federation = Federation::start(&servers).await?;
    println!(
        "{} faults of seed {}:\n{:>9}  {:<13} {:<32} {:>7}",
        options.kills, options.seed, "at", "what", "to whom", "for"
    );
    let result = run(&federation, options).await;
    if let Ok(report) = &result {
        report.print();
    }
    if !result.as_ref().is_ok_and(Report::passed) {
        let kept = keep(&federation, options)?;
        println!("logs and settings are kept in {}", kept.display());
    }
    Ok(result?.passed())
}
