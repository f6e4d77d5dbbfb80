//! Every documented query of the log and of records, on a store filled as a nation's after thirteen months.

mod ask;
mod cases;
mod draw;
mod fill;
mod plans;

use super::target;
use crate::arguments::QueryArguments;
use crate::bench::Bench;
use crate::corpus::{APPID, KEY};
use crate::node;
use crate::report::Report;
use crate::statistics::percentile_ms;
use anyhow::{Result, ensure};
use ask::Ask;
use cases::Case;
use draw::Draw;
use sesame::client::Client;
use sesame::standard::cipher::Key;
use sesame::standard::code::{Action, BusinessCode};
use sesame::standard::random::Random;
use sesame::standard::region::Region;
use sesame::store::{Purpose, Store};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Times each query is asked, with other values each time.
const TIMES: usize = 200;
/// What is asked first, so that a case does not pay for the pages that all cases share.
const WARM_UP: usize = 20;
const MOST_MILLIS: f64 = 100.0;

/// Fills a store, asks everything, and writes the plans into the documentation if that is wanted.
pub async fn measure(bench: &Bench, arguments: &QueryArguments, report: &mut Report) -> Result<()> {
    let nation = [Region::NATION];
    let mut nodes = node::set_up(&bench.servers, &bench.folder, &nation).await?;
    let database = node::name(Region::NATION);
    let store = Store::new(&bench.servers.store(&database)?, 2, Purpose::Serve)?;
    store.migrate().await?;
    let client = bench.servers.connect(&database).await?;
    fill::fill(&client, arguments.log_rows, arguments.query_records).await?;
    let mut draw = Draw::read(&client, &store).await?;

    println!(
        "\nquery: {} rows of the log, {} records; each query {TIMES} times",
        arguments.log_rows, arguments.query_records
    );
    println!("{:<52} {:>9} {:>9} {:>9}", "query", "p50 ms", "p99 ms", "rows");
    let mut worst = (0.0, String::new());
    for floor in ["log", "records"] {
        let (times, rows) = ask::floor(&client, floor, &draw, TIMES).await?;
        tell(report, &format!("floor: a page of {floor}, as it lies"), &times, rows);
    }
    for case in cases::all() {
        let (times, rows) = ask_often(&store, &case, &mut draw).await?;
        let p99 = tell(report, case.name, &times, rows);
        if p99 > worst.0 {
            worst = (p99, case.name.to_owned());
        }
    }
    for node in &mut nodes {
        node.start(&["ingress"]).await?;
    }
    let interface = nodes.first().map(|node| node.interface).expect("one node was set up");
    for (name, busicode, conditions) in [
        ("HTTP: log, no condition", None, "[{}]".to_owned()),
        ("HTTP: log APPID", None, format!(r#"[{{"APPID":"{}"}}]"#, draw.appid())),
        ("HTTP: records REGION", Some("003"), format!(r#"[{{"REGION":"{}"}}]"#, draw.county())),
    ] {
        let times = ask_node(interface, busicode, &conditions).await?;
        tell(report, name, &times, 0.0);
    }
    for node in &mut nodes {
        node.stop().await?;
    }
    let asked = format!("query: p99 of the slowest of all, {} rows of the log", arguments.log_rows);
    let measured = format!("{:.0} ms: {}", worst.0, worst.1);
    target(report, &asked, format!("below {MOST_MILLIS:.0} ms"), measured, worst.0 < MOST_MILLIS);
    if arguments.plans {
        plans::write(&store, &mut draw, arguments, &report.machine).await?;
    }
    drop(client);
    node::tear_down(&bench.servers, &nodes).await
}

/// Prints and notes what a query took; gives its p99.
fn tell(report: &mut Report, name: &str, times: &[Duration], rows: f64) -> f64 {
    let (p50, p99) = (percentile_ms(times, 50.0), percentile_ms(times, 99.0));
    println!("{name:<52} {p50:>9.1} {p99:>9.1} {rows:>9.0}");
    report.figure("query", &format!("{name}: p50"), p50, "ms");
    report.figure("query", &format!("{name}: p99"), p99, "ms");
    p99
}

/// Sorted times, and rows of an answer on the average.
async fn ask_often(store: &Store, case: &Case, draw: &mut Draw) -> Result<(Vec<Duration>, f64)> {
    let (mut times, mut rows) = (Vec::with_capacity(TIMES), 0);
    for at in 0..WARM_UP + TIMES {
        let ask: Ask = (case.ask)(draw);
        let begun = Instant::now();
        let found = ask.run(store).await?;
        if at >= WARM_UP {
            times.push(begun.elapsed());
            rows += found;
        }
    }
    times.sort_unstable();
    Ok((times, rows as f64 / TIMES as f64))
}

async fn ask_node(interface: std::net::SocketAddr, busicode: Option<&str>, conditions: &str) -> Result<Vec<Duration>> {
    let client = Client::new(&format!("http://{interface}/sesame"), APPID, Key::parse(KEY)?)?;
    let busicode = busicode.map(BusinessCode::parse).transpose()?;
    let mut times = Vec::with_capacity(TIMES);
    for _ in 0..TIMES {
        let (random, begun) = (Random::from(Uuid::new_v4()), Instant::now());
        let answered = match busicode {
            Some(busicode) => client.send(busicode, Action::Query, conditions, &random).await?,
            None => client.log(None, conditions, &random).await?,
        };
        ensure!(answered.success, "a query was not answered: {}", answered.message);
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    Ok(times)
}
