//! What became of the messages of a channel.
//!
//! The client library keeps what came back in a queue, and each message that is confirmed or refused takes the first of it along, whosever it
//! is. RabbitMQ sends a message back before it confirms it. So:
//!
//! - A message that took nothing along found the queue empty: it did not come back, or what came back of it had been taken before.
//! - If what came back of a confirmed message is still queued, something was taken whose owner is not confirmed yet. Count since the
//!   queue was last empty: n were confirmed, each took one, and w still wait, so n + w came back. A message is confirmed only after it
//!   came back, so at most n of these owners are, and at least w are not. Not all of those can be owners of the w that wait, for
//!   one of these is confirmed. So one is the owner of something taken.
//!
//! Hence, once the owner of everything taken is confirmed, nothing that waits belongs to a confirmed message. A message that fails takes
//! nothing along, and so does not count as an owner confirmed.

use super::super::PublishError;
use lapin::types::ShortString;
use tokio::sync::oneshot;
use uuid::Uuid;

/// By this a message is known when it comes back. Two of one name that are under way at once are copies of one message: taking
/// one for the other does no harm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) id: Uuid,
    pub(super) exchange: ShortString,
    pub(super) routing_key: ShortString,
}

/// The broker's word on a message, but for whether it came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Word {
    /// It is confirmed.
    Kept,
    /// It is refused.
    Nacked,
    /// Nothing is known of it, or the channel was closed.
    Failed(PublishError),
}

/// A message that is settled.
#[derive(Debug)]
pub(super) struct Settled {
    pub(super) name: Name,
    pub(super) word: Word,
    /// What came back of some message, with RabbitMQ's words.
    pub(super) returned: Option<(Name, String)>,
    pub(super) told: oneshot::Sender<Result<(), PublishError>>,
}

/// Tells each message what became of it, once that is certain.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// What came back of messages that are not settled yet.
    unclaimed: Vec<(Name, String)>,
    /// Settled messages that carried what came back of others. What came back of them may yet be carried.
    held: Vec<Settled>,
    /// The channel was closed: nothing is carried any more.
    is_over: bool,
}

impl Ledger {
    /// Enters what is settled. With a message all that was settled before it must have been entered.
    pub(super) fn enter(&mut self, settled: Vec<Settled>) {
        self.is_over |= settled.iter().any(Settled::has_failed);
        // Then the queue was empty, after all that is held from before had been settled: nothing of theirs is in it.
        let ran_dry = settled.iter().any(|one| one.returned.is_none() && !one.has_failed());
        self.unclaimed.extend(settled.iter().filter_map(|one| one.returned.clone()));
        let held = self.held.drain(..).map(|one| (one, ran_dry));
        let mut open = Vec::new();
        for (one, is_certain) in held.chain(settled.into_iter().map(|one| (one, false))) {
            let claimed = self.unclaimed.iter().position(|(name, _)| *name == one.name && !one.has_failed());
            match claimed {
                Some(at) => {
                    let (name, reply) = self.unclaimed.swap_remove(at);
                    one.tell(|_| Err(PublishError::Returned { exchange: name.exchange.to_string(), reply }));
                }
                None => open.push((one, is_certain)),
            }
        }
        let all_claimed = self.unclaimed.is_empty();
        for (one, is_certain) in open {
            if one.returned.is_none() || is_certain {
                one.tell(Word::outcome);
            } else if self.is_over {
                one.tell(|_| Err(PublishError::Lost("the channel was closed".to_owned())));
            } else if all_claimed {
                one.tell(Word::outcome);
            } else {
                self.held.push(one);
            }
        }
    }
}

impl Settled {
    fn has_failed(&self) -> bool {
        matches!(self.word, Word::Failed(_))
    }

    fn tell(self, outcome: impl FnOnce((Word, Name)) -> Result<(), PublishError>) {
        // Who has stopped waiting is not told.
        let _ = self.told.send(outcome((self.word, self.name)));
    }
}

impl Word {
    fn outcome((word, name): (Word, Name)) -> Result<(), PublishError> {
        match word {
            Word::Kept => Ok(()),
            Word::Nacked => Err(PublishError::Nacked(name.exchange.to_string())),
            Word::Failed(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use std::collections::VecDeque;
    use tokio::sync::oneshot::Receiver;

    type Told = Receiver<Result<(), PublishError>>;

    fn name(at: usize) -> Name {
        Name { id: Uuid::from_u128(at as u128), exchange: "county".into(), routing_key: "key".into() }
    }

    fn settled(at: usize, word: Word, carries: Option<usize>) -> (Settled, Told) {
        let (told, outcome) = oneshot::channel();
        let returned = carries.map(|other| (name(other), "NO_ROUTE".to_owned()));
        (Settled { name: name(at), word, returned, told }, outcome)
    }

    fn is_returned(told: &mut Told) -> bool {
        matches!(told.try_recv(), Ok(Err(PublishError::Returned { .. })))
    }

    #[test]
    fn invariant_1_a_return_that_is_carried_later_is_waited_for() {
        let mut ledger = Ledger::default();
        let ((one, mut first), (other, mut second)) =
            (settled(1, Word::Kept, Some(2)), settled(2, Word::Kept, Some(1)));
        ledger.enter(vec![one]);
        assert!(first.try_recv().is_err(), "it may have come back itself");
        ledger.enter(vec![other]);
        assert!(is_returned(&mut first) && is_returned(&mut second));
    }

    #[test]
    fn invariant_1_what_a_closed_channel_leaves_uncertain_is_not_kept() {
        for failing in [2, 3] {
            let mut ledger = Ledger::default();
            let (one, mut first) = settled(1, Word::Kept, Some(2));
            let (other, mut second) = settled(failing, Word::Failed(PublishError::Lost("closed".to_owned())), None);
            ledger.enter(vec![one]);
            ledger.enter(vec![other]);
            for told in [&mut first, &mut second] {
                assert!(matches!(told.try_recv(), Ok(Err(PublishError::Lost(_)))), "{failing} fails");
            }
        }
    }

    #[test]
    fn a_message_that_carries_nothing_makes_those_before_it_certain() {
        let mut ledger = Ledger::default();
        let (one, mut first) = settled(1, Word::Kept, Some(9));
        let (other, mut second) = settled(2, Word::Nacked, None);
        ledger.enter(vec![one]);
        assert!(first.try_recv().is_err());
        ledger.enter(vec![other]);
        assert_eq!(first.try_recv(), Ok(Ok(())));
        assert!(matches!(second.try_recv(), Ok(Err(PublishError::Nacked(_)))));
    }

    proptest! {
        /// The client library as it is: what comes back waits in a queue, and each that is confirmed takes the first of it along. It may end
        /// anywhere: then the rest fails.
        #[test]
        fn invariant_1_whatever_the_order_each_is_told_the_truth_and_all_are(
            routed in vec(any::<bool>(), 1..14),
            order in vec(any::<prop::sample::Index>(), 28),
            looks in vec(any::<bool>(), 14),
            end in 0..40_usize,
        ) {
            let mut waiting: Vec<(usize, bool)> = (0..routed.len()).map(|at| (at, routed[at])).collect();
            let (mut queue, mut entered, mut ledger) = (VecDeque::new(), Vec::new(), Ledger::default());
            let (mut told, mut looks) = (Vec::new(), looks.into_iter());
            for pick in order.iter().take(end) {
                if waiting.is_empty() {
                    break;
                }
                let pick = pick.index(waiting.len());
                let (at, may_settle) = waiting[pick];
                if !may_settle {
                    // It comes back first, and is settled some time after.
                    queue.push_back(at);
                    waiting[pick] = (at, true);
                    continue;
                }
                waiting.swap_remove(pick);
                let (one, outcome) = settled(at, Word::Kept, queue.pop_front());
                entered.push(one);
                told.push((at, outcome));
                if looks.next().unwrap_or_default() {
                    ledger.enter(std::mem::take(&mut entered));
                }
            }
            let is_cut = !waiting.is_empty();
            for (at, _) in waiting {
                let (one, outcome) = settled(at, Word::Failed(PublishError::Lost("closed".to_owned())), None);
                entered.push(one);
                told.push((at, outcome));
            }
            ledger.enter(entered);
            for (at, mut outcome) in told {
                match outcome.try_recv() {
                    Ok(Ok(())) => prop_assert!(routed[at], "{at} came back"),
                    Ok(Err(PublishError::Returned { .. })) => prop_assert!(!routed[at], "{at} was kept"),
                    Ok(Err(PublishError::Lost(_))) => prop_assert!(is_cut, "{at} is known"),
                    other => prop_assert!(false, "{at}: {other:?}"),
                }
            }
            prop_assert!(ledger.held.is_empty() && (is_cut || ledger.unclaimed.is_empty()));
        }
    }
}
