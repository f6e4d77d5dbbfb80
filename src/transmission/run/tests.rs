use super::*;
use crate::standard::code::{Action, BusinessCode};
use crate::standard::moment::Moment;
use crate::standard::random::Random;
use crate::transmission::Content;
use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

const START: i64 = 1_700_000_000_000_000;
const DAY: i64 = 86_400_000_000;

fn answered(status: u16, message: &str) -> Result<Answered, ClientError> {
    let (success, busilist) = (status == 200, "[]".to_owned());
    Ok(Answered { status, success, message: message.to_owned(), busilist, after: None, retry_after: None })
}

fn unreachable() -> Result<Answered, ClientError> {
    Err(ClientError::Unreachable { url: "http://n".to_owned(), reason: "refused".to_owned() })
}

/// A shelf with one transmission, and a clock.
struct Desk {
    _folder: tempfile::TempDir,
    shelf: Shelf,
    now: Arc<AtomicI64>,
    clock: Clock,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (shelf, now) = (Shelf::open(folder.path()).unwrap(), Arc::new(AtomicI64::new(START)));
        let told = now.clone();
        let clock = Clock::new(move || Moment::from_micros(told.load(Ordering::Relaxed)));
        Self { _folder: folder, shelf, now, clock }
    }

    fn begun(&self) -> Transmission {
        let content = Content::new("http://n/sesame", "a", BusinessCode::parse("003").unwrap(), Action::Add, "[{}]");
        let random = Random::parse("r").unwrap();
        let begun = Transmission::new(content, random, "a.json".into(), self.clock.now());
        assert_eq!(self.shelf.begin(&begun).unwrap(), None);
        begun
    }

    /// One round against these outcomes; gives its end and the outcomes that nobody asked for.
    async fn round(
        &self,
        transmission: Transmission,
        was_there: bool,
        outcomes: Vec<Result<Answered, ClientError>>,
    ) -> (Ended, usize) {
        let outcomes = RefCell::new(outcomes.into_iter());
        // What is on disk at each try is what a crash would leave.
        let shelf = &self.shelf;
        let content = transmission.content.clone();
        let send = async || {
            assert_eq!(shelf.find(&content).unwrap().unwrap().random.as_str(), "r", "on disk before it is sent");
            outcomes.borrow_mut().next().expect("no more tries than outcomes")
        };
        let rule = Rule { pauses: [Duration::from_millis(1), Duration::from_millis(2)], ..Rule::default() };
        let run = Run { shelf, rule, clock: &self.clock };
        let mut steps = Vec::new();
        let ended = run.go(transmission, was_there, send, |failed| steps.push(failed.step)).await.unwrap();
        assert!(steps.iter().rev().skip(1).all(|step| matches!(step, Step::Again(_))), "{steps:?}");
        let left = outcomes.borrow().len();
        (ended, left)
    }

    fn kept(&self) -> Vec<Transmission> {
        self.shelf.all().unwrap().0
    }
}

#[tokio::test]
async fn clause_7_4_three_tries_a_mark_and_the_same_random_after_24_hours() {
    let desk = Desk::new();
    let (ended, left) = desk.round(desk.begun(), false, vec![unreachable(), unreachable(), unreachable()]).await;
    assert!(matches!(ended, Ended::Rests(_)) && left == 0, "{ended:?}");
    let mut kept = desk.kept().remove(0);
    assert_eq!(kept.rests_until(desk.clock.now()), Some(Moment::from_micros(START + DAY)));
    assert!(kept.reason.contains("refused"), "{kept:?}");

    desk.now.store(START + DAY, Ordering::Relaxed);
    assert_eq!(kept.rests_until(desk.clock.now()), None);
    kept.resume();
    let (ended, _) = desk.round(kept, true, vec![unreachable(), answered(200, "已接收1条")]).await;
    assert!(matches!(&ended, Ended::Settled { outcome: Ok(answered), .. } if answered.success), "{ended:?}");
    assert!(desk.kept().is_empty(), "nothing is kept of what is done");
}

#[tokio::test]
async fn a_refusal_is_not_tried_again_and_leaves_nothing() {
    let desk = Desk::new();
    let (ended, _) = desk.round(desk.begun(), false, vec![answered(422, "[INVALID_RECORDS] 数据")]).await;
    assert!(matches!(ended, Ended::Settled { is_kept: false, .. }), "{ended:?}");
    assert!(desk.kept().is_empty());
}

#[tokio::test]
async fn invariant_2_a_refusal_after_an_unknown_outcome_keeps_the_random() {
    let desk = Desk::new();
    let outcomes = vec![unreachable(), answered(401, "[SIGN_MISMATCH] 签名")];
    let (ended, _) = desk.round(desk.begun(), false, outcomes).await;
    assert!(matches!(ended, Ended::Settled { is_kept: true, .. }), "{ended:?}");
    let kept = desk.kept().remove(0);
    assert!(kept.reason.starts_with("[SIGN_MISMATCH]") && kept.next.is_none(), "{kept:?}");
    // What was limited was not looked at, so the node cannot have it; what lay on disk before may have been sent.
    desk.shelf.remove(&kept.content).unwrap();
    for (was_there, is_kept) in [(false, false), (true, true)] {
        let begun = desk.begun();
        let outcomes = vec![answered(429, "[RATE_LIMITED] 频次"), answered(403, "[NOT_GRANTED] 授权")];
        let (ended, _) = desk.round(begun.clone(), was_there, outcomes).await;
        assert!(matches!(ended, Ended::Settled { is_kept: kept, .. } if kept == is_kept), "{ended:?}");
        desk.shelf.remove(&begun.content).unwrap();
    }
}

#[tokio::test]
async fn clause_7_4_a_transfer_the_node_has_marked_is_not_tried_again() {
    let desk = Desk::new();
    let mut marked = answered(429, "[TRANSFER_FAILED] 已标记").unwrap();
    marked.retry_after = Some(Duration::from_secs(600));
    let (ended, left) = desk.round(desk.begun(), false, vec![Ok(marked), unreachable()]).await;
    assert!(matches!(ended, Ended::Rests(_)) && left == 1, "{ended:?}");
    assert_eq!(desk.kept()[0].next, Some(Moment::from_micros(START + 600_000_000)));
}

#[tokio::test]
async fn a_process_that_ends_between_two_tries_goes_on_where_it_was() {
    let desk = Desk::new();
    let begun = desk.begun();
    let rule = Rule { pauses: [Duration::from_secs(3_600); 2], ..Rule::default() };
    let (run, waits) = (Run { shelf: &desk.shelf, rule, clock: &desk.clock }, tokio::sync::Notify::new());
    tokio::select! {
        ended = run.go(begun, false, async || unreachable(), |_| waits.notify_one()) => panic!("not yet: {ended:?}"),
        () = waits.notified() => {}
    }
    let mut kept = desk.kept().remove(0);
    assert_eq!((kept.tries, kept.next), (1, None));
    kept.resume();
    let (ended, _) = desk.round(kept, true, vec![unreachable(), unreachable()]).await;
    assert!(matches!(ended, Ended::Rests(_)), "the third failure marks it: {ended:?}");
}
