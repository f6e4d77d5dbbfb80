//! Replays and discards: frozen, careful, once.

use super::fixture::{Office, PARKED, because, modify};
use crate::harness::eventually;
use sesame::clock::Clock;
use sesame::desk::{Ask, Control, DeskError, Selection};
use sesame::standard::code::Action;
use sesame::store::ActKind;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_4_a_replay_takes_the_set_that_was_there_when_it_was_asked_for_and_runs_once() {
    let office = Office::new(PARKED).await;
    office.fail("A", 5).await;
    office.mend("A", 5).await;
    let counted = office.desk.count(ActKind::Replay, &because("MISSING_KEY")).await.unwrap();
    assert_eq!(counted.would, 5);
    assert_eq!(office.total("parked").await, 5, "a dry run does nothing");

    let ask = office.ask(ActKind::Replay, because("MISSING_KEY"));
    let act = office.desk.ask(ask.clone()).await.unwrap();
    // What fails after it was asked for is not of the set.
    office.send(Action::Modify, &modify("LATE", 0)).await;
    let again = office.desk.ask(ask).await.unwrap();
    assert_eq!((again.id, again.total), (act.id, 5), "asking twice is asking once");
    let other = office.ask(ActKind::Discard, because("MISSING_KEY"));
    let refused = office.desk.ask(Ask { id: act.id, ..other }).await.unwrap_err();
    assert!(matches!(&refused, DeskError::Selection(_)) && refused.to_string().contains("another one"), "{refused}");
    let done = office.reaches(act.id, "done").await;
    assert_eq!((done.total, done.resolved, done.failed, done.skipped), (5, 5, 0, 0));
    office.have("resolved", 5).await;
    office.have("parked", 1).await;

    // The same set, asked for under another id: nothing of it is there any more.
    let selection = Selection { state: Some("resolved".to_owned()), ..Selection::default() };
    let nothing = office.desk.ask(office.ask(ActKind::Replay, selection)).await.unwrap();
    assert_eq!(nothing.total, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_acts_on_one_set_do_its_failures_once() {
    let mut office = Office::new(PARKED).await;
    office.fail("B", 6).await;
    office.mend("B", 6).await;
    // Both are asked for before either is begun, however slow the machine is.
    office.node.stop().await;
    let ask = || async { office.desk.ask(office.ask(ActKind::Replay, because("MISSING_KEY"))).await.unwrap() };
    let (one, other) = tokio::join!(ask(), ask());
    office.node.run(Clock::system()).await;
    let (one, other) = (office.reaches(one.id, "done").await, office.reaches(other.id, "done").await);
    assert_eq!((one.total, other.total), (6, 6));
    assert_eq!(one.resolved + other.resolved, 6, "{one:?} {other:?}");
    assert_eq!(one.skipped + other.skipped, 6, "{one:?} {other:?}");
    let sql = "SELECT count(*) FROM failures, jsonb_array_elements(past) p WHERE p->>'act' = 'replay'";
    let replays: i64 = office.node.sql().await.query_one(sql, &[]).await.unwrap().get(0);
    assert_eq!(replays, 6, "each failure keeps who had it replayed, once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canary_that_fails_again_stops_the_rest_until_somebody_says_go_on() {
    let office = Office::new(PARKED).await;
    office.fail("C", 5).await;
    let act = office.desk.ask(office.ask(ActKind::Replay, because("MISSING_KEY"))).await.unwrap();
    let paused = office.reaches(act.id, "paused").await;
    assert_eq!((paused.failed, paused.waiting), (2, 3), "{paused:?}");
    let said = paused.past.last().unwrap();
    assert!(said.by == "sesame" && said.why.contains("2 of the first 2"), "{said:?}");
    office.mend("C", 5).await;
    office.desk.control(act.id, Control::Resume, "tester", "mended").await.unwrap();
    let done = office.reaches(act.id, "done").await;
    assert_eq!((done.failed, done.resolved), (2, 3), "{done:?}");
    let over = office.desk.control(act.id, Control::Cancel, "tester", "enough").await.unwrap_err();
    assert!(matches!(&over, DeskError::NotFound(text) if text.contains("is over")), "{over}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_keeps_its_pace_and_ends_where_it_is_cancelled() {
    let office = Office::new(PARKED).await;
    office.fail("D", 8).await;
    office.mend("D", 8).await;
    let mut ask = office.ask(ActKind::Replay, because("MISSING_KEY"));
    (ask.per_second, ask.canary) = (Some(1), 1);
    let act = office.desk.ask(ask).await.unwrap();
    office.reaches(act.id, "running").await;
    let cancelled = office.desk.control(act.id, Control::Cancel, "tester", "enough").await.unwrap();
    let said = cancelled.past.last().unwrap();
    assert_eq!((said.act.as_str(), said.by.as_str(), said.why.as_str()), ("cancel", "tester", "enough"));
    let before = office.total("parked").await;
    assert!(before > 0, "at one a second most of them still wait");
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(office.total("parked").await, before, "nothing more is begun");
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_2_the_parked_copy_of_what_was_replayed_has_no_second_effect() {
    let office = Office::new("[failures]\nretry_secs = [0, 0]\npark_secs = 6\n").await;
    office.send(Action::Modify, &modify("E", 0)).await;
    office.have("parked", 1).await;
    // So that the two tokens come back at times that can be told apart.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let act = office.desk.ask(office.ask(ActKind::Replay, Selection::default())).await.unwrap();
    office.reaches(act.id, "done").await;
    let client = office.node.sql().await;
    let pause = "SELECT extract(epoch FROM (n.p->>'at')::timestamptz - (m.p->>'at')::timestamptz)::float8 \
                 FROM failures, jsonb_array_elements(past) m(p), jsonb_array_elements(past) n(p) \
                 WHERE m.p->>'attempt' = '2.3' AND n.p->>'attempt' = '3.1'";
    let pause: f64 = eventually("the third round begins", || async {
        client.query_opt(pause, &[]).await.unwrap().map(|row| row.get(0))
    })
    .await;
    assert!(pause > 5.5, "it was begun by the token of the first round, {pause} s after the second");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_discarded_stays_so_until_it_is_meant_by_name() {
    let office = Office::new(PARKED).await;
    office.fail("F", 3).await;
    let mut silent = office.ask(ActKind::Discard, because("MISSING_KEY"));
    silent.why = " ".to_owned();
    assert!(office.desk.ask(silent).await.unwrap_err().to_string().contains("say why"));
    let act = office.desk.ask(office.ask(ActKind::Discard, because("MISSING_KEY"))).await.unwrap();
    let done = office.reaches(act.id, "done").await;
    assert_eq!((done.discarded, done.skipped), (3, 0));
    assert_eq!(office.total("discarded").await, 3);
    office.mend("F", 3).await;
    let replay = office.desk.ask(office.ask(ActKind::Replay, Selection::default())).await.unwrap();
    assert_eq!(replay.total, 0, "not meant by `all`");
    let discarded = Selection { state: Some("discarded".to_owned()), ..Selection::default() };
    let replay = office.desk.ask(office.ask(ActKind::Replay, discarded)).await.unwrap();
    assert_eq!(office.reaches(replay.id, "done").await.resolved, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_replay_begins_nothing_more_and_goes_on_past_its_canary() {
    let office = Office::new(PARKED).await;
    office.fail("P", 8).await;
    office.mend("P", 8).await;
    let mut ask = office.ask(ActKind::Replay, because("MISSING_KEY"));
    (ask.per_second, ask.canary) = (Some(1), 1);
    let act = office.desk.ask(ask).await.unwrap();
    eventually("more than the canary is begun", || async {
        let act = office.desk.act(act.id).await.ok()?;
        (act.state == "running" && act.waiting < 6).then_some(())
    })
    .await;
    office.desk.control(act.id, Control::Pause, "tester", "looking").await.unwrap();
    let paused = eventually("what was begun is known also in a pause", || async {
        office.desk.act(act.id).await.ok().filter(|act| act.sent == 0)
    })
    .await;
    assert!(paused.state == "paused" && paused.waiting > 0, "{paused:?}");
    // Several times as long as its pace asks.
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(office.desk.act(act.id).await.unwrap().waiting, paused.waiting);
    let resumed = office.desk.control(act.id, Control::Resume, "tester", "all is well").await.unwrap();
    assert_eq!(resumed.state, "running", "its canary has had its verdict");
    let done = office.reaches(act.id, "done").await;
    assert_eq!(done.resolved, 8);
    let past: Vec<_> = done.past.iter().map(|event| (event.act.as_str(), event.why.as_str())).collect();
    assert_eq!(past, [("pause", "looking"), ("resume", "all is well")]);
}
