//! Every documented query of the log and of records, on a store filled as a nation's after thirteen months.

mod ask;
mod cases;
mod draw;
mod figures;
mod fill;
mod plans;

use super::target;
use crate::arguments::QueryArguments;
use crate::bench::Bench;
use crate::corpus::{APPID, KEY};
use crate::node;
use crate::report::Report;
use anyhow::{Result, ensure};
use ask::Ask;
use cases::Case;
use draw::Draw;
use figures::Figures;
use sesame::client::Client;
use sesame::standard::cipher::Key;
use sesame::standard::code::{Action, BusinessCode};
use sesame::standard::random::Random;
use sesame::standard::region::Region;
use sesame::store::{Purpose, SCHEMA_VERSION, Store};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Times each query is asked, with other values each time.
const TIMES: usize = 200;
/// What is asked first, so that a case does not pay for the pages that all cases share.
const WARM_UP: usize = 20;
const MOST_MILLIS: f64 = 100.0;

/// Fills a store, asks everything, and writes the plans into the documentation if that is wanted.
pub async fn measure(bench: &Bench, arguments: &QueryArguments, report: &mut Report) -> Result<()> {
    let (servers, nation) = (&bench.servers, [Region::NATION]);
    let mut nodes = match arguments.filled {
        true => node::set_up_on_databases(servers, &bench.folder, &nation).await?,
        false => node::set_up(servers, &bench.folder, &nation).await?,
    };
    let database = node::name(Region::NATION);
    let store = Store::new(&servers.store(&database)?, 2, Purpose::Serve)?;
    store.migrate().await?;
    let client = servers.connect(&database).await?;
    if !arguments.filled {
        fill::fill(&client, arguments.log_rows, arguments.query_records).await?;
    }
    let held = fill::held(&client).await?;
    let mut draw = Draw::read(&client, &store).await?;
    let before = figures::in_use().await?;
    println!("\nquery: {held}; each query {TIMES} times, schema {SCHEMA_VERSION}");
    let cases = cases::all().into_iter().filter(|case| arguments.asks(case.name)).collect::<Vec<_>>();
    let mut figures = ask_all(&client, &store, &cases, &mut draw, report).await?;
    if arguments.asking.is_none() {
        ask_over_http(&mut nodes, &draw, &mut figures, report).await?;
    }
    let after = figures::in_use().await?;
    let state = format!("{before:.0} % of the CPU in use by others before, {after:.0} % after");
    println!("{state}");
    let (p99, name) = figures.slowest()?;
    let asked = format!("query: p99 of the slowest, {held}, {state}");
    target(report, &asked, format!("below {MOST_MILLIS:.0} ms"), format!("{p99:.0} ms: {name}"), p99 < MOST_MILLIS);
    if arguments.plans {
        let heading = format!("{}, schema {SCHEMA_VERSION}; {held}; {state}", report.machine);
        figures.write(&heading)?;
        plans::write(&store, &mut draw, &heading).await?;
    }
    drop(client);
    match arguments.keep || arguments.filled {
        // The vhost is made anew for the next run; only the filled database is worth keeping.
        true => servers.drop_vhost(&database).await,
        false => node::tear_down(servers, &nodes).await,
    }
}

/// Asks the floors and the cases.
async fn ask_all(
    client: &tokio_postgres::Client,
    store: &Store,
    cases: &[Case],
    draw: &mut Draw,
    report: &mut Report,
) -> Result<Figures> {
    println!("{:<52} {:>9} {:>9} {:>9}", "query", "p50 ms", "p99 ms", "rows");
    let mut figures = Figures::default();
    for floor in ["log", "records"] {
        let (times, rows) = ask::floor(client, floor, draw, TIMES).await?;
        figures.note(report, &format!("floor: a page of {floor}, as it lies"), &times, rows);
    }
    for case in cases {
        let (times, rows) = ask_often(store, case, draw).await?;
        figures.note(report, case.name, &times, rows);
    }
    Ok(figures)
}

/// The same question again and again, through a node's interface.
async fn ask_over_http(
    nodes: &mut [node::Node],
    draw: &Draw,
    figures: &mut Figures,
    report: &mut Report,
) -> Result<()> {
    for node in &mut *nodes {
        node.start(&["ingress"]).await?;
    }
    let interface = nodes.first().map(|node| node.interface).expect("one node was set up");
    for (name, busicode, conditions) in [
        ("HTTP: log, no condition", None, "[{}]".to_owned()),
        ("HTTP: log APPID", None, format!(r#"[{{"APPID":"{}"}}]"#, draw.appid())),
        ("HTTP: records REGION", Some("003"), format!(r#"[{{"REGION":"{}"}}]"#, draw.county())),
    ] {
        let (times, rows) = ask_node(interface, busicode, &conditions).await?;
        figures.note(report, name, &times, rows);
    }
    for node in nodes {
        node.stop().await?;
    }
    Ok(())
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

async fn ask_node(
    interface: std::net::SocketAddr,
    busicode: Option<&str>,
    conditions: &str,
) -> Result<(Vec<Duration>, f64)> {
    let client = Client::new(&format!("http://{interface}/sesame"), APPID, Key::parse(KEY)?)?;
    let busicode = busicode.map(BusinessCode::parse).transpose()?;
    let (mut times, mut rows) = (Vec::with_capacity(TIMES), 0);
    for _ in 0..TIMES {
        let (random, begun) = (Random::from(Uuid::new_v4()), Instant::now());
        let answered = match busicode {
            Some(busicode) => client.send(busicode, Action::Query, conditions, &random).await?,
            None => client.log(None, conditions, &random).await?,
        };
        ensure!(answered.success, "a query was not answered: {}", answered.message);
        times.push(begun.elapsed());
        rows += serde_json::from_str::<Vec<serde_json::Value>>(&answered.busilist)?.len();
    }
    times.sort_unstable();
    Ok((times, rows as f64 / TIMES as f64))
}
