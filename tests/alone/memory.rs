//! Invariant 8: bounded memory, whatever arrives. Slow senders, bodies that are too long or have no length, and 200 exchanges
//! of a megabyte at once: honest callers are answered meanwhile, and the process stays small.

use crate::TURN;
use crate::harness::{APP, KEY, NodeProcess, Spec, eventually, records};
use futures_util::future::join_all;
use sesame::client::Client;
use sesame::standard::cipher::Key;
use sesame::standard::code::{Action, BusinessCode};
use sesame::standard::random::Random;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use uuid::Uuid;

/// Exchanges at once (§6.4 asks for 200).
const AT_ONCE: usize = 200;
const RECORDS: usize = 1_000;
/// 256 MiB are promised; an unoptimised build that shares two cores with its callers may need an eighth more.
const MOST_BYTES: u64 = 288 << 20;

/// The text of an array of about a megabyte, with a prefix in its keys that is to be replaced.
fn megabyte() -> String {
    let mut list: Vec<serde_json::Value> =
        (0..RECORDS).map(|n| records::check(&format!("PREFIX-{n}"), "370203", "2025-06-01 08:00:00")).collect();
    list.iter_mut().for_each(|record| record["BZ"] = "检查情况说明".repeat(39).into());
    serde_json::Value::Array(list).to_string()
}

/// Announces a body, sends one byte of it every now and then, and gives the status of the answer.
async fn trickle(address: String, announced: usize) -> String {
    let mut stream = TcpStream::connect(&address).await.unwrap();
    let head = format!("POST /sesame/exchange HTTP/1.1\r\nHost: node\r\nContent-Length: {announced}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 512];
    loop {
        tokio::select! {
            read = stream.read(&mut answer) => {
                let count = read.unwrap_or_default();
                return String::from_utf8_lossy(&answer[..count]).chars().skip(9).take(3).collect();
            }
            () = tokio::time::sleep(Duration::from_millis(500)) => {
                // Refused already, when the node has hung up: the answer tells.
                let _ = stream.write_all(b" ").await;
            }
        }
    }
}

/// A body in chunks that never ends; gives the status of the answer.
async fn endless(address: String) -> String {
    let stream = TcpStream::connect(&address).await.unwrap();
    let (mut reading, mut writing) = stream.into_split();
    let head = "POST /sesame/exchange HTTP/1.1\r\nHost: node\r\nTransfer-Encoding: chunked\r\n\r\n";
    writing.write_all(head.as_bytes()).await.unwrap();
    let flooding = tokio::spawn(async move {
        let chunk = [b"10000\r\n".as_slice(), &[b' '; 0x10000], b"\r\n"].concat();
        while writing.write_all(&chunk).await.is_ok() {}
    });
    let mut answer = vec![0; 512];
    let count = reading.read(&mut answer).await.unwrap_or_default();
    flooding.abort();
    String::from_utf8_lossy(&answer[..count]).chars().skip(9).take(3).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_8_whatever_arrives_the_process_stays_small_and_honest_callers_are_answered() {
    let _turn = TURN.lock().await;
    let node = Spec::new("370203").prepare(&[]).await;
    let process = NodeProcess::start(&node);
    process.ready().await;
    let client = Client::new(&process.url(), APP, Key::parse(KEY).unwrap()).unwrap();
    let busicode = BusinessCode::parse("007").unwrap();
    let template = megabyte();
    assert!((950_000..1_100_000).contains(&template.len()), "{} bytes", template.len());

    let slow: Vec<_> = (0..20).map(|_| tokio::spawn(trickle(process.interface().to_string(), 1 << 20))).collect();
    let tedious: Vec<_> = (0..3).map(|_| tokio::spawn(trickle(process.interface().to_string(), 32 << 20))).collect();
    let huge = tokio::spawn(trickle(process.interface().to_string(), 1 << 30));
    let endless = tokio::spawn(endless(process.interface().to_string()));

    let honest = client.clone();
    let asking = tokio::spawn(async move {
        let mut longest = Duration::ZERO;
        for n in 0..20 {
            let (list, asked) =
                (records::checks(&format!("small-{n}"), "370203", "2025-06-01 08:00:00", 1), Instant::now());
            let random = Random::from(Uuid::new_v4());
            eventually("an honest caller is answered", || async {
                honest.send(busicode, Action::Add, &list, &random).await.ok()?.success.then_some(())
            })
            .await;
            longest = longest.max(asked.elapsed());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        longest
    });
    let sending = join_all((0..AT_ONCE).map(|n| {
        let (client, list) = (client.clone(), template.replace("PREFIX", &format!("P{n}")));
        tokio::spawn(async move {
            let random = Random::from(Uuid::new_v4());
            // Told to come again when there is no memory to lend, as a sender does.
            eventually("a megabyte is accepted", || async {
                client.send(busicode, Action::Add, &list, &random).await.ok()?.success.then_some(())
            })
            .await;
        })
    }));
    for sent in sending.await {
        sent.unwrap();
    }
    let longest = asking.await.unwrap();
    assert_eq!(huge.await.unwrap(), "413", "a gigabyte announced");
    let endless = endless.await.unwrap();
    assert!(["413", "503"].contains(&endless.as_str()), "a body without end: {endless}");
    for answer in join_all(slow.into_iter().chain(tedious)).await {
        assert!(["400", "503"].contains(&answer.unwrap().as_str()), "a sender that trickles is cut off");
    }
    let wanted = (AT_ONCE * RECORDS + 20) as i64;
    let store = node.store();
    eventually("everything accepted is committed", || async {
        (store.tally(node.config.node.region).await.ok()?.first()?.records == wanted).then_some(())
    })
    .await;
    let peak = process.memory("VmHWM");
    println!("peak {} MiB; the slowest honest answer took {longest:?}", peak >> 20);
    // Half of it is the machine's: the process is built without optimisation and shares two cores with its servers and callers.
    assert!(longest < Duration::from_secs(45), "an honest caller waited {longest:?}");
    assert!(peak < MOST_BYTES, "peak of {} MiB", peak >> 20);
}
