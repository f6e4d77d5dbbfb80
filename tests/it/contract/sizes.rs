//! `TOO_LARGE`: more bytes or records than agreed (§7.3).

use super::ask::{App, Reply};
use crate::harness::{Spec, TestNode, records};
use serde_json::Value;
use sesame::clock::Clock;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

const MEGABYTE: usize = 1 << 20;

/// Writes all of a request before it reads the answer, as most clients do.
async fn write_then_read(node: &TestNode, head: &str, body: Vec<u8>) -> std::io::Result<String> {
    let (address, head) = (node.interface, format!("{head}Host: node\r\nConnection: close\r\n\r\n"));
    tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        stream.write_all(head.as_bytes())?;
        stream.write_all(&body)?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        Ok(text)
    })
    .await
    .unwrap()
}

/// The status and message of an answer read so.
fn parsed(text: &str) -> (u16, String) {
    let status = text[9..12].parse().unwrap();
    let body: Value = serde_json::from_str(text.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    (status, body["datalist"]["message"].as_str().unwrap().to_owned())
}

fn chunked(body: &[u8]) -> Vec<u8> {
    let mut text: Vec<u8> = Vec::new();
    for chunk in body.chunks(MEGABYTE) {
        text.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        text.extend_from_slice(chunk);
        text.extend_from_slice(b"\r\n");
    }
    text.extend_from_slice(b"0\r\n\r\n");
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_3_a_body_beyond_the_limit_is_refused_and_its_sender_gets_to_read_why() {
    let mut node = Spec::new("370203").prepare(&[]).await;
    node.config.interface.max_body_bytes = 6 * MEGABYTE;
    node.run(Clock::system()).await;
    let post = |length: usize| format!("POST /sesame/exchange HTTP/1.1\r\nContent-Length: {length}\r\n");
    let stream = "POST /sesame/exchange HTTP/1.1\r\nTransfer-Encoding: chunked\r\n";

    // By Content-Length alone: nothing of the body has been sent yet.
    let waiting = post(7 * MEGABYTE) + "Expect: 100-continue\r\n";
    let (status, message) = parsed(&write_then_read(&node, &waiting, Vec::new()).await.unwrap());
    assert!(status == 413 && message.starts_with("[TOO_LARGE] "), "{status} {message}");
    // The same, by a sender who writes all of it before it reads.
    let (status, message) =
        parsed(&write_then_read(&node, &post(7 * MEGABYTE), vec![b' '; 7 * MEGABYTE]).await.unwrap());
    assert!(status == 413 && message.starts_with("[TOO_LARGE] "), "{status} {message}");
    // Without Content-Length the limit is 4 MiB.
    let (status, message) = parsed(&write_then_read(&node, stream, chunked(&vec![b' '; 5 * MEGABYTE])).await.unwrap());
    assert!(status == 413 && message.starts_with("[TOO_LARGE] "), "{status} {message}");
    assert!(message.contains("Content-Length"), "{message}");
    // A large body for an address that is none is read to its end too.
    let nowhere = post(7 * MEGABYTE).replace("exchange", "nowhere");
    let (status, message) = parsed(&write_then_read(&node, &nowhere, vec![b' '; 7 * MEGABYTE]).await.unwrap());
    assert!(status == 404 && message.starts_with("[NOT_FOUND] "), "{status} {message}");
    // The limit comes before all other checks.
    let (status, message) =
        parsed(&write_then_read(&node, &(waiting + "Content-Type: a/b; charset=gbk\r\n"), Vec::new()).await.unwrap());
    assert!(status == 413 && message.starts_with("[TOO_LARGE] "), "{status} {message}");

    // Up to the limits bodies are taken, with Content-Length and without.
    let app = App::of(&node);
    let query = app.ask("007", "04", "[]").body();
    let padded = format!("{query}{}", " ".repeat(5 * MEGABYTE));
    let (status, message) = parsed(&write_then_read(&node, &post(padded.len()), padded.into_bytes()).await.unwrap());
    assert_eq!(status, 200, "{message}");
    let query = app.ask("007", "04", "[]").body();
    let (status, message) = parsed(&write_then_read(&node, stream, chunked(query.as_bytes())).await.unwrap());
    assert_eq!(status, 200, "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_3_records_beyond_the_limit_are_refused_whatever_is_wrong_with_them() {
    let mut node = Spec::new("370203").prepare(&[]).await;
    node.config.interface.max_records = 5;
    node.run(Clock::system()).await;
    let app = App::of(&node);
    let many = |count| records::checks("M", "370203", "2025-06-01 08:00:00", count);
    let assert_told = |reply: &Reply| assert!(reply.message.contains('5') && reply.holds, "{reply:?}");
    app.ask("007", "01", many(5)).accepted().await;
    for flag in ["exchange", "validate"] {
        assert_told(&app.ask("007", "01", many(6)).at(flag).is_refused(413, "TOO_LARGE").await);
        let bad = many(6).replace("370203", "310000").replace("\"JCLX\":\"1\"", "\"JCLX\":true");
        assert_told(&app.ask("007", "01", &bad).at(flag).is_refused(413, "TOO_LARGE").await);
        app.ask("007", "01", bad).into_text().at(flag).is_refused(413, "TOO_LARGE").await;
    }
    // What is no array is that, however long it is.
    app.ask("007", "01", "[1,2,3,4,5,6,7").into_text().is_refused(400, "MALFORMED").await;
}

/// §6.4: at least 2,000 records in one exchange.
#[tokio::test(flavor = "multi_thread")]
async fn clause_6_4_two_thousand_records_are_one_exchange() {
    let node = Spec::new("370203").start(&[]).await;
    let app = App::of(&node);
    let reply = app.ask("007", "01", records::checks("T", "370203", "2025-06-01 08:00:00", 2_000)).succeeds().await;
    assert_eq!(reply.busilist[0]["RECORDS"], "2000", "{reply:?}");
    super::fixture::persisted(&app, reply.busilist[0]["BATCH"].as_str().unwrap()).await;
    let page = app.ask("007", "04", r#"[{"SIZE":"2000"}]"#).succeeds().await;
    assert_eq!((page.busilist.len(), page.after), (2_000, None));
}
