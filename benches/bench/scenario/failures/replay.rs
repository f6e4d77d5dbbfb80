//! Failures whose cause is mended, replayed, against the same changes sent fresh.

use super::{Office, fresh};
use crate::corpus::{Bodies, Corpus, KEY_FIELD};
use crate::load;
use crate::node::Node;
use crate::report::Report;
use crate::run::wait;
use crate::scenario::pipeline::{BATCH, BULK_CLIENTS, SINGLES_CLIENTS};
use crate::scenario::target;
use anyhow::{Result, bail, ensure};
use sesame::desk::{Ask, DeskAct, Selection};
use sesame::standard::code::Action;
use sesame::store::ActKind;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// As fast as the node can: the pace is what operators choose.
const PER_SECOND: u32 = 100_000;
const LOOK: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(600);
const LEAST: f64 = 0.5;

/// Modifies of records that were never added fail; the records are added; the failures are replayed.
pub async fn measure(
    office: &Office,
    node: &Node,
    corpus: &mut Corpus,
    count: usize,
    report: &mut Report,
) -> Result<()> {
    let records = corpus.records(count);
    let modifies = modifies(corpus, &records);
    let begun = Instant::now();
    load::send(node.interface, SINGLES_CLIENTS, &modifies).await?;
    parked(office, count).await?;
    let failed = count as f64 / begun.elapsed().as_secs_f64();

    let counter = node.counter()?;
    let before = counter.records(BATCH).await?;
    let lists = records.chunks(BATCH).map(|part| {
        let list: Vec<&str> = part.iter().map(|(_, record)| record.as_str()).collect();
        corpus.signed(Action::Add, &format!("[{}]", list.join(",")))
    });
    let (bodies, randoms) = lists.unzip();
    load::send(node.interface, BULK_CLIENTS, &Bodies { bodies, randoms, records: BATCH }).await?;
    wait(&counter, before + count as u64, BATCH).await?;

    let begun = Instant::now();
    let act = replayed(office).await?;
    let replayed = count as f64 / begun.elapsed().as_secs_f64();
    ensure!(act.resolved as usize == count, "{count} failures were to go through: {act:?}");
    let fresh = fresh(node, &self::modifies(corpus, &records)).await?;

    report.figure("failures", "batches of one record failed three times and parked", failed, "a second");
    report.figure("failures", "replayed until all had gone through", replayed, "batches a second");
    report.figure("failures", "the same changes, fresh", fresh, "batches a second");
    let ratio = replayed / fresh;
    let asked = "failures: replayed, as a part of fresh batches";
    target(report, asked, format!("at least {LEAST:.1}"), format!("{ratio:.2}"), ratio >= LEAST);
    Ok(())
}

/// One batch for each record.
fn modifies(corpus: &Corpus, records: &[(String, String)]) -> Bodies {
    let bodies = records.iter().map(|(key, _)| {
        let list = format!(r#"[{{"{KEY_FIELD}":"{key}","SJGXSJ":"2025-06-02 08:00:00","BZ":"先改后增"}}]"#);
        corpus.signed(Action::Modify, &list)
    });
    let (bodies, randoms) = bodies.unzip();
    Bodies { bodies, randoms, records: 1 }
}

async fn parked(office: &Office, count: usize) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let counts = office.store.failure_counts().await?;
        let parked = counts.iter().filter(|(_, _, state, _)| state == "parked").map(|(.., count)| *count).sum::<i64>();
        if parked as usize == count {
            return Ok(());
        }
        if Instant::now() > deadline {
            bail!("{parked} of {count} failures were parked: {counts:?}");
        }
        tokio::time::sleep(LOOK).await;
    }
}

async fn replayed(office: &Office) -> Result<DeskAct> {
    let ask = Ask {
        id: Uuid::new_v4(),
        kind: ActKind::Replay,
        selection: Selection::default(),
        by: "bench".to_owned(),
        why: "the records were added".to_owned(),
        per_second: Some(PER_SECOND),
        canary: 0,
    };
    let (id, deadline) = (ask.id, Instant::now() + PATIENCE);
    office.desk.ask(ask).await?;
    loop {
        let act = office.desk.act(id).await?;
        if act.is_over {
            return Ok(act);
        }
        if Instant::now() > deadline {
            bail!("the replay did not end: {act:?}");
        }
        tokio::time::sleep(LOOK).await;
    }
}
