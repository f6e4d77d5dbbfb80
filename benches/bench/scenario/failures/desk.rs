//! Lists, groups and a frozen set, while many failures are open.

use super::Office;
use crate::report::Report;
use crate::scenario::target;
use crate::statistics::percentile_ms;
use anyhow::{Result, ensure};
use sesame::desk::{Ask, Control, Selection, groups_by};
use sesame::store::ActKind;
use std::time::{Duration, Instant};
use tokio_postgres::Client;
use uuid::Uuid;

const FILL: &str = include_str!("fill.sql");
/// Times each is asked, with other values each time.
const TIMES: usize = 50;
/// Asked first, so that a case does not pay for the pages that all share.
const WARM_UP: usize = 3;
const MOST_MILLIS: f64 = 500.0;
/// Rows of a page.
const PAGE: u32 = 100;
/// Lists: a name, and what is different each time.
const LISTS: [(&str, Option<&str>); 6] = [
    ("first page", None),
    ("page by reason", Some("reason")),
    ("page by app", Some("appid")),
    ("page by region", Some("lpad(region::text, 6, '0')")),
    ("page by link", Some("link")),
    ("page by batch", Some("batch::text")),
];
const GROUPS: [&str; 5] = ["reason", "reason,link", "app", "dataset", "region"];

/// Puts so many open failures where none are.
pub async fn fill(client: &Client, failures: u32) -> Result<()> {
    client.batch_execute("TRUNCATE failures").await?;
    client.batch_execute(&FILL.replace(":FAILURES", &failures.to_string())).await?;
    // As autovacuum does in its time after so many inserts.
    client.batch_execute("VACUUM ANALYZE failures").await?;
    client.batch_execute("CHECKPOINT").await?;
    Ok(())
}

/// Asks everything.
pub async fn measure(office: &Office, failures: u32, report: &mut Report) -> Result<()> {
    println!("{:<40} {:>9} {:>9}", "asked of the desk", "p50 ms", "p99 ms");
    let mut worst = (0.0, String::new());
    let mut note = |report: &mut Report, name: String, times: &mut Vec<Duration>| {
        times.sort_unstable();
        let (p50, p99) = (percentile_ms(times, 50.0), percentile_ms(times, 99.0));
        println!("{name:<40} {p50:>9.1} {p99:>9.1}");
        report.figure("failures", &format!("{name}: p50"), p50, "ms");
        report.figure("failures", &format!("{name}: p99"), p99, "ms");
        if p99 > worst.0 {
            worst = (p99, name);
        }
    };
    for (name, column) in LISTS {
        let mut times = lists(office, name, column).await?;
        note(report, name.to_owned(), &mut times);
    }
    for by in GROUPS {
        let (mut times, by_columns) = (Vec::with_capacity(TIMES), groups_by(by)?);
        for at in 0..WARM_UP + TIMES {
            let begun = Instant::now();
            let groups = office.desk.groups(&Selection::default(), &by_columns).await?;
            ensure!(!groups.is_empty(), "no groups by {by}");
            if at >= WARM_UP {
                times.push(begun.elapsed());
            }
        }
        note(report, format!("groups by {by}"), &mut times);
    }
    let asked = format!("failures: slowest p99 of lists and groups, {failures} open");
    let (millis, name) = worst;
    target(
        report,
        &asked,
        format!("below {MOST_MILLIS:.0} ms"),
        format!("{millis:.0} ms: {name}"),
        millis < MOST_MILLIS,
    );
    besides(office, failures, report).await
}

async fn lists(office: &Office, name: &str, column: Option<&str>) -> Result<Vec<Duration>> {
    let mut times = Vec::with_capacity(TIMES);
    let values = match column {
        None => Vec::new(),
        Some(column) => {
            let sql = format!(
                "SELECT {column} FROM failures TABLESAMPLE BERNOULLI (10) REPEATABLE (1) WHERE state <> 'resolved' LIMIT {TIMES}"
            );
            let rows = office.client.query(&sql, &[]).await?;
            ensure!(!rows.is_empty(), "too few failures to ask for");
            rows.iter().map(|row| row.get::<_, String>(0)).collect()
        }
    };
    for at in 0..WARM_UP + TIMES {
        let selection = match values.get(at % values.len().max(1)) {
            None => Selection::default(),
            Some(value) => selection(name, value)?,
        };
        let begun = Instant::now();
        let page = office.desk.list(&selection, PAGE, None).await?;
        ensure!(!page.failures.is_empty(), "an empty {name}");
        if at >= WARM_UP {
            times.push(begun.elapsed());
        }
    }
    Ok(times)
}

fn selection(name: &str, value: &str) -> Result<Selection> {
    let (none, given) = (Selection::default(), Some(value.to_owned()));
    Ok(match name {
        "page by reason" => Selection { reason: given, ..none },
        "page by app" => Selection { appid: given, ..none },
        "page by region" => Selection { region: given, ..none },
        "page by link" => Selection { link: given, ..none },
        _ => Selection { batch: Some(value.parse()?), ..none },
    })
}

/// What no operator waits for while looking: the count for the metrics, and a set of all of them, frozen.
async fn besides(office: &Office, failures: u32, report: &mut Report) -> Result<()> {
    let begun = Instant::now();
    office.store.failure_counts().await?;
    report.figure("failures", "counted for the metrics", begun.elapsed().as_secs_f64() * 1e3, "ms");
    let ask = Ask {
        id: Uuid::new_v4(),
        kind: ActKind::Replay,
        selection: Selection::default(),
        by: "bench".to_owned(),
        why: "to see how long it takes".to_owned(),
        per_second: Some(1),
        canary: 0,
    };
    let (id, begun) = (ask.id, Instant::now());
    let act = office.desk.ask(ask).await?;
    report.figure(
        "failures",
        &format!("a set of {} of {failures} frozen", act.total),
        begun.elapsed().as_secs_f64(),
        "s",
    );
    office.desk.control(id, Control::Cancel, "bench", "measured").await?;
    Ok(())
}
