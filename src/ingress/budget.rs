//! Memory lent to requests: reserved before a body's first byte is read, given back when the last copy of it is gone.

use crate::metrics::BUDGET_USED;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The bytes that all requests being worked on may hold together, lent first come first served.
#[derive(Clone)]
pub struct Budget {
    blocks: Arc<Semaphore>,
    total: usize,
    patience: Duration,
}

/// A share of the budget. Dropping it gives it back.
pub struct Share {
    permit: OwnedSemaphorePermit,
}

/// No share became free in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoShare;

/// The unit of lending: a semaphore counts 32 bits, which in bytes would cap the budget.
const BLOCK: usize = 1024;

impl Budget {
    /// A budget of `bytes`; a request waits at most `patience` for its share.
    pub fn new(bytes: usize, patience: Duration) -> Self {
        let total = bytes.div_ceil(BLOCK).max(1);
        Self { blocks: Arc::new(Semaphore::new(total)), total, patience }
    }

    /// Borrows `bytes`. More than the whole budget is lent as the whole budget.
    ///
    /// The semaphore is fair: a large request is not starved by small ones that come later.
    pub async fn borrow(&self, bytes: usize) -> Result<Share, NoShare> {
        let wanted = self.blocks_of(bytes);
        let acquired = tokio::time::timeout(self.patience, self.blocks.clone().acquire_many_owned(wanted)).await;
        // The semaphore is never closed, so the inner result is always a permit.
        acquired.map_err(|_| NoShare)?.map_err(|_| NoShare).map(Share::of)
    }

    /// Borrows `bytes` if they are free at this moment: for when waiting would not help.
    pub fn borrow_now(&self, bytes: usize) -> Result<Share, NoShare> {
        let wanted = self.blocks_of(bytes);
        self.blocks.clone().try_acquire_many_owned(wanted).map_err(|_| NoShare).map(Share::of)
    }

    fn blocks_of(&self, bytes: usize) -> u32 {
        let blocks = bytes.div_ceil(BLOCK).clamp(1, self.total);
        // `total` blocks fit 32 bits for any budget below 4 TiB.
        u32::try_from(blocks).unwrap_or(u32::MAX)
    }
}

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

    #[tokio::test]
    async fn a_share_is_lent_once_and_given_back() {
        let budget = Budget::new(10 * BLOCK, Duration::from_millis(5));
        let share = budget.borrow(8 * BLOCK).await.unwrap();
        assert!(budget.borrow(3 * BLOCK).await.is_err());
        assert!(budget.borrow(2 * BLOCK).await.is_ok());
        drop(share);
        assert!(budget.borrow(10 * BLOCK).await.is_ok());
    }

    #[tokio::test]
    async fn more_than_the_whole_budget_is_lent_alone() {
        let budget = Budget::new(2 * BLOCK, Duration::from_millis(5));
        let share = budget.borrow(usize::MAX).await.unwrap();
        assert!(budget.borrow(1).await.is_err());
        drop(share);
        assert!(budget.borrow(1).await.is_ok());
    }
}
