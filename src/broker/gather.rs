//! Which messages share a parcel.
//!
//! There is no pause for gathering: a message goes by itself while nothing of its lane is under way. What comes meanwhile gathers, and goes
//! together once that is settled, or as soon as its parcel is full. So parcels are the fuller the busier a lane is, a quiet one has
//! none, and nobody waits for more than what the broker takes over the one before.

use super::parcel::Parcel;
use super::{Message, PublishError};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;
use uuid::Uuid;

/// Full parcels of a lane under way at once.
const UNDER_WAY: usize = 4;
/// The header by which `topology/node.toml` sorts messages: a parcel carries it for all that is in it.
pub const SORTED_BY: &str = "sesame-size";

/// What is published to the same exchange with the same key, and is sorted alike there.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Lane {
    exchange: String,
    routing_key: String,
    sort: Option<String>,
}

/// The lanes that have something under way.
#[derive(Default)]
pub(super) struct Lanes(Mutex<HashMap<Lane, Traffic>>);

#[derive(Default)]
struct Traffic {
    under_way: usize,
    gathered: VecDeque<Gathered>,
}

/// A parcel, and who waits for what becomes of it.
pub(super) struct Gathered {
    first: Uuid,
    parcel: Parcel,
    waiting: Vec<oneshot::Sender<Result<(), PublishError>>>,
}

/// When a message goes.
pub(super) enum Turn {
    /// Now, by itself. [`Lanes::leave`] is to be told when it is settled.
    Now(Lane),
    /// In a parcel, by somebody else. One that is full by now is to be published at once.
    Later(oneshot::Receiver<Result<(), PublishError>>, Option<(Lane, Gathered)>),
}

impl Lanes {
    /// A message is to be published.
    pub(super) fn enter(&self, message: &Message) -> Turn {
        let lane = Lane::of(message);
        let mut lanes = self.lock();
        let traffic = lanes.entry(lane.clone()).or_default();
        if traffic.under_way == 0 {
            traffic.under_way = 1;
            return Turn::Now(lane);
        }
        let mut full = None;
        if traffic.gathered.back().is_none_or(|last| !last.parcel.has_room(message)) {
            if traffic.under_way < UNDER_WAY {
                full = traffic.gathered.pop_front().map(|gathered| (lane, gathered));
                traffic.under_way += usize::from(full.is_some());
            }
            let (parcel, waiting) = (Parcel::default(), Vec::new());
            traffic.gathered.push_back(Gathered { first: message.id, parcel, waiting });
        }
        let (sender, receiver) = oneshot::channel();
        if let Some(last) = traffic.gathered.back_mut() {
            last.parcel.put(message);
            last.waiting.push(sender);
        }
        Turn::Later(receiver, full)
    }

    /// One of a lane is settled. The parcel that goes in its place, if something has gathered.
    pub(super) fn leave(&self, lane: &Lane) -> Option<Gathered> {
        let mut lanes = self.lock();
        let traffic = lanes.get_mut(lane)?;
        let next = traffic.gathered.pop_front();
        if next.is_none() {
            traffic.under_way -= 1;
            if traffic.under_way == 0 {
                lanes.remove(lane);
            }
        }
        next
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Lane, Traffic>> {
        // Plain data, whole even if a holder panicked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lane {
    fn of(message: &Message) -> Self {
        Self {
            exchange: message.exchange.clone(),
            routing_key: message.routing_key.clone(),
            sort: message.headers.get(SORTED_BY).cloned(),
        }
    }
}

impl Gathered {
    /// The message that carries the parcel on a lane, and who waits for what becomes of it.
    pub(super) fn into_message(self, lane: &Lane) -> (Message, Vec<oneshot::Sender<Result<(), PublishError>>>) {
        let sorted = lane.sort.iter().map(|sort| (SORTED_BY.to_owned(), sort.clone()));
        let message = Message {
            exchange: lane.exchange.clone(),
            routing_key: lane.routing_key.clone(),
            id: self.first,
            headers: sorted.collect::<BTreeMap<_, _>>(),
            body: self.parcel.into_body(),
        };
        (message, self.waiting)
    }
}

#[cfg(test)]
mod tests {
    use super::super::parcel;
    use super::*;

    fn message(number: u128, key: &str, size: &str, bytes: usize) -> Message {
        Message {
            exchange: "county".to_owned(),
            routing_key: key.to_owned(),
            id: Uuid::from_u128(number),
            headers: BTreeMap::from([(SORTED_BY.to_owned(), size.to_owned())]),
            body: vec![b'x'; bytes].into(),
        }
    }

    fn now(lanes: &Lanes, message: &Message) -> Option<Lane> {
        match lanes.enter(message) {
            Turn::Now(lane) => Some(lane),
            Turn::Later(..) => None,
        }
    }

    #[test]
    fn one_goes_by_itself_and_what_comes_meanwhile_goes_together() {
        let lanes = Lanes::default();
        let of = |number| message(number, "37.02.03.007.01", "small", 100);
        let lane = now(&lanes, &of(1)).expect("by itself");
        let waiting: Vec<_> = (10..15).map(|n| lanes.enter(&of(n))).collect();
        assert!(waiting.iter().all(|turn| matches!(turn, Turn::Later(_, None))));
        let (parcel, told) = lanes.leave(&lane).expect("something has gathered").into_message(&lane);
        assert_eq!((parcel.id, told.len(), parcel.headers[SORTED_BY].as_str()), (Uuid::from_u128(10), 5, "small"));
        let ids = parcel::open(parcel.body).expect("a parcel").into_iter().map(|part| part.id.as_u128());
        assert_eq!(ids.collect::<Vec<_>>(), (10..15).collect::<Vec<_>>());
        assert!(lanes.leave(&lane).is_none() && lanes.lock().is_empty(), "a quiet lane takes no memory");
        assert!(now(&lanes, &of(20)).is_some());
    }

    #[test]
    fn what_goes_elsewhere_or_is_sorted_otherwise_shares_nothing() {
        let lanes = Lanes::default();
        let [one, other, bulk] = [
            message(0, "37.02.03.007.01", "small", 1),
            message(0, "37.02.03.007.02", "small", 1),
            message(0, "37.02.03.007.01", "bulk", 1),
        ];
        assert!([&one, &other, &bulk].iter().all(|each| now(&lanes, each).is_some()));
        let _waiting = [lanes.enter(&one), lanes.enter(&other), lanes.enter(&bulk)];
        assert_eq!(lanes.leave(&Lane::of(&one)).expect("gathered").waiting.len(), 1);
    }

    #[test]
    fn invariant_8_a_full_parcel_goes_at_once_as_long_as_few_are_under_way() {
        const EACH: usize = parcel::MOST_BYTES / parcel::LARGEST_BODY - 1;
        let lanes = Lanes::default();
        let of = |number: usize| message(number as u128, "37.02.03.007.01", "small", parcel::LARGEST_BODY);
        let lane = now(&lanes, &of(0)).expect("by itself");
        let mut waiting = Vec::new();
        let mut parcels: Vec<Gathered> = (0..8 * EACH)
            .filter_map(|number| match lanes.enter(&of(number)) {
                Turn::Later(settled, full) => {
                    waiting.push(settled);
                    full.map(|(_, gathered)| gathered)
                }
                Turn::Now(_) => panic!("something is under way"),
            })
            .collect();
        assert_eq!(parcels.len(), UNDER_WAY - 1, "beside the one that went by itself");
        parcels.extend(std::iter::from_fn(|| lanes.leave(&lane)));
        assert_eq!(parcels.iter().map(|gathered| gathered.waiting.len()).collect::<Vec<_>>(), [EACH; 8]);
        assert!(parcels.into_iter().all(|g| g.into_message(&lane).0.body.len() <= parcel::MOST_BYTES));
    }
}
