//! §6.1 接口日志, §6.4: every exchange, accepted or refused, and every query is in the log, however it ended.

use super::ask::{App, Reply};
use super::fixture::{app, persisted};
use crate::harness::{KEY, Spec, TestNode, eventually, records};
use serde_json::Value;
use sesame::clock::Clock;
use std::collections::BTreeMap;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_postgres::NoTls;

const UPDATED: &str = "2025-06-01 08:00:00";

/// What the log must show of an exchange: APPID, BUSICODE, ACTION, RESULT, CODE.
type Row = [String; 5];

/// The rows expected, and how often.
#[derive(Default)]
struct Ledger(BTreeMap<Row, usize>);

impl Ledger {
    /// Notes how a request ended.
    fn note(&mut self, [appid, busicode, action]: [&str; 3], status: u16, message: &str) {
        let code = message.strip_prefix('[').and_then(|rest| rest.split(']').next()).unwrap_or_default();
        assert_eq!(code.is_empty(), status == 200, "{status} {message}");
        let result = if code.is_empty() { "0001" } else { "0000" };
        let row = [appid, busicode, action, result, code].map(str::to_owned);
        *self.0.entry(row).or_default() += 1;
    }

    fn reply(&mut self, who: [&str; 3], reply: &Reply) {
        self.note(who, reply.status, &reply.message);
    }
}

async fn send_raw(node: &TestNode, request: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(node.interface).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{answer}"));
    let body: Value = serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}"));
    (head[9..12].parse().unwrap(), body["datalist"]["message"].as_str().unwrap().to_owned())
}

/// Everything that is refused before it is known who calls.
async fn unread(node: &TestNode, any: &App, ledger: &mut Ledger) {
    let nobody = ["", "", ""];
    for (method, path) in [("GET", "/sesame/exchange"), ("POST", "/sesame/nowhere"), ("POST", "/elsewhere")] {
        ledger.reply(nobody, &any.call(method, &format!("http://{}{path}", node.interface)).await);
    }
    for body in ["", "nonsense", "{}", "[1]"] {
        ledger.reply(nobody, &any.post("exchange", Default::default(), body).await);
    }
    let request = any.ask("007", "01", "[]").header("content-type", "application/json; charset=GBK");
    ledger.reply(nobody, &request.send_unread().await);
    let request = any.ask("007", "01", "[]").header("content-encoding", "gzip");
    ledger.reply(nobody, &request.send_unread().await);
    ledger.reply(nobody, &any.post("exchange", Default::default(), "x".repeat(70_000)).await);
    // A body that ends before its length: nobody is there to be answered.
    let mut stream = TcpStream::connect(node.interface).await.unwrap();
    stream.write_all(b"POST /sesame/exchange HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{").await.unwrap();
    drop(stream);
    ledger.note(nobody, 400, "[MALFORMED]");
    // One longer than the limit without saying so.
    let chunk = format!("{:x}\r\n{}\r\n0\r\n\r\n", 70_000, "x".repeat(70_000));
    let chunked = format!(
        "POST /sesame/exchange HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}"
    );
    let (status, message) = send_raw(node, &chunked).await;
    ledger.note(nobody, status, &message);
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_6_4_every_way_a_request_can_end_is_in_the_log() {
    let apps = [
        app("clerk", "370203", ""),
        app("narrow", "370203", "busicodes = [\"003\"]\nactions = [\"01\"]"),
        app("closed", "370203", &format!("data_key = \"{KEY}\"")),
        app("hasty", "370203", "limits = { exchanges_per_second = 1, exchanges_burst = 1 }"),
        app("small", "370203", "limits = { max_records = 1, max_body_bytes = 2000 }"),
    ];
    let mut node = Spec::new("370203").extra(&apps.concat()).prepare(&[]).await;
    node.config.interface.max_body_bytes = 65_536;
    node.run(Clock::system()).await;
    let (operator, clerk) = (App::of(&node), App::named(&node, "clerk"));
    let mut ledger = Ledger::default();
    unread(&node, &clerk, &mut ledger).await;

    // Who calls, and what for.
    let list = records::checks("A", "370203", UPDATED, 2);
    let stranger = App::named(&node, "nobody");
    ledger.reply(["nobody", "007", "01"], &stranger.ask("007", "01", &list).send().await);
    ledger.reply(["clerk", "007", "01"], &clerk.ask("007", "01", &list).sign("00").send().await);
    for (appid, busicode, action, busilist) in [
        ("narrow", "007", "01", "[]"),
        ("narrow", "003", "04", "[]"),
        ("clerk", "012", "01", "[]"),
        ("clerk", "7", "01", "[]"),
        ("clerk", "007", "09", "[]"),
        ("clerk", "007", "01", "[]"),
        ("clerk", "007", "04", r#"[{"NONSENSE":"1"}]"#),
        ("clerk", "007", "04", r#"[{"REGION":"320000"}]"#),
        ("clerk", "007", "04", "[]"),
        ("small", "007", "01", list.as_str()),
        ("small", "007", "01", &records::checks("B", "370203", UPDATED, 9)),
        ("hasty", "007", "04", "[]"),
        ("hasty", "007", "04", "[]"),
    ] {
        let reply = App::named(&node, appid).ask(busicode, action, busilist).send().await;
        ledger.reply([appid, busicode, action], &reply);
    }
    let closed = App::named(&node, "closed").encrypting_with(KEY);
    ledger.reply(["closed", "007", "04"], &closed.ask("007", "04", "[]").send().await);
    // Every interFlag, and randoms used twice.
    let accepted = clerk.ask("007", "01", &list).random("once").send().await;
    ledger.reply(["clerk", "007", "01"], &accepted);
    let batch = accepted.busilist[0]["BATCH"].as_str().unwrap();
    persisted(&clerk, batch).await;
    ledger.reply(["clerk", "007", "02"], &clerk.ask("007", "02", &list).random("once").send().await);
    for (flag, busicode, action, busilist) in [
        ("validate", "007", "01", list.as_str()),
        ("validate", "007", "02", "[{}]"),
        ("validate", "007", "04", "[]"),
        ("log", "007", "04", r#"[{"STATE":"nonsense"}]"#),
        ("log", "007", "01", "[]"),
        ("log", "007", "04", r#"[{"APPID":"other"}]"#),
        ("log", "007", "04", "[]"),
    ] {
        ledger.reply(["clerk", busicode, action], &clerk.ask(busicode, action, busilist).at(flag).send().await);
    }
    // A store that is not as it should be.
    let (client, connection) = tokio_postgres::connect(node.config.store.uri.text(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute("ALTER TABLE records RENAME TO elsewhere").await.unwrap();
    let away = clerk.ask("007", "04", "[]").send().await;
    client.batch_execute("ALTER TABLE elsewhere RENAME TO records").await.unwrap();
    assert_eq!(away.status, 503);
    ledger.reply(["clerk", "007", "04"], &away);

    check(&operator, &ledger).await;
}

/// Waits until the log shows what is expected, and nothing else.
async fn check(operator: &App, ledger: &Ledger) {
    let found = eventually("the log is complete", || async {
        let rows = operator.log(r#"[{"SIZE":"2000"}]"#).succeeds().await.busilist;
        let mut found: BTreeMap<Row, usize> = BTreeMap::new();
        for row in &rows {
            let text = |column: &str| row[column].as_str().unwrap().to_owned();
            let key = ["APPID", "BUSICODE", "ACTION", "RESULT", "CODE"].map(text);
            // These looks themselves, and those that waited for the batch.
            if key[1] != "000" {
                assert_eq!(text("TIME").len(), 19, "{row}");
                assert!(text("MILLIS").parse::<u32>().is_ok() && text("BYTES").parse::<u64>().is_ok(), "{row}");
                assert_eq!(text("CODE").is_empty(), text("RESULT") == "0001", "{row}");
                *found.entry(key).or_default() += 1;
            }
        }
        (found.values().sum::<usize>() >= ledger.0.values().sum()).then_some(found)
    })
    .await;
    assert_eq!(found, ledger.0);
    let codes: std::collections::BTreeSet<&str> = found.keys().map(|row| row[4].as_str()).collect();
    for code in [
        "",
        "MALFORMED",
        "UNKNOWN_APP",
        "SIGN_MISMATCH",
        "UNKNOWN_BUSICODE",
        "UNKNOWN_ACTION",
        "NOT_GRANTED",
        "NOT_FOUND",
        "RANDOM_REUSED",
        "TOO_LARGE",
        "INVALID_RECORDS",
        "RATE_LIMITED",
        "UNAVAILABLE",
    ] {
        assert!(codes.contains(code), "nothing ended in {code}");
    }
}
