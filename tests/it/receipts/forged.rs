//! Invariant 5: receipts that are not the parent's, or not about what was sent to it, are refused and counted; and a child is told
//! nothing of another's batches.

use super::fixture::{Hand, Pair, UPDATED, header, rows, send, shows, with_headers};
use crate::contract::ask::App;
use crate::harness::{KEY, NodeProcess, Spec, eventually, records, region};
use lapin::BasicProperties;
use sesame::receipt::{Kind, Letter, Question, State, Verdict, seal};
use sesame::standard::cipher::{Key, Software};
use sesame::standard::region::Region;
use uuid::Uuid;

fn verdict(batch: Uuid, node: &str) -> Verdict {
    Verdict {
        batch,
        node: region(node),
        above: None,
        state: State::Abandoned,
        at: time::OffsetDateTime::now_utc().into(),
        records: 0,
        unapplied: 0,
        code: "FORGED".to_owned(),
        message: String::new(),
        bad: Vec::new(),
    }
}

async fn put(hand: &Hand, key: &str, letter: &Letter) {
    let body = letter.write();
    let headers = seal(Kind::Receipts, &Software, &Key::parse(key).unwrap(), &body);
    hand.put("city.receipts", "370203", with_headers(&headers), body.as_bytes()).await;
}

async fn refused(process: &NodeProcess, reason: &str) -> u64 {
    let text = reqwest::get(format!("{}/metrics", process.metrics_url())).await.unwrap().text().await.unwrap();
    let name = format!("sesame_receipts_refused_total{{reason=\"{reason}\"}} ");
    let found = text.lines().find_map(|line| line.strip_prefix(&name)).unwrap_or_else(|| panic!("no {name}: {text}"));
    found.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_5_a_forged_receipt_is_refused_and_counted() {
    let pair = Pair::prepared("").await;
    let process = NodeProcess::start(&pair.county);
    process.ready().await;
    let mut county = pair.county;
    county.interface = process.interface();
    let (app, hand) = (App::of(&county), Hand::of(&pair.city).await);
    let batch: Uuid = send(&app, "F", 1).await.parse().unwrap();
    shows(&app, &batch.to_string(), &[("STATE", "persisted")]).await;
    let letter = |to: &str, verdict| Letter {
        from: region("370200"),
        to: region(to),
        verdicts: vec![verdict],
        unknown: Vec::new(),
    };
    put(&hand, "ffffffffffffffffffffffffffffffff", &letter("370203", verdict(batch, "370200"))).await;
    put(&hand, KEY, &letter("370211", verdict(batch, "370200"))).await;
    put(&hand, KEY, &letter("370203", verdict(batch, "320000"))).await;
    put(&hand, KEY, &letter("370203", verdict(Uuid::new_v4(), "370200"))).await;
    hand.put("city.receipts", "370203", BasicProperties::default(), b"{}").await;
    for (reason, number) in [("signature", 1), ("foreign", 2), ("unknown_batch", 1), ("malformed", 1)] {
        eventually(&format!("{number} {reason}"), || async {
            (refused(&process, reason).await == number).then_some(())
        })
        .await;
    }
    let row = rows(&app, &batch.to_string()).await.remove(0);
    assert!(row.get("CITY_STATE").is_none(), "none of them is believed: {row}");
    put(&hand, KEY, &letter("370203", verdict(batch, "370200"))).await;
    shows(&app, &batch.to_string(), &[("CITY_STATE", "abandoned"), ("CITY_CODE", "FORGED")]).await;
}

/// A question of `child`, by its own user, for a batch.
async fn ask(uri: &str, child: Region, user: &str, batch: Uuid) {
    let question = Question { from: child, to: region("370200"), batches: vec![batch] };
    let body = question.write();
    let mut headers = seal(Kind::Question, &Software, &Key::parse(KEY).unwrap(), &body);
    headers.insert("sesame-size".to_owned(), "small".to_owned());
    let properties = with_headers(&headers).with_user_id(user.into());
    Hand::at(uri).await.put("city", &question.routing_key(), properties, body.as_bytes()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_5_a_child_learns_nothing_of_anothers_batch_by_asking() {
    let city = Spec::new("370200");
    let (county, neighbour) = (Spec::new("370203").parent(&city), Spec::new("370211").parent(&city));
    let (uri, user) = (neighbour.uri_at_parent().to_owned(), neighbour.user());
    let (own_uri, own_user) = (county.uri_at_parent().to_owned(), county.user());
    let mut city = city.start(&[&county, &neighbour]).await;
    let mut county = county.start(&[]).await;
    let app = App::of(&county);
    let batch = app.ask("007", "01", records::checks("O", "370203", UPDATED, 1)).accepted().await;
    shows(&app, &batch, &[("CITY_STATE", "persisted")]).await;
    county.stop().await;
    let (batch, hand) = (batch.parse().unwrap(), Hand::of(&city).await);
    for (uri, child, user, is_its) in [(&uri, "370211", &user, false), (&own_uri, "370203", &own_user, true)] {
        ask(uri, region(child), user, batch).await;
        let queue = format!("city.receipts.{child}");
        hand.holds(&queue, 1).await;
        let (properties, body) = hand.take_all(&queue).await.remove(0);
        assert_eq!(header(&properties, "sesame-kind").as_deref(), Some("receipts"));
        let letter = Letter::read(std::str::from_utf8(&body).unwrap(), region("370200"), region(child)).unwrap();
        assert_eq!(letter.verdicts.len(), usize::from(is_its), "{letter:?}");
        assert_eq!(letter.unknown.len(), usize::from(!is_its), "{letter:?}");
    }
    // A question that another's user brings, or that another has signed, is none.
    assert!(city.store().failure_counts().await.unwrap().is_empty());
    city.stop().await;
}
