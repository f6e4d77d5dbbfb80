//! Where the time goes: in the service by `perf`, in PostgreSQL by statement.

use super::pipeline::{BATCH, BULK_CLIENTS, SINGLES_CLIENTS};
use crate::arguments::Arguments;
use crate::bench::Bench;
use crate::corpus::{Bodies, Corpus};
use crate::flamegraph::Frame;
use crate::load;
use crate::node::tiers;
use crate::run::wait;
use crate::subject::{Running, Subject};
use anyhow::{Context, Result, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The module that counts by statement; the database must be started with it.
pub const STATEMENTS: &str = "pg_stat_statements";

/// Samples a second, of each thread.
const FREQUENCY: &str = "99";
/// Stacks are unwound from this much of each, since release builds keep no frame pointers.
const UNWIND: &str = "dwarf,16384";
/// Shown of each list.
const SHOWN: usize = 25;

/// Profiles one node under bulk, and under singles without a parent and with one.
pub async fn measure(bench: &Bench, arguments: &Arguments) -> Result<()> {
    let mut corpus = Corpus::new(*tiers()?.first().context("a county")?)?;
    let bulk = corpus.bodies(arguments.bulk_records / BATCH, BATCH);
    profile(bench, "bulk", Subject::Sesame, BULK_CLIENTS, &bulk).await?;
    let singles = corpus.bodies(arguments.singles, 1);
    profile(bench, "singles", Subject::Sesame, SINGLES_CLIENTS, &singles).await?;
    profile(bench, "singles-parent", Subject::SesameWithParent, SINGLES_CLIENTS, &singles).await
}

async fn profile(bench: &Bench, name: &str, subject: Subject, clients: usize, bodies: &Bodies) -> Result<()> {
    let running = Running::start(&bench.servers, &bench.folder, subject, 0).await?;
    let statements = bench.servers.connect(&running.database).await?;
    statements.batch_execute(&format!("CREATE EXTENSION {STATEMENTS}")).await?;
    let data = bench.folder.join(format!("{name}.perf"));
    let perf = record(running.pid, &data)?;
    load::send(running.interface, clients, bodies).await?;
    wait(&running.counter, bodies.total(), bodies.records).await?;
    finish(perf)?;
    println!("\nprofile of {name}, {subject}: {} records", bodies.total());
    print_statements(&statements).await?;
    print_functions(bench, name, &data)?;
    running.stop(&bench.servers).await
}

fn record(pid: i32, data: &Path) -> Result<Child> {
    let mut perf = Command::new("perf");
    perf.args([
        "record",
        "-q",
        "-e",
        "cpu-clock",
        "-F",
        FREQUENCY,
        "--call-graph",
        UNWIND,
        "-p",
        &pid.to_string(),
        "-o",
    ]);
    perf.arg(data).stdout(Stdio::null()).stderr(Stdio::null());
    perf.spawn().context("cannot start perf: install linux-perf (Debian) or linux-tools (Ubuntu)")
}

fn finish(mut perf: Child) -> Result<()> {
    // Process ids of Linux end at 2^22.
    kill(Pid::from_raw(perf.id() as i32), Signal::SIGINT)?;
    perf.wait()?;
    Ok(())
}

async fn print_statements(client: &tokio_postgres::Client) -> Result<()> {
    let rows = client
        .query(
            "SELECT calls, total_exec_time, (100 * total_exec_time / sum(total_exec_time) OVER ())::float8, \
             left(regexp_replace(query, '\\s+', ' ', 'g'), 100) FROM pg_stat_statements \
             WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) \
             ORDER BY total_exec_time DESC LIMIT 12",
            &[],
        )
        .await?;
    println!("PostgreSQL, by statement:\n{:>9} {:>10} {:>6}", "calls", "ms", "%");
    for row in rows {
        let (calls, ms, percent, text): (i64, f64, f64, String) = (row.get(0), row.get(1), row.get(2), row.get(3));
        println!("{calls:>9} {ms:>10.0} {percent:>6.1}  {text}");
    }
    Ok(())
}

fn print_functions(bench: &Bench, name: &str, data: &Path) -> Result<()> {
    let script = Command::new("perf").args(["script", "-F", "comm,ip,sym", "-i"]).arg(data).output()?;
    ensure!(script.status.success(), "perf script: {}", String::from_utf8_lossy(&script.stderr));
    let root = Frame::fold(&String::from_utf8_lossy(&script.stdout));
    let list = |title: &str, functions: Vec<(String, u64)>| {
        println!("the service, {title}, in % of its {} samples:", root.samples);
        for (function, samples) in functions.into_iter().take(SHOWN) {
            println!("{:>6.1}  {function}", 100.0 * samples as f64 / root.samples.max(1) as f64);
        }
    };
    // Inlined functions are named without their path; what is left tells the rooms and crates.
    let own = |name: &str| name.trim_start_matches('<').starts_with("sesame::");
    let inclusive = root.inclusive().into_iter().filter(|(name, _)| own(name)).collect();
    list("by function of sesame with all it calls", inclusive);
    list("by function alone", root.exclusive());
    let file = bench.folder.join(format!("{name}.svg"));
    std::fs::write(&file, root.svg(&format!("sesame serve, {name}")))?;
    println!("flamegraph: {}", file.display());
    Ok(())
}
