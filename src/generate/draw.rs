//! Chance that repeats itself: a stream of draws for each thing of the world.

use crate::standard::region::Region;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// What is being made. Each has a stream of its own, so that a draw more in one changes nothing in another.
///
/// The numbers are part of every generated value: add new ones, never change one.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stream {
    World = 0,
    Permit = 1,
    Personnel = 2,
    Device = 3,
    Inspection = 4,
    Maintenance = 5,
    Boiler = 6,
    Supervision = 7,
    Penalty = 8,
    Credit = 9,
    Recall = 10,
    Accident = 11,
    Block = 20,
    Unit = 21,
    Change = 22,
    Flaw = 23,
}

/// A stream of draws, the same on every machine and in every version.
///
/// The generator is `ChaCha8`, whose output is defined; ranges are drawn here and not by `rand`, which reserves the
/// right to draw them otherwise in a later version.
pub(super) struct Draw(ChaCha8Rng);

impl Draw {
    /// The stream of one thing of one world.
    pub(super) fn new(seed: u64, region: Region, stream: Stream, index: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..12].copy_from_slice(&region.number().to_le_bytes());
        key[12..16].copy_from_slice(&(stream as u32).to_le_bytes());
        key[16..24].copy_from_slice(&index.to_le_bytes());
        Self(ChaCha8Rng::from_seed(key))
    }

    /// A number from 0 to `limit` - 1; 0 if `limit` is 0.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        // The high half of the product; its bias is under 2^-40 for every limit used here.
        ((u128::from(self.0.next_u64()) * u128::from(limit)) >> 64) as u64
    }

    /// A number from `least` to `most`, both included.
    pub(super) fn between(&mut self, least: i64, most: i64) -> i64 {
        least + self.below((most - least + 1).max(1) as u64) as i64
    }

    /// Whether something that happens in so many of a hundred cases happens.
    pub(super) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of several. There must be one.
    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len() as u64) as usize]
    }

    /// Digits, leading zeros included.
    pub(super) fn digits(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(b'0' + self.below(10) as u8)).collect()
    }

    /// A decimal number from `least` to `most`, given in units of the last place.
    pub(super) fn decimal(&mut self, least: i64, most: i64, places: usize) -> String {
        decimal(self.between(least, most), places)
    }
}

/// A number given in units of its last place, as text: `decimal(1250, 2)` is `12.50`.
pub(super) fn decimal(units: i64, places: usize) -> String {
    let scale = 10_i64.pow(places as u32);
    let sign = if units < 0 { "-" } else { "" };
    let units = units.abs();
    format!("{sign}{}.{:0places$}", units / scale, units % scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(index: u64) -> Draw {
        Draw::new(7, Region::parse("370203").unwrap(), Stream::Device, index)
    }

    #[test]
    fn the_stream_is_pinned_for_ever() {
        // A change here changes every demo and every benchmark's data.
        assert_eq!((draw(0).below(1 << 32), draw(1).below(1 << 32)), (1_373_306_118, 3_154_821_756));
        assert_eq!(draw(0).digits(20), draw(0).digits(20));
    }

    #[test]
    fn draws_stay_in_their_range() {
        let mut draw = draw(0);
        for _ in 0..1000 {
            assert!((3..=5).contains(&draw.between(3, 5)));
            assert!(draw.below(2) < 2);
        }
        assert_eq!(draw.between(5, 5), 5);
        assert_eq!(draw.below(0), 0);
    }

    #[test]
    fn decimals_keep_their_places() {
        assert_eq!(decimal(1250, 2), "12.50");
        assert_eq!(decimal(5, 3), "0.005");
        assert_eq!(decimal(-5, 1), "-0.5");
    }
}
