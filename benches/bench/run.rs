//! One measurement: a subject started anew, warmed up, loaded, and waited for until everything is persisted.

use crate::corpus::Bodies;
use crate::counter::Counter;
use crate::load;
use crate::measure::{Family, Watch, cpu_seconds, peak_bytes};
use crate::report::{Process, Run};
use crate::servers::Servers;
use crate::statistics::percentile_ms;
use crate::subject::{Running, Subject};
use anyhow::{Result, bail};
use std::path::Path;
use std::time::{Duration, Instant};

/// What every subject of a comparison is given.
pub struct Load {
    /// Connections at once.
    pub clients: usize,
    /// Sent before anything is measured.
    pub warm_up: Bodies,
    /// What is measured.
    pub bodies: Bodies,
    /// Messages the floor's consumers take ahead.
    pub prefetch: u16,
}

/// No progress for so long ends a run.
const STALLED: Duration = Duration::from_secs(60);
/// Asking for a counter costs the process asked something: rarely at first, often towards the end.
const ASK_RARELY: Duration = Duration::from_millis(100);
const ASK_OFTEN: Duration = Duration::from_millis(10);

/// Measures a subject once.
pub async fn run(servers: &Servers, folder: &Path, subject: Subject, load: &Load, round: usize) -> Result<Run> {
    let running = Running::start(servers, folder, subject, load.prefetch).await?;
    load::send(running.interface, load.clients, &load.warm_up).await?;
    let warm = load.warm_up.total();
    wait(&running.counter, warm, load.warm_up.records).await?;
    let measured = measure(servers, &running, load, subject, round).await;
    running.stop(servers).await?;
    measured
}

async fn measure(servers: &Servers, running: &Running, load: &Load, subject: Subject, round: usize) -> Result<Run> {
    let database = servers.connect(&running.database).await?;
    // Pages written in full after a checkpoint are part of the WAL: every run begins alike.
    database.batch_execute("CHECKPOINT").await?;
    let (wal_before, disk_before) = storage(&database).await?;
    let (rabbit, pg) = servers.pids()?;
    let own = std::process::id() as i32;
    let families = [("service", running.pid), ("rabbit", rabbit), ("pg", pg), ("load", own)]
        .map(|(name, root)| Family { name: name.to_owned(), root });
    let cpu = || families.each_ref().map(|family| cpu_of(family, own));
    let (watch, before, begun) = (Watch::start(families[1..].to_vec()), cpu(), Instant::now());
    let sent = load::send(running.interface, load.clients, &load.bodies).await?;
    wait(&running.counter, load.warm_up.total() + load.bodies.total(), load.bodies.records).await?;
    let (seconds, after) = (begun.elapsed().as_secs_f64(), cpu());
    let mut peaks = watch.stop();
    peaks.insert("service".to_owned(), peak_bytes(running.pid));
    let (wal_after, disk_after) = storage(&database).await?;
    let records = load.bodies.total() as f64;
    let processes = families.iter().zip(before.iter().zip(after)).map(|(family, (before, after))| Process {
        name: family.name.clone(),
        cores: (after - before) / seconds,
        peak_mib: peaks.get(&family.name).copied().unwrap_or(0) as f64 / f64::from(1 << 20),
    });
    Ok(Run {
        subject: subject.to_string(),
        floor: subject.is_floor(),
        round,
        seconds,
        answered_seconds: sent.took.as_secs_f64(),
        records_per_second: records / seconds,
        exchanges_per_second: load.bodies.bodies.len() as f64 / seconds,
        p50_ms: percentile_ms(&sent.answers, 50.0),
        p99_ms: percentile_ms(&sent.answers, 99.0),
        repeated: sent.repeated,
        processes: processes.collect(),
        wal_bytes_per_record: (wal_after - wal_before) / records,
        disk_bytes_per_record: (disk_after - disk_before) / records,
    })
}

/// This process is the parent of all others, and counts for itself alone.
fn cpu_of(family: &Family, own: i32) -> f64 {
    if family.root == own { crate::measure::own_cpu_seconds() } else { cpu_seconds(family.root) }
}

/// Position in the WAL and size of the database, in bytes.
async fn storage(database: &tokio_postgres::Client) -> Result<(f64, f64)> {
    let row = database
        .query_one(
            "SELECT (pg_current_wal_insert_lsn() - '0/0')::float8, pg_database_size(current_database())::float8",
            &[],
        )
        .await?;
    Ok((row.get(0), row.get(1)))
}

/// Waits until so many records are through.
pub async fn wait(counter: &Counter, records: u64, batch_records: usize) -> Result<()> {
    let (mut last, mut since) = (0, Instant::now());
    loop {
        let now = counter.records(batch_records).await?;
        if now >= records {
            return Ok(());
        }
        if now > last {
            (last, since) = (now, Instant::now());
        } else if since.elapsed() > STALLED {
            bail!("{now} of {records} records are through, and none more for {} s", STALLED.as_secs());
        }
        let near = records - now < records / 10;
        tokio::time::sleep(if near { ASK_OFTEN } else { ASK_RARELY }).await;
    }
}
