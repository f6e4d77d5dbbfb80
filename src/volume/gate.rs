//! What one party, or all together, may exchange: more is refused, never kept waiting, so that no one is slowed by another.

use super::rate::Rate;
use crate::standard::volume::Volume;
use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The state of one party's limits.
pub struct Gate {
    volume: Volume,
    exchanges: Option<Rate>,
    bytes: Option<Rate>,
    places: Option<Arc<Semaphore>>,
}

/// Leave to be worked on. Dropping it frees the place.
#[derive(Debug)]
pub struct Pass {
    _place: Option<OwnedSemaphorePermit>,
}

/// A limit that applies from exchange to exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Exchanges a second.
    Exchanges,
    /// Bytes a second.
    Bytes,
    /// Exchanges at once.
    Concurrent,
}

impl Kind {
    /// The limit's name as a label.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Exchanges => "exchanges_per_second",
            Kind::Bytes => "bytes_per_second",
            Kind::Concurrent => "max_concurrent",
        }
    }
}

/// More than agreed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Excess {
    /// Of what.
    pub kind: Kind,
    /// What was agreed.
    pub limit: NonZeroU32,
    /// After what time it would pass, if nothing else comes.
    pub wait: Duration,
}

/// A place is free when some exchange is answered; when, nobody knows.
const FOR_A_PLACE: Duration = Duration::from_secs(1);

impl Gate {
    /// A gate for what was agreed. An exchange as long as `longest_body` always fits into an unused allowance of bytes.
    pub fn new(volume: &Volume, longest_body: usize) -> Self {
        let longest = u32::try_from(longest_body).unwrap_or(u32::MAX);
        let longest = volume.max_body_bytes.map_or(longest, |own| own.get().min(longest));
        Self {
            volume: *volume,
            exchanges: volume.exchanges_per_second.map(|n| Rate::of_things(n, volume.exchanges_burst.unwrap_or(n))),
            bytes: volume.bytes_per_second.map(|n| Rate::of_bytes(n, n.get().max(longest))),
            places: volume.max_concurrent.map(|n| Arc::new(Semaphore::new(n.get() as usize))),
        }
    }

    /// What was agreed.
    pub fn volume(&self) -> &Volume {
        &self.volume
    }

    /// Lets an exchange in, or says what is exceeded. `bytes` is the length of its body.
    ///
    /// One refused for its bytes counts as an exchange: what a rate has given cannot be put back. The other order would cost
    /// more, since bytes take longer to come back than an exchange.
    pub fn pass(&self, bytes: usize) -> Result<Pass, Excess> {
        let place = match (&self.places, self.volume.max_concurrent) {
            (Some(places), Some(limit)) => match places.clone().try_acquire_owned() {
                Ok(place) => Some(place),
                Err(_) => return Err(Excess { kind: Kind::Concurrent, limit, wait: FOR_A_PLACE }),
            },
            _ => None,
        };
        if let (Some(rate), Some(limit)) = (&self.exchanges, self.volume.exchanges_per_second) {
            rate.take().map_err(|wait| Excess { kind: Kind::Exchanges, limit, wait })?;
        }
        if let (Some(rate), Some(limit)) = (&self.bytes, self.volume.bytes_per_second) {
            rate.take_bytes(bytes).map_err(|wait| Excess { kind: Kind::Bytes, limit, wait })?;
        }
        Ok(Pass { _place: place })
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").field("volume", &self.volume).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(set: impl FnOnce(&mut Volume)) -> Gate {
        let mut volume = Volume::default();
        set(&mut volume);
        Gate::new(&volume, 4096)
    }

    #[test]
    fn clause_7_3_without_agreement_everything_passes() {
        let gate = gate(|_| {});
        assert!((0..10_000).all(|_| gate.pass(usize::MAX).is_ok()));
    }

    #[test]
    fn clause_7_3_each_kind_is_told() {
        let exceeded = |gate: &Gate| gate.pass(4096).unwrap_err();
        let frequent = gate(|v| {
            v.exchanges_per_second = NonZeroU32::new(1);
            v.exchanges_burst = NonZeroU32::new(2);
        });
        assert!(frequent.pass(0).is_ok() && frequent.pass(0).is_ok());
        let Excess { kind, limit, wait } = exceeded(&frequent);
        assert_eq!((kind, limit.get()), (Kind::Exchanges, 1));
        assert!(wait <= Duration::from_secs(1), "{wait:?}");

        let large = gate(|v| v.bytes_per_second = NonZeroU32::new(1024));
        assert!(large.pass(4096).is_ok(), "the longest exchange fits an unused allowance");
        let Excess { kind, wait, .. } = exceeded(&large);
        assert!(kind == Kind::Bytes && wait > Duration::from_secs(3) && wait <= Duration::from_secs(4), "{wait:?}");

        let both = gate(|v| {
            v.exchanges_per_second = NonZeroU32::new(1);
            v.exchanges_burst = NonZeroU32::new(2);
            v.bytes_per_second = NonZeroU32::new(1024);
        });
        assert!(both.pass(4096).is_ok());
        assert_eq!(
            [exceeded(&both).kind, exceeded(&both).kind],
            [Kind::Bytes, Kind::Exchanges],
            "the second was counted"
        );

        let narrow = gate(|v| v.max_concurrent = NonZeroU32::new(1));
        let pass = narrow.pass(0).unwrap();
        assert_eq!(exceeded(&narrow).kind, Kind::Concurrent);
        drop(pass);
        assert!(narrow.pass(0).is_ok());
    }
}
