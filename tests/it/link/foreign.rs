//! An endpoint of another make that behaves.

use super::stub::{Manner, PLAIN, Stub, Terms};
use crate::contract::ask::App;
use crate::harness::{NodeProcess, Spec, TestNode, eventually, records};
use sesame::client::Client;
use sesame::standard::cipher::Key;
use sesame::standard::code::{Action, BusinessCode};
use sesame::standard::random::Random;
use sesame::standard::refusal::RefusalCode;
use sesame::standard::sign::Profile;
use std::collections::BTreeSet;
use uuid::Uuid;

pub async fn holds(stub: &Stub, count: usize) {
    eventually(&format!("the endpoint holds {count} records"), || async { (stub.keys().len() == count).then_some(()) })
        .await;
}

/// Waits until so many failures of the link are kept, and no other.
pub async fn failed(county: &TestNode, count: i64) {
    eventually(&format!("{count} are kept as refused"), || async {
        let counts = county.store().failure_counts().await.ok()?;
        let expected = [("uplink".to_owned(), "REFUSED_BY_PARENT".to_owned(), "retrying".to_owned(), count)];
        (counts == expected).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clauses_6_2_2_and_7_1_requests_are_signed_and_encrypted_as_agreed() {
    let agreed = [
        Terms { profile: Profile::Full, encrypted: false, in_text: true },
        Terms { profile: Profile::Cmac, encrypted: true, in_text: false },
        Terms { profile: Profile::Hmac, encrypted: false, in_text: false },
    ];
    for terms in agreed {
        let stub = Stub::start(terms).await;
        stub.does(Manner::TakeInText);
        let county = Spec::new("370203").parent_over_https("370200", &stub.settings(terms, ""));
        let mut county = county.start(&[]).await;
        let app = App::of(&county);
        for batch in 0..5 {
            app.ask("007", "01", records::checks(&format!("B{batch}"), "370203", "2025-06-01 08:00:00", 3))
                .accepted()
                .await;
        }
        let gone = r#"[{"JCJLBH":"B0-0","XZQHDM":"370203","SJGXSJ":"2025-06-01 09:00:00"}]"#;
        holds(&stub, 15).await;
        app.ask("007", "03", gone).accepted().await;
        holds(&stub, 14).await;
        assert_eq!(stub.most_at_once(), 1, "one at a time");
        assert_eq!(stub.seen().len(), 6, "each once");
        assert_eq!(county.health().checks().link.detail, "works");
        county.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_3_a_batch_larger_than_agreed_goes_in_parts_and_those_taken_are_remembered() {
    let stub = Stub::start(PLAIN).await;
    // The third part is refused the first time.
    stub.chooses(|seen| match seen.names("P-25") {
        true => Manner::Refuse(RefusalCode::InvalidRecords, 200),
        false => Manner::Take,
    });
    let agreed = "max_records = 10\nmax_bytes = 100_000";
    let county = Spec::new("370203").parent_over_https("370200", &stub.settings(PLAIN, agreed));
    let mut county = county.extra("[failures]\nretry_secs = [4, 4]\n").start(&[]).await;
    let list = records::checks("P", "370203", "2025-06-01 08:00:00", 45);
    App::of(&county).ask("007", "01", list).accepted().await;
    holds(&stub, 35).await;
    failed(&county, 1).await;
    let first: Vec<String> = stub.seen().iter().map(|seen| seen.random.clone()).collect();
    assert_eq!(first.iter().collect::<BTreeSet<_>>().len(), 5, "{first:?}");
    stub.does(Manner::Take);
    holds(&stub, 45).await;
    let seen = stub.seen();
    assert!(seen.iter().all(|seen| seen.records.len() <= 10 && seen.bytes <= 100_000));
    let again: BTreeSet<&str> = seen[5..].iter().map(|seen| seen.random.as_str()).collect();
    assert_eq!(
        again,
        BTreeSet::from([first[2].as_str()]),
        "only the part refused is sent again, and is known by its random"
    );
    eventually("nothing is left of it", || async {
        let store = county.store();
        let counts = store.failure_counts().await.ok()?;
        counts.iter().all(|(_, _, state, _)| state == "resolved").then_some(())
    })
    .await;
    county.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invariants_1_2_a_link_killed_between_two_parts_goes_on_where_it_was() {
    let stub = Stub::start(PLAIN).await;
    stub.chooses(|seen| if seen.names("K-25") { Manner::Hang } else { Manner::Take });
    let agreed = "max_records = 10\n";
    let county = Spec::new("370203").parent_over_https("370200", &stub.settings(PLAIN, agreed)).prepare(&[]).await;
    let mut process = NodeProcess::start(&county);
    process.ready().await;
    let client = Client::new(&process.url(), crate::harness::APP, Key::parse(crate::harness::KEY).unwrap()).unwrap();
    let list = records::checks("K", "370203", "2025-06-01 08:00:00", 45);
    let busicode = BusinessCode::parse("007").unwrap();
    let answered = client.send(busicode, Action::Add, &list, &Random::from(Uuid::new_v4())).await.unwrap();
    assert!(answered.success, "{answered:?}");
    eventually("the third part is under way", || async { (stub.seen().len() >= 3).then_some(()) }).await;
    process.kill_and_restart();
    stub.does(Manner::Take);
    holds(&stub, 45).await;
    let seen = stub.seen();
    for part in 0..2 {
        let times = seen.iter().filter(|other| other.random == seen[part].random).count();
        assert_eq!(times, 1, "part {part} was taken, and is not sent again");
    }
    assert!(seen[3..].iter().any(|other| other.random == seen[2].random), "a part sent again is known by its random");
}
