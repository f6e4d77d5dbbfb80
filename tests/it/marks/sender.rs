//! `sesame send` keeps to the rule, and neither loses nor doubles anything.

use super::keeping::{Sender, let_its_time_come, random_of};
use crate::contract::ask::App;
use crate::harness::{APP, KEY, Weather, eventually};
use crate::weather::sending::holds;
use serde_json::{Value, json};
use sesame::client::Client;
use sesame::standard::cipher::Key;
use sesame::standard::code::{Action, BusinessCode};
use sesame::standard::moment::Moment;
use sesame::standard::random::Random;
use sesame::transmission::{Content, Ended, Rule, Run, Shelf, Step, Transmission};
use std::process::{Command, Stdio};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The refusals and batches in the node's log under a random.
async fn logged(sender: &Sender, random: &str) -> Vec<Value> {
    App::of(&sender.node).log(json!([{"RANDOM": random}])).succeeds().await.busilist
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_4_three_tries_mark_a_transmission_which_goes_again_under_its_random() {
    let sender = Sender::start().await;
    sender.write("devices.json", "A");
    sender.proxy.turn(Weather::Cut);
    let ended = sender.file("devices.json", &[]).await;
    let random = random_of(&ended);
    assert_eq!(ended.status, 1, "{ended:?}");
    assert!(ended.stderr.contains("try 2 of 3") && ended.stderr.contains("--again"), "{ended:?}");
    let kept = sender.kept();
    let text = std::fs::read_to_string(&kept[0]).unwrap();
    assert!(kept.len() == 1 && !text.contains(KEY) && !text.contains("JCJLBH"), "no key and no record: {text}");
    let row = sender.list().await.remove(0);
    let own = [&row["state"], &row["random"], &row["appid"], &row["busicode"], &row["action"]];
    assert_eq!(own, ["marked", &random, APP, "007", "01"], "{row}");
    assert!(row["file"].as_str().unwrap().ends_with("/devices.json") && row["tries"] == 3, "{row}");
    let (begun, next) = (row["begun"].as_str().unwrap(), row["next"].as_str().unwrap());
    let hours = (Moment::parse(next).unwrap().micros() - Moment::parse(begun).unwrap().micros()) / 3_600_000_000;
    assert_eq!(hours, 24);

    // Within 24 hours the same content stays, under whatever name, and another one goes.
    sender.proxy.turn(Weather::Fair);
    std::fs::copy(sender.folder.path().join("devices.json"), sender.folder.path().join("copy.json")).unwrap();
    let ended = sender.file("copy.json", &[]).await;
    assert!(ended.status == 1 && ended.stderr.contains("may go again at"), "{ended:?}");
    sender.write("other.json", "B");
    assert_eq!(sender.file("other.json", &[]).await.status, 0);
    let ended = sender.send(&["--resume"]).await;
    assert!(ended.status == 0 && ended.stderr.contains("sent 0"), "its time has not come: {ended:?}");

    let_its_time_come(&kept[0]);
    let ended = sender.send(&["--resume"]).await;
    assert!(ended.status == 0 && ended.stderr.contains("sent 1"), "{ended:?}");
    assert_eq!(random_of(&ended), random);
    assert!(sender.kept().is_empty() && sender.list().await.is_empty());
    holds(&sender.node, 6).await;
    // What is done is done: the same content sent on purpose is another exchange.
    assert_ne!(random_of(&sender.file("devices.json", &[]).await), random);
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_4_by_hand_a_marked_transmission_goes_before_its_time() {
    let sender = Sender::start().await;
    sender.write("a.json", "A");
    sender.write("b.json", "B");
    sender.proxy.turn(Weather::Cut);
    let random = random_of(&sender.file("a.json", &[]).await);
    sender.file("b.json", &[]).await;
    sender.proxy.turn(Weather::Fair);
    let ended = sender.file("a.json", &["--random", "another"]).await;
    assert!(ended.status == 1 && ended.stderr.contains("may have it"), "two randoms would be two exchanges: {ended:?}");
    let ended = sender.file("a.json", &["--again"]).await;
    assert_eq!((ended.status, random_of(&ended)), (0, random), "{ended:?}");
    // A file that has changed is not what was promised to be sent again.
    let before = std::fs::read_to_string(sender.folder.path().join("b.json")).unwrap();
    sender.write("b.json", "changed");
    let ended = sender.send(&["--resume", "--again"]).await;
    assert!(ended.status == 1 && ended.stderr.contains("has changed"), "{ended:?}");
    std::fs::write(sender.folder.path().join("b.json"), before).unwrap();
    assert_eq!(sender.send(&["--resume", "--again"]).await.status, 0);
    holds(&sender.node, 6).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_4_what_a_repetition_cannot_mend_is_sent_once_and_not_kept() {
    let sender = Sender::start().await;
    std::fs::write(sender.folder.path().join("bad.json"), r#"[{"JCJLBH":"A"}]"#).unwrap();
    let ended = sender.file("bad.json", &["--random", "once"]).await;
    assert!(ended.status == 1 && ended.stdout.contains("[INVALID_RECORDS]"), "{ended:?}");
    assert!(sender.kept().is_empty());
    std::fs::write(sender.folder.path().join("a.key"), "00112233445566778899aabbccddeeff").unwrap();
    sender.write("a.json", "A");
    for _ in 0..3 {
        let ended = sender.file("a.json", &["--random", "wrong key"]).await;
        assert!(ended.status == 1 && ended.stdout.contains("[SIGN_MISMATCH]"), "{ended:?}");
        assert!(sender.kept().is_empty(), "the node has not taken it: a mended one may go at once");
    }
    // The node has marked it, and says for how long.
    let ended = sender.file("a.json", &["--random", "wrong key"]).await;
    assert!(ended.status == 1 && ended.stderr.contains("[TRANSFER_FAILED]"), "{ended:?}");
    assert_eq!((sender.list().await[0]["state"].as_str(), sender.kept().len()), (Some("marked"), 1));
    std::fs::write(sender.folder.path().join("a.key"), KEY).unwrap();
    assert_eq!(sender.file("a.json", &["--again"]).await.status, 0, "a right signature is never blocked");
    for (random, refusals) in [("once", 1), ("wrong key", 4)] {
        eventually("each try is in the log, once", || async {
            let refused = logged(&sender, random).await.into_iter().filter(|row| row["RESULT"] == "0000").count();
            assert!(refused <= refusals, "{refused} tries under {random}");
            (refused == refusals).then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn invariants_1_2_a_sender_killed_between_two_tries_loses_and_doubles_nothing() {
    let sender = Sender::start().await;
    sender.write("a.json", "A");
    sender.proxy.turn(Weather::Cut);
    let mut words = sender.words(&["--busicode", "007", "--action", "01", "a.json"]);
    let pauses = words.iter().position(|word| word == "0,0").unwrap();
    words[pauses] = "600,600".to_owned();
    let mut command = Command::new(env!("CARGO_BIN_EXE_sesame"));
    let mut child = command.args(&words).current_dir(sender.folder.path()).stderr(Stdio::null()).spawn().unwrap();
    let row = eventually("the first try has failed", || async {
        let row = if sender.folder.path().join("state").is_dir() { sender.list().await.pop() } else { None };
        row.filter(|row| row["tries"] == 1)
    })
    .await;
    child.kill().unwrap();
    child.wait().unwrap();
    sender.proxy.turn(Weather::Fair);
    let ended = sender.file("a.json", &[]).await;
    assert_eq!((ended.status, random_of(&ended).as_str()), (0, row["random"].as_str().unwrap()), "{ended:?}");
    holds(&sender.node, 3).await;
}

/// Stands before a node, and swallows its first answers: the node has what the sender does not know to be there.
async fn swallowing(node: u16, answers: usize) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let mut swallowed = 0;
        while let Ok((mut here, _)) = listener.accept().await {
            let mut there = TcpStream::connect(("127.0.0.1", node)).await.unwrap();
            if swallowed == answers {
                tokio::spawn(async move { tokio::io::copy_bidirectional(&mut here, &mut there).await });
                continue;
            }
            swallowed += 1;
            let (mut from, mut to) = there.split();
            let mut answer = [0; 64];
            let mut request = vec![0; 64 * 1024];
            loop {
                tokio::select! {
                    read = here.read(&mut request) => to.write_all(&request[..read.unwrap()]).await.unwrap(),
                    _ = from.read(&mut answer) => break,
                }
            }
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_2_what_the_node_has_taken_unknown_to_its_sender_counts_once_a_day_later_too() {
    let sender = Sender::start().await;
    let port = swallowing(sender.node.interface.port(), 4).await;
    let url = format!("http://127.0.0.1:{port}/sesame");
    let client = Client::new(&url, APP, Key::parse(KEY).unwrap()).unwrap();
    sender.write("a.json", "A");
    let list = std::fs::read_to_string(sender.folder.path().join("a.json")).unwrap();
    let (code, action) = (BusinessCode::parse("007").unwrap(), Action::Add);
    let shifted = super::fixture::Shifted::default();
    let (shelf, clock) = (Shelf::open(&sender.folder.path().join("state")).unwrap(), shifted.clock());
    let rule = Rule { pauses: [Duration::ZERO; 2], ..Rule::default() };
    let run = Run { shelf: &shelf, rule, clock: &clock };
    let content = Content::new(&url, APP, code, action, &list);
    let random = Random::parse("swallowed").unwrap();
    let send = async || client.send(code, action, &list, &random).await;
    let begun = Transmission::new(content.clone(), random.clone(), "a.json".into(), clock.now());
    assert_eq!(shelf.begin(&begun).unwrap(), None);
    let mut steps = Vec::new();
    let ended = run.go(begun, false, send, |failed| steps.push(failed.step)).await.unwrap();
    assert!(matches!(ended, Ended::Rests(_)) && steps.len() == 3, "{ended:?} {steps:?}");
    assert!(matches!(steps[2], Step::Rest(until) if until > clock.now().plus_micros(23 * super::fixture::HOUR)));
    holds(&sender.node, 3).await;

    let mut kept = shelf.find(&content).unwrap().unwrap();
    assert!(kept.rests_until(clock.now()).is_some());
    shifted.put_forward(24 * super::fixture::HOUR);
    assert_eq!(kept.rests_until(clock.now()), None);
    kept.resume();
    let ended = run.go(kept, true, send, |_| {}).await.unwrap();
    assert!(matches!(&ended, Ended::Settled { outcome: Ok(answered), .. } if answered.success), "{ended:?}");
    assert!(shelf.all().unwrap().0.is_empty());
    holds(&sender.node, 3).await;
    let rows = logged(&sender, "swallowed").await;
    assert_eq!(rows.len(), 1, "one batch: {rows:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_usage_is_told_before_anything_is_sent() {
    let sender = Sender::start().await;
    sender.write("a.json", "A");
    for words in [
        &["--busicode", "007", "--action", "04", "a.json"][..],
        &["--busicode", "007", "a.json"],
        &["--resume", "a.json"],
        &["--busicode", "007", "--action", "01", "a.json", "--pauses", "1"],
    ] {
        let ended = sender.send(words).await;
        assert_eq!(ended.status, 2, "{words:?}: {ended:?}");
    }
    let folder = sender.folder.path();
    let ended = crate::harness::sesame(folder, &["send", "--busicode", "007", "--action", "01", "a.json"]).await;
    assert!(ended.status == 2 && ended.stderr.contains("--url"), "{ended:?}");
}
