//! Memory lent to requests: reserved before a body's first byte is read, given back when the last copy of it is gone.

use crate::metrics::BUDGET_USED;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};

/// The bytes that all requests being worked on may hold together, lent first come first served.
///
/// Large shares come from a half of their own: one slow sender of the longest body there may be must not keep everybody else
/// waiting.
#[derive(Clone)]
pub struct Budget {
    small: Pool,
    large: Pool,
    patience: Duration,
}

#[derive(Clone)]
struct Pool {
    blocks: Arc<Semaphore>,
    total: usize,
}

/// A share of the budget. Dropping it gives it back.
#[derive(Debug)]
pub struct Share {
    permit: OwnedSemaphorePermit,
}

/// No share became free in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoShare;

/// The unit of lending: a semaphore counts 32 bits, which in bytes would cap the budget.
const BLOCK: usize = 1024;
/// Shares above this part of the small half are large.
const LARGE_PART: usize = 4;

impl Pool {
    fn new(bytes: usize) -> Self {
        let total = bytes.div_ceil(BLOCK).max(1);
        Self { blocks: Arc::new(Semaphore::new(total)), total }
    }

    /// Blocks of `bytes`; more than the whole pool is lent as the whole pool.
    fn blocks_of(&self, bytes: usize) -> u32 {
        let blocks = bytes.div_ceil(BLOCK).clamp(1, self.total);
        // `total` blocks fit 32 bits for any budget below 4 TiB.
        u32::try_from(blocks).unwrap_or(u32::MAX)
    }
}

impl Budget {
    /// A budget of `bytes`; a request waits at most `patience` for its share.
    pub fn new(bytes: usize, patience: Duration) -> Self {
        Self { small: Pool::new(bytes / 2), large: Pool::new(bytes / 2), patience }
    }

    /// Borrows `bytes`, as long as `hopeful` says that waiting may help; it is asked every now and then.
    ///
    /// The semaphore is fair: a large request is not starved by small ones that come later.
    pub async fn borrow(&self, bytes: usize, hopeful: impl Fn() -> bool) -> Result<Share, NoShare> {
        let pool = if bytes / BLOCK > self.small.total / LARGE_PART { &self.large } else { &self.small };
        let wanted = pool.blocks_of(bytes);
        let mut acquiring = std::pin::pin!(pool.blocks.clone().acquire_many_owned(wanted));
        let deadline = Instant::now() + self.patience;
        loop {
            if let Ok(acquired) = timeout(LOOK.min(self.patience), acquiring.as_mut()).await {
                // The semaphore is never closed, so this is always a permit.
                return acquired.map_err(|_| NoShare).map(Share::of);
            }
            if !hopeful() || Instant::now() >= deadline {
                return Err(NoShare);
            }
        }
    }
}

/// Between two looks at whether waiting may help.
const LOOK: Duration = Duration::from_millis(250);

impl Share {
    fn of(permit: OwnedSemaphorePermit) -> Self {
        metrics::gauge!(BUDGET_USED).increment((permit.num_permits() * BLOCK) as f64);
        Self { permit }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        metrics::gauge!(BUDGET_USED).decrement((self.permit.num_permits() * BLOCK) as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_millis(5);

    async fn borrow(budget: &Budget, blocks: usize) -> Result<Share, NoShare> {
        budget.borrow(blocks * BLOCK, || true).await
    }

    #[tokio::test]
    async fn a_share_is_lent_once_and_given_back() {
        let budget = Budget::new(80 * BLOCK, PATIENCE);
        let shares = [borrow(&budget, 10).await.unwrap(), borrow(&budget, 10).await.unwrap()];
        let third = borrow(&budget, 10).await.unwrap();
        assert!(borrow(&budget, 10).await.is_ok());
        let _fourth = borrow(&budget, 10).await.unwrap();
        assert!(borrow(&budget, 1).await.is_err());
        drop((shares, third));
        assert!(borrow(&budget, 10).await.is_ok());
    }

    #[tokio::test]
    async fn large_shares_keep_nobody_but_large_ones_waiting() {
        let budget = Budget::new(80 * BLOCK, PATIENCE);
        let all = budget.borrow(usize::MAX, || true).await.unwrap();
        assert!(borrow(&budget, 11).await.is_err());
        assert!(borrow(&budget, 10).await.is_ok());
        drop(all);
        assert!(borrow(&budget, 11).await.is_ok());
    }

    #[tokio::test]
    async fn nobody_waits_where_waiting_cannot_help() {
        let budget = Budget::new(8 * BLOCK, Duration::from_secs(60));
        let _all = budget.borrow(usize::MAX, || true).await.unwrap();
        let started = Instant::now();
        assert!(budget.borrow(usize::MAX, || false).await.is_err());
        assert!(started.elapsed() < Duration::from_secs(30));
    }
}
