//! What became of the messages of a channel.
//!
//! The client library keeps what came back in the order in which it came, and each message that it settles takes the first of that with it, whosever
//! it is. From this follows:
//!
//! - A message that is settled and carries nothing has not come back, or some message that was settled before it carries what came
//!   back of it: else there would have been something to carry.
//! - As long as what came back of a settled message has not been carried, something has been carried of a message that is not
//!   settled yet. For since there was nothing to carry last, each that was settled has carried one; so at least as many that came back are
//!   not settled yet as wait to be carried; and fewer of them than wait are among those.

use super::super::PublishError;
use lapin::types::ShortString;
use tokio::sync::oneshot;
use uuid::Uuid;

/// By this a message is known when it comes back. Two of one name that are under way at once go the same way, unless a binding
/// has changed between them.
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
}

impl Ledger {
    /// Enters what is settled. With a message all that was settled before it must have been entered.
    pub(super) fn enter(&mut self, settled: Vec<Settled>) {
        let is_over = settled.iter().any(|one| matches!(one.word, Word::Failed(_)));
        self.unclaimed.extend(settled.iter().filter_map(|one| one.returned.clone()));
        let mut open = Vec::new();
        for one in self.held.drain(..).chain(settled) {
            match self.unclaimed.iter().position(|(name, _)| *name == one.name) {
                Some(at) => {
                    let (name, reply) = self.unclaimed.swap_remove(at);
                    one.tell(|_| Err(PublishError::Returned { exchange: name.exchange.to_string(), reply }));
                }
                None => open.push(one),
            }
        }
        let is_certain = self.unclaimed.is_empty();
        for one in open {
            if is_certain || one.returned.is_none() {
                one.tell(Word::outcome);
            } else if is_over {
                // Nothing is carried any more.
                one.tell(|_| Err(PublishError::Lost("the channel was closed".to_owned())));
            } else {
                self.held.push(one);
            }
        }
    }
}

impl Settled {
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
        let mut ledger = Ledger::default();
        let (one, mut first) = settled(1, Word::Kept, Some(2));
        let (other, mut second) = settled(3, Word::Failed(PublishError::Lost("closed".to_owned())), None);
        ledger.enter(vec![one]);
        ledger.enter(vec![other]);
        for told in [&mut first, &mut second] {
            assert!(matches!(told.try_recv(), Ok(Err(PublishError::Lost(_)))));
        }
    }

    proptest! {
        /// The client library as it is: what comes back waits in a queue, and each that is settled takes the first of it along.
        #[test]
        fn invariant_1_whatever_the_order_each_is_told_the_truth_and_all_are(
            routed in vec(any::<bool>(), 1..14),
            order in vec(any::<prop::sample::Index>(), 28),
            looks in vec(any::<bool>(), 14),
        ) {
            let mut waiting: Vec<(usize, bool)> = (0..routed.len()).map(|at| (at, routed[at])).collect();
            let (mut queue, mut entered, mut ledger) = (VecDeque::new(), Vec::new(), Ledger::default());
            let (mut told, mut order, mut looks) = (Vec::new(), order.into_iter().cycle(), looks.into_iter().cycle());
            while !waiting.is_empty() {
                let pick = order.next().map_or(0, |index| index.index(waiting.len()));
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
            ledger.enter(entered);
            for (at, mut outcome) in told {
                match outcome.try_recv() {
                    Ok(Ok(())) => prop_assert!(routed[at], "{at} came back"),
                    Ok(Err(PublishError::Returned { .. })) => prop_assert!(!routed[at], "{at} was kept"),
                    other => prop_assert!(false, "{at}: {other:?}"),
                }
            }
            prop_assert!(ledger.held.is_empty() && ledger.unclaimed.is_empty());
        }
    }
}
