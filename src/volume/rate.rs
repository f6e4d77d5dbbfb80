//! Averages with a burst, by the generic cell rate algorithm.

use governor::clock::Clock;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use std::num::NonZeroU32;
use std::time::Duration;

/// Something a second, on the average.
pub(super) struct Rate {
    limiter: DefaultDirectRateLimiter,
    burst: NonZeroU32,
}

/// Bytes are counted by this many, so that the time of one is long enough to be exact.
const UNIT: u64 = 1024;
const NANOS: u64 = 1_000_000_000;

impl Rate {
    /// Things a second, `burst` of them at once.
    pub(super) fn of_things(per_second: NonZeroU32, burst: NonZeroU32) -> Self {
        Self::new(NANOS / u64::from(per_second.get()), burst)
    }

    /// Bytes a second, `burst` of them at once.
    pub(super) fn of_bytes(per_second: NonZeroU32, burst: u32) -> Self {
        Self::new(UNIT * NANOS / u64::from(per_second.get()), units(u64::from(burst)))
    }

    fn new(nanos: u64, burst: NonZeroU32) -> Self {
        // Only a period of nothing makes no quota; more than a thing a nanosecond is no limit anyone means.
        let quota = Quota::with_period(Duration::from_nanos(nanos.max(1)));
        let quota = quota.unwrap_or(Quota::per_second(burst)).allow_burst(burst);
        Self { limiter: RateLimiter::direct(quota), burst }
    }

    /// Takes one, or tells how long to wait for it.
    pub(super) fn take(&self) -> Result<(), Duration> {
        self.take_n(NonZeroU32::MIN)
    }

    /// Takes bytes, or tells how long to wait for them. More than a burst counts as a burst.
    pub(super) fn take_bytes(&self, bytes: usize) -> Result<(), Duration> {
        self.take_n(units(bytes as u64).min(self.burst))
    }

    fn take_n(&self, n: NonZeroU32) -> Result<(), Duration> {
        match self.limiter.check_n(n) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(early)) => Err(early.wait_time_from(self.limiter.clock().now())),
            // More than a burst, which callers do not ask for, never fits.
            Err(_) => Err(Duration::MAX),
        }
    }

    /// Waits for one.
    pub(super) async fn wait(&self) {
        self.limiter.until_ready().await;
    }

    /// Waits for bytes, burst by burst.
    pub(super) async fn wait_bytes(&self, bytes: usize) {
        let mut left = units(bytes as u64).get();
        while let Some(part) = NonZeroU32::new(left.min(self.burst.get())) {
            // A part is no more than a burst, so it always fits.
            let _ = self.limiter.until_n_ready(part).await;
            left -= part.get();
        }
    }
}

fn units(bytes: u64) -> NonZeroU32 {
    u32::try_from(bytes.div_ceil(UNIT)).ok().and_then(NonZeroU32::new).unwrap_or(match bytes {
        0 => NonZeroU32::MIN,
        _ => NonZeroU32::MAX,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(number: u32) -> NonZeroU32 {
        NonZeroU32::new(number).unwrap()
    }

    #[test]
    fn a_burst_passes_and_then_one_at_a_time() {
        let rate = Rate::of_things(some(1), some(3));
        assert!((0..3).all(|_| rate.take().is_ok()));
        let wait = rate.take().unwrap_err();
        assert!(wait > Duration::from_millis(500) && wait <= Duration::from_secs(1), "{wait:?}");
        assert!(rate.take().is_err(), "what was refused took nothing, and still does not pass");
    }

    #[test]
    fn bytes_of_any_rate_are_exact() {
        for per_second in [1, 1_000, 1_000_000, 1_000_000_000, u32::MAX] {
            let rate = Rate::of_bytes(some(per_second), 32 << 20);
            rate.take_bytes(32 << 20).unwrap();
            let Err(wait) = rate.take_bytes(1 << 20) else { panic!("{per_second}: the burst was not used up") };
            let expected = f64::from(1 << 20) / f64::from(per_second);
            assert!((wait.as_secs_f64() / expected - 1.0).abs() < 0.2, "{per_second}: {wait:?}, expected {expected} s");
        }
        assert!(Rate::of_bytes(some(5), 10).take_bytes(usize::MAX).is_ok(), "more than a burst counts as one");
    }

    #[tokio::test]
    async fn waiting_keeps_the_average_beyond_a_burst() {
        let rate = Rate::of_bytes(some(1 << 20), 100 << 10);
        let started = std::time::Instant::now();
        rate.wait_bytes(300 << 10).await;
        // The first 100 KiB at once, the other 200 at 1 MiB a second.
        assert!(started.elapsed() >= Duration::from_millis(190), "{:?}", started.elapsed());
    }
}
