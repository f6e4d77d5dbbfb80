//! The dictionary a node works by, swapped as a whole when its files have changed.

use super::Dictionary;
use std::sync::{Arc, PoisonError, RwLock};

/// The dictionary in use. Clones show the same.
#[derive(Debug, Clone)]
pub struct InUse(Arc<RwLock<Standing>>);

#[derive(Debug)]
struct Standing {
    dictionary: Arc<Dictionary>,
    /// Why the files as they are now are not used.
    refused: Option<String>,
}

impl InUse {
    /// Starts with a dictionary.
    pub fn new(dictionary: Dictionary) -> Self {
        Self(Arc::new(RwLock::new(Standing { dictionary: Arc::new(dictionary), refused: None })))
    }

    /// The dictionary as it is now. Whoever works on a batch keeps the one it began with.
    pub fn now(&self) -> Arc<Dictionary> {
        // Nothing is left half-done under this lock, so what a panic elsewhere left is whole.
        self.0.read().unwrap_or_else(PoisonError::into_inner).dictionary.clone()
    }

    /// Works by another dictionary from now on.
    pub fn swap(&self, dictionary: Dictionary) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) =
            Standing { dictionary: Arc::new(dictionary), refused: None };
    }

    /// Keeps the dictionary, since the files that have changed cannot be used.
    pub fn refuse(&self, reason: String) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).refused = Some(reason);
    }

    /// Why the files as they are now are not used; `None` where they are.
    pub fn refused(&self) -> Option<String> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).refused.clone()
    }
}
