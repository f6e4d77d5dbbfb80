//! Doing a fault, and healing it.

use super::federation::Federation;
use super::flow::connect;
use super::keys::Keys;
use super::layout::{ENTRIES, PLACES};
use super::plan::{Fault, Harm};
use super::proxy::Weather;
use anyhow::{Context, Result};
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// What the broker's limits are when nothing is wrong (`BrokerSettings::default`).
const MEMORY: [&str; 3] = ["set_vm_memory_high_watermark", "absolute", "1GB"];
const DISK: [&str; 2] = ["set_disk_free_limit", "200MB"];
const NO_MEMORY: [&str; 3] = ["set_vm_memory_high_watermark", "absolute", "1MB"];
const NO_DISK: [&str; 2] = ["set_disk_free_limit", "1000000GB"];

/// Does a fault, keeps it for its time and heals it: a server is up again when this returns, a process has been started.
pub async fn inflict(federation: &Federation<'_>, fault: &Fault) -> Result<()> {
    let (lasts, pairs) = (fault.lasts, &federation.servers.pairs);
    match fault.harm {
        Harm::KillProcess(process) => {
            let process = &federation.processes[process];
            let _hand = process.hold().await;
            process.kill().await?;
            sleep(lasts).await;
            process.revive()
        }
        Harm::FreezeProcess(process) => {
            let process = &federation.processes[process];
            let _hand = process.hold().await;
            process.freeze()?;
            sleep(lasts).await;
            process.thaw()
        }
        Harm::KillBroker(at) => {
            at_a_mark(federation, at).await;
            pairs[at]
                .broker
                .act(|broker| {
                    broker.kill9();
                    Ok(())
                })
                .await?;
            sleep(lasts).await;
            pairs[at].broker.act(|broker| broker.restart()).await
        }
        Harm::RestartBroker(at) => pairs[at].broker.act(|broker| broker.restart()).await,
        Harm::MemoryAlarm(at) => alarm(federation, at, lasts, &NO_MEMORY, &MEMORY).await,
        Harm::DiskAlarm(at) => alarm(federation, at, lasts, &NO_DISK, &DISK).await,
        Harm::KillStore(at) => {
            at_a_mark(federation, at).await;
            pairs[at]
                .store
                .act(|store| {
                    store.kill9();
                    Ok(())
                })
                .await?;
            sleep(lasts).await;
            pairs[at].store.act(|store| store.restart()).await
        }
        Harm::StopStore(at) => {
            pairs[at].store.act(|store| store.stop()).await?;
            sleep(lasts).await;
            pairs[at].store.act(|store| store.restart()).await
        }
        Harm::Cut(line) => turn(federation, line, Weather::Cut, lasts).await,
        Harm::Reset(line) => turn(federation, line, Weather::Cut, RESET).await,
        Harm::Silence(line) => turn(federation, line, Weather::Silent, lasts).await,
        Harm::Slow(line, delay) => turn(federation, line, Weather::Slow(delay), lasts).await,
        Harm::WrongKey(child) => disagree(federation, child, lasts).await,
    }
}

/// Long enough for every connection of a line to be reset.
const RESET: Duration = Duration::from_millis(50);

async fn turn(federation: &Federation<'_>, line: super::layout::Line, weather: Weather, lasts: Duration) -> Result<()> {
    federation.turn(line, weather);
    sleep(lasts).await;
    federation.turn(line, Weather::Fair);
    Ok(())
}

/// Longer than this nobody waits for a batch to fail for its signature.
const UNVERIFIED: Duration = Duration::from_secs(30);

/// The parent of a child is started with a key for it that is not the child's; and, when batches have failed for it and `lasts` is
/// over, with the right one.
async fn disagree(federation: &Federation<'_>, child: usize, lasts: Duration) -> Result<()> {
    let parent = PLACES[child].parent.context("a node with a parent")?;
    federation.change_keys(child, Keys::disagree);
    federation.restart(parent).await?;
    let unverified = async {
        // Its store may be away meanwhile.
        while mark(federation.database(parent), "reason = 'SIGN_MISMATCH'").await.is_err() {
            sleep(Duration::from_millis(200)).await;
        }
    };
    // Whether there was one or not, it ends: nothing may come up.
    drop(timeout(UNVERIFIED, unverified).await);
    sleep(lasts).await;
    federation.change_keys(child, Keys::mend);
    federation.restart(parent).await
}

async fn alarm(
    federation: &Federation<'_>,
    at: usize,
    lasts: Duration,
    raise: &'static [&'static str],
    clear: &'static [&'static str],
) -> Result<()> {
    let broker = &federation.servers.pairs[at].broker;
    broker.act(|broker| broker.ctl(raise)).await?;
    sleep(lasts).await;
    broker.act(|broker| broker.ctl(clear)).await.map(drop)
}

/// Longer than this a kill does not wait for a failure.
const WAIT: Duration = Duration::from_secs(2);

/// Returns when a failed attempt has just been recorded: its token is about to be parked, and others are being recorded. Without
/// one in good time, or while the store is away, soon.
async fn at_a_mark(federation: &Federation<'_>, servers: usize) {
    let nodes = ENTRIES.into_iter().filter(|node| PLACES[*node].servers == servers);
    let marks = nodes.map(|node| Box::pin(mark(federation.database(node), "true")));
    // Whether there was one or not, the kill comes.
    drop(timeout(WAIT, futures_util::future::select_all(marks)).await);
}

/// Returns when a failure of this kind has been recorded.
async fn mark(database: String, kind: &str) -> Result<()> {
    let client = connect(&database).await?;
    let since: time::OffsetDateTime = client.query_one("SELECT clock_timestamp()", &[]).await?.get(0);
    let marked = format!("SELECT coalesce(max(last_at) > $1, false) FROM failures WHERE {kind}");
    while !client.query_one(&marked, &[&since]).await?.get::<_, bool>(0) {
        sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}
