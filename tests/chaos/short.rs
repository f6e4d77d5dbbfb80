//! Short runs on servers that they share, one after another.

use crate::harness::federation::Federation;
use crate::harness::keep::keep;
use crate::harness::run::{Options, Report, run};
use crate::harness::sabotage::Sabotage;
use crate::harness::servers::Servers;
use tokio::sync::{Mutex, MutexGuard};

/// The servers of this process. The lab's reaper stops them when the process ends, however it ends.
async fn servers() -> MutexGuard<'static, Option<Servers>> {
    static SERVERS: Mutex<Option<Servers>> = Mutex::const_new(None);
    sesame::tls::install();
    let mut servers = SERVERS.lock().await;
    if servers.is_none() {
        *servers = Some(Servers::start().await.unwrap_or_else(|error| panic!("{error:#}")));
    }
    servers
}

async fn short(kills: usize, seed: u64, sabotage: Option<Sabotage>) -> Report {
    let servers = servers().await;
    let servers = servers.as_ref().expect("they were started");
    let federation = Federation::start(servers).await.unwrap_or_else(|error| panic!("{error:#}"));
    let options = Options { kills, seed, sabotage };
    let result = run(&federation, options).await;
    if let Ok(report) = &result {
        report.print();
    }
    let is_as_wanted = result.as_ref().is_ok_and(|report| report.passed() == sabotage.is_none());
    if !is_as_wanted && let Ok(folder) = keep(&federation, options) {
        println!("logs and settings are kept in {}", folder.display());
    }
    result.unwrap_or_else(|error| panic!("{error:#}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn invariants_1_2_3_4_everything_fails_and_nothing_is_lost_or_doubled() {
    let report = short(14, 285, None).await;
    assert!(report.passed(), "see what was printed above");
    assert!(report.unverified.failed > 0, "no batch met a key that does not agree");
    assert!(report.verdict.refused > 0, "no record met the stricter rule");
}

/// The checker must find what sesame is made to do wrong, each time. The seeds are of runs without a broker's start, at the city,
/// a county and the province.
async fn is_caught(sabotage: Sabotage, seed: u64) {
    let report = short(2, seed, Some(sabotage)).await;
    assert!(report.verdict.count(sabotage.sort()) > 0, "{sabotage:?} was not noticed");
    assert!(!report.passed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_drops_batches_is_caught() {
    is_caught(Sabotage::Drop, 193).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_doubles_batches_is_caught() {
    is_caught(Sabotage::Double, 60).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_reorders_changes_is_caught() {
    is_caught(Sabotage::Reorder, 3).await;
}

#[test]
fn wrong_usage_is_2_and_help_has_an_example() {
    // The harness is not built for `cargo test`; its command line is the same type.
    use crate::harness::arguments::Arguments;
    use clap::{CommandFactory, Parser};
    let wrong = Arguments::try_parse_from(["chaos", "--kills", "none"]).unwrap_err();
    assert_eq!(wrong.exit_code(), 2);
    let help = Arguments::command().render_long_help().to_string();
    assert!(help.contains("Example: make chaos"), "{help}");
}
