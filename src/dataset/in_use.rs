//! The dictionary a node works by, swapped as a whole when its files have changed.

use super::Dictionary;
use std::sync::{Arc, PoisonError, RwLock};

/// The dictionary in use. Clones show the same.
#[derive(Debug, Clone)]
pub struct InUse(Arc<RwLock<Arc<Dictionary>>>);

impl InUse {
    /// Starts with a dictionary.
    pub fn new(dictionary: Dictionary) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(dictionary))))
    }

    /// The dictionary as it is now. Whoever works on a batch keeps the one it began with.
    pub fn now(&self) -> Arc<Dictionary> {
        // Nothing is left half-done under this lock, so what a panic elsewhere left is whole.
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Works by another dictionary from now on.
    pub fn swap(&self, dictionary: Dictionary) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(dictionary);
    }
}
