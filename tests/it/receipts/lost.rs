//! Loss, doubling, reordering and delay of receipts do no harm.

use super::fixture::{Hand, Pair, TEN_MINUTES, UPDATED, rows, send, shows};
use crate::contract::ask::App;
use crate::harness::{eventually, records};
use crate::rules::fixture::Datasets;
use serde_json::{Value, json};
use sesame::clock::Clock;
use sesame::store::{Due, Want};
use std::time::Duration;

const QUEUE: &str = "city.receipts.370203";

async fn settled(pair: &Pair) {
    eventually("nothing is unsettled", || async { (pair.county.store().unsettled(10).await.ok()? == 0).then_some(()) })
        .await;
}

/// With a parent that has sent receipts before, and with one of which that is not known yet.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_receipt_is_asked_for_after_ten_minutes() {
    for is_known in [true, false] {
        let pair = Pair::running("").await;
        let (app, hand) = (App::of(&pair.county), Hand::of(&pair.city).await);
        if is_known {
            let first = send(&app, "first", 1).await;
            shows(&app, &first, &[("CITY_STATE", "persisted")]).await;
        }
        pair.readable(false).await;
        // RabbitMQ checks a consumer when it begins.
        let mut county = pair.county;
        county.stop().await;
        county.run(pair.ahead.clock()).await;
        let (app, pair) = (App::of(&county), Pair { county, ..pair });
        let batch = send(&app, "lost", 2).await;
        hand.holds(QUEUE, 1).await;
        assert_eq!(hand.take_all(QUEUE).await.len(), 1);
        let later;
        if is_known {
            pair.readable(true).await;
            later = send(&app, "later", 1).await;
            shows(&app, &later, &[("CITY_STATE", "persisted")]).await;
            let row = rows(&app, &batch).await.remove(0);
            assert!(row.get("CITY_STATE").is_none(), "its receipt is lost: {row}");
        } else {
            later = send(&app, "later", 1).await;
            hand.holds(QUEUE, 1).await;
            hand.take_all(QUEUE).await;
            // Not before: the county tries again and again to read what would lie there.
            pair.readable(true).await;
        }
        pair.ahead.forward(TEN_MINUTES);
        shows(&app, &batch, &[("CITY_STATE", "persisted"), ("CITY_RECORDS", "2")]).await;
        shows(&app, &later, &[("CITY_STATE", "persisted")]).await;
        settled(&pair).await;
        assert!(pair.city.store().failure_counts().await.unwrap().is_empty(), "nobody takes a question for a batch");
        pair.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts_doubled_in_reverse_and_late_end_in_the_same_state() {
    let strict = Datasets::shipped();
    strict.refuse_remarks_with("密");
    let quick = format!("{}[failures]\nretry_secs = [1, 1]\npark_secs = 3\n", strict.settings());
    let mut pair = Pair::prepared(&quick).await;
    pair.readable(false).await;
    pair.city.run(sesame::clock::Clock::system()).await;
    pair.county.run(pair.ahead.clock()).await;
    let (app, hand) = (App::of(&pair.county), Hand::of(&pair.city).await);
    let mut list: Vec<Value> = (0..3).map(|n| records::check(&format!("D-{n}"), "370203", UPDATED)).collect();
    list[1]["BZ"] = json!("密");
    let batch = app.ask("007", "01", Value::Array(list)).accepted().await;
    // One for each attempt of a round.
    hand.holds(QUEUE, 3).await;
    strict.change("007", |schema| {
        schema["properties"]["BZ"].as_object_mut().unwrap().remove("pattern");
    });
    eventually("the city has taken the bad record too", || async {
        let counts = pair.city.store().failure_counts().await.ok()?;
        counts.iter().all(|(_, _, state, _)| state == "resolved").then_some(())
    })
    .await;
    hand.holds(QUEUE, 4).await;
    let letters = hand.take_all(QUEUE).await;
    for (properties, body) in letters.iter().rev().chain(&letters).chain(letters.iter().rev()) {
        hand.put("city.receipts", "370203", properties.clone(), body).await;
    }
    pair.readable(true).await;
    shows(&app, &batch, &[("CITY_STATE", "resolved"), ("CITY_RECORDS", "3"), ("CITY_CODE", "")]).await;
    eventually("all letters are read", || async { (hand.depth(QUEUE).await == 0).then_some(()) }).await;
    settled(&pair).await;
    let row = rows(&app, &batch).await.remove(0);
    assert_eq!(row["CITY_STATE"], "resolved", "the last word stays: {row}");
    pair.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_8_a_child_away_fills_its_queue_no_further_and_asks_for_what_was_dropped() {
    let mut pair = Pair::prepared("").await;
    pair.readable(false).await;
    // As if a hundred thousand lay before it.
    let policy = json!({"pattern": "^city\\.receipts\\.", "apply-to": "queues", "definition": {"max-length": 1}});
    pair.api.put("/api/policies/{vhost}/short", policy).await;
    pair.city.run(sesame::clock::Clock::system()).await;
    pair.county.run(pair.ahead.clock()).await;
    let (app, hand) = (App::of(&pair.county), Hand::of(&pair.city).await);
    let mut batches = Vec::new();
    for name in ["one", "two", "three"] {
        batches.push(send(&app, name, 1).await);
        let region = pair.county.config.node.region;
        let number = batches.len() as i64;
        eventually("the city has it", || async {
            let tally = pair.city.store().tally(region).await.ok()?;
            (tally.first().map_or(0, |row| row.records) == number).then_some(())
        })
        .await;
        // A letter of its own.
        tokio::time::sleep(std::time::Duration::from_millis(400)).await;
    }
    assert_eq!(hand.depth(QUEUE).await, 1, "the oldest go first");
    pair.readable(true).await;
    shows(&app, &batches[2], &[("CITY_STATE", "persisted")]).await;
    let first = rows(&app, &batches[0]).await.remove(0);
    assert!(first.get("CITY_STATE").is_none(), "{first}");
    pair.ahead.forward(TEN_MINUTES);
    for batch in &batches {
        shows(&app, batch, &[("CITY_STATE", "persisted")]).await;
    }
    settled(&pair).await;
    pair.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_and_not_done_is_due_again_within_a_minute_or_so() {
    let mut pair = Pair::prepared("").await;
    pair.county.run(pair.ahead.clock()).await;
    let batch: uuid::Uuid = send(&App::of(&pair.county), "G", 1).await.parse().unwrap();
    let store = pair.county.store();
    eventually("it is unsettled", || async { (store.unsettled(10).await.ok()? == 1).then_some(()) }).await;
    // Nobody else takes it.
    pair.county.stop().await;
    let begun = Clock::system().now();
    let minute = |number: i64| begun.plus_micros(number * 60_000_000);
    let taken = async |due, at| store.take_unsettled(due, minute(at), 10).await.unwrap().len();
    assert_eq!((taken(Due::Ask, 11).await, taken(Due::Ask, 13).await), (1, 0));
    store.give_back_unsettled(&[batch], minute(13), Duration::from_secs(60)).await.unwrap();
    assert_eq!(taken(Due::Ask, 15).await, 1);
    store.want_again(&[batch], Want::Signed, 1, minute(15)).await.unwrap();
    assert_eq!((taken(Due::Again, 15).await, taken(Due::Again, 15).await, taken(Due::Again, 17).await), (1, 0, 1));
    store.note_again(&[batch], 1, minute(17)).await.unwrap();
    assert_eq!((taken(Due::Again, 60).await, taken(Due::Ask, 18).await, taken(Due::Ask, 17 + 1_441).await), (0, 0, 1));
}
