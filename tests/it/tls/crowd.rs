//! Many connections, and slow ones (invariant 8): nobody is starved.

use super::fixture::Pki;
use crate::harness::{NodeProcess, Spec, TestNode, eventually};
use sesame::clock::Clock;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

/// The cheapest request there is: an address that does not exist.
const CHEAP: &str = "GET / HTTP/1.1\r\nHost: node\r\n\r\n";

async fn prepared(change: impl FnOnce(&mut TestNode)) -> TestNode {
    let mut node = Spec::new("370203").prepare(&[]).await;
    change(&mut node);
    node.run(Clock::system()).await;
    node
}

/// A connection that has had its first request answered.
async fn rested(address: SocketAddr) -> std::io::Result<TcpStream> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(CHEAP.as_bytes()).await?;
    answer(&mut stream).await?;
    Ok(stream)
}

/// Reads one answer, which fits a read or two.
async fn answer(stream: &mut (impl AsyncRead + Unpin)) -> std::io::Result<String> {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    loop {
        let read = stream.read(&mut buffer).await?;
        text.push_str(&String::from_utf8_lossy(&buffer[..read]));
        let whole = text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
            let length = head.to_ascii_lowercase().split("content-length: ").nth(1).map(|rest| {
                rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse::<usize>().unwrap()
            });
            length.is_some_and(|length| body.len() >= length)
        });
        if whole {
            return Ok(text);
        }
        if read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// Whether the other end has closed the connection, without having said anything.
async fn is_closed(stream: &mut TcpStream) -> bool {
    matches!(timeout(Duration::from_millis(1), stream.read(&mut [0; 16])).await, Ok(Ok(0) | Err(_)))
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_8_a_head_that_does_not_come_is_cut_off() {
    let node = prepared(|node| node.config.interface.header_secs = 1).await;
    for sent in ["", "POST /sesame/exchange HTTP/1.1\r\nHost: node\r\n"] {
        let mut stream = TcpStream::connect(node.interface).await.unwrap();
        stream.write_all(sent.as_bytes()).await.unwrap();
        let started = Instant::now();
        let mut rest = Vec::new();
        let ended = timeout(Duration::from_secs(20), stream.read_to_end(&mut rest)).await;
        assert!(ended.is_ok() && started.elapsed() > Duration::from_millis(800), "{sent:?}");
        assert!(rest.is_empty(), "{}", String::from_utf8_lossy(&rest));
    }
    // A connection that rests between two requests has more time than that.
    let mut resting = rested(node.interface).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    resting.write_all(CHEAP.as_bytes()).await.unwrap();
    assert!(answer(&mut resting).await.unwrap().contains("NOT_FOUND"));
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_8_at_the_limit_the_longest_rest_ends_and_honest_callers_are_answered() {
    const LIMIT: usize = 10;
    let node = prepared(|node| {
        node.config.interface.max_connections = LIMIT;
        node.config.interface.patience_secs = 2;
    })
    .await;
    let mut hoard = Vec::new();
    for _ in 0..3 * LIMIT {
        hoard.push(rested(node.interface).await.unwrap());
    }
    let mut open = Vec::new();
    for (at, stream) in hoard.iter_mut().enumerate() {
        if !is_closed(stream).await {
            open.push(at);
        }
    }
    assert_eq!(open, (2 * LIMIT..3 * LIMIT).collect::<Vec<_>>(), "the newest are open");
    let caller = node.client();
    assert!(super::fixture::query(&caller).await.unwrap().success);

    // Heads that never end hold no slot against a newcomer.
    let mut slow = Vec::new();
    for _ in 0..2 * LIMIT {
        let mut stream = TcpStream::connect(node.interface).await.unwrap();
        stream.write_all(b"POST /sesame").await.unwrap();
        slow.push(stream);
    }
    let started = Instant::now();
    assert!(super::fixture::query(&node.client()).await.unwrap().success);
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());

    // Bodies that never come do, for as long as their senders are given patience; then the newcomer's turn has come.
    let mut working = Vec::new();
    for _ in 0..LIMIT {
        let mut stream = TcpStream::connect(node.interface).await.unwrap();
        stream.write_all(b"POST /sesame/exchange HTTP/1.1\r\nHost: node\r\nContent-Length: 9\r\n\r\n").await.unwrap();
        working.push(stream);
    }
    assert!(super::fixture::query(&node.client()).await.unwrap().success);
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_8_ten_thousand_open_connections_and_an_honest_exchange_is_answered_at_once() {
    const MANY: usize = 10_000;
    // Both ends have a file for each connection; the node keeps some for its other listeners and for itself.
    const FILES: usize = MANY + 2_500;
    let files = sesame::server::raise_file_limit().0;
    assert!(
        files >= FILES,
        "this test opens {MANY} connections, for which this process and the node need {FILES} open files each; the hard limit \
         is {files}: raise it (as root `ulimit -Hn {FILES}`, or LimitNOFILE of the service that runs the tests)"
    );
    let mut node = Spec::new("370203").prepare(&[]).await;
    node.toml = node.toml.replace("[interface]\n", "[interface]\nidle_secs = 600\n");
    let process = NodeProcess::start(&node);
    process.ready().await;
    let (address, before) = (process.interface(), process.memory("VmRSS"));
    let mut idle = Vec::new();
    while idle.len() < MANY {
        let more = (MANY - idle.len()).min(250);
        idle.extend(futures_util::future::try_join_all((0..more).map(|_| rested(address))).await.unwrap());
    }
    let metrics = reqwest::get(format!("{}/metrics", process.metrics_url())).await.unwrap().text().await.unwrap();
    let line = metrics.lines().find(|line| line.starts_with("sesame_connections{listener=\"interface\"}"));
    let open: usize = line.and_then(|line| line.split(' ').nth(1)).unwrap().parse().unwrap();
    assert!(open >= MANY, "{open} open");
    let memory = process.memory("VmRSS");
    eprintln!("{open} connections open, {} MB resident, {} MB before", memory >> 20, before >> 20);
    assert!(memory < 256 << 20, "{} MB with {open} connections", memory >> 20);

    let key = sesame::standard::cipher::Key::parse(crate::harness::KEY).unwrap();
    let caller = sesame::client::Client::new(&process.url(), crate::harness::APP, key).unwrap();
    let started = Instant::now();
    let answered = super::fixture::query(&caller).await.unwrap();
    assert!(answered.success && started.elapsed() < Duration::from_secs(3), "{answered:?} {:?}", started.elapsed());
    // The crowd has not been cut off for it.
    for at in [0, MANY / 2, MANY - 1] {
        idle[at].write_all(CHEAP.as_bytes()).await.unwrap();
        assert!(answer(&mut idle[at]).await.unwrap().contains("NOT_FOUND"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_8_where_the_system_gives_no_more_files_those_that_rest_make_room_for_callers() {
    let node = Spec::new("370203").prepare(&[]).await;
    let process = NodeProcess::start(&node);
    process.ready().await;
    process.limit_files(20);
    // The kernel takes connections that the process cannot take from it yet; so nobody waits here for an answer.
    let mut idle = Vec::new();
    for _ in 0..60 {
        let mut stream = TcpStream::connect(process.interface()).await.unwrap();
        stream.write_all(CHEAP.as_bytes()).await.unwrap();
        idle.push(stream);
    }
    for stream in &mut idle {
        answer(stream).await.expect("answered in its turn");
    }
    let key = sesame::standard::cipher::Key::parse(crate::harness::KEY).unwrap();
    let caller = sesame::client::Client::new(&process.url(), crate::harness::APP, key).unwrap();
    // Where the store needs a further connection at that moment, it may get none: the caller is told to come again.
    eventually("an honest caller is answered", || async {
        super::fixture::query(&caller).await.ok()?.success.then_some(())
    })
    .await;
    drop(idle);
    let metrics = reqwest::get(format!("{}/metrics", process.metrics_url())).await.unwrap().text().await.unwrap();
    let failed = metrics.lines().find(|line| line.starts_with("sesame_accept_failures_total{listener=\"interface\"}"));
    let failed = failed.and_then(|line| line.split(' ').nth(1)).and_then(|count| count.parse::<u64>().ok());
    assert!(failed.is_some_and(|failed| failed > 0), "the limit was reached: {failed:?}");
    process.ready().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_8_a_connection_over_tls_costs_little_memory() {
    const MANY: usize = 1_000;
    let pki = Pki::new();
    let node = Spec::new("370203").extra(&pki.listener("interface", &pki.asks_for_certificates())).prepare(&[]).await;
    let process = NodeProcess::start(&node);
    process.ready().await;
    let (tls, before) = (pki.trust(None), process.memory("VmRSS"));
    let mut open = Vec::new();
    for _ in 0..MANY {
        let stream = TcpStream::connect(process.interface()).await.unwrap();
        // Without it each handshake waits for a delayed acknowledgement.
        stream.set_nodelay(true).unwrap();
        let mut stream = tls.connect("127.0.0.1", stream).await.unwrap();
        stream.write_all(CHEAP.as_bytes()).await.unwrap();
        answer(&mut stream).await.unwrap();
        open.push(stream);
    }
    let each = process.memory("VmRSS").saturating_sub(before) / MANY as u64;
    eprintln!("{} KB for each connection over TLS", each >> 10);
    assert!(each < 64 << 10, "{} KB", each >> 10);
    drop(open);
}
