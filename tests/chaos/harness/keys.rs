//! The keys of the nodes: what each signs with, and what its parent takes for that.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// The keys of one node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    /// What it signs with.
    pub own: String,
    /// What its parent verifies with. The parent keeps no former ones.
    pub at_parent: String,
}

impl Keys {
    fn new() -> Self {
        let own = drawn();
        Self { at_parent: own.clone(), own }
    }

    /// The parent has another key now.
    pub fn disagree(&mut self) {
        self.at_parent = drawn();
    }

    /// The parent has the node's key again.
    pub fn mend(&mut self) {
        self.at_parent.clone_from(&self.own);
    }
}

/// The keys of all nodes at the moment.
pub struct Ring(Mutex<Vec<Keys>>);

impl Ring {
    /// Keys of so many nodes; every parent has the right ones.
    pub fn new(nodes: usize) -> Self {
        Self(Mutex::new((0..nodes).map(|_| Keys::new()).collect()))
    }

    /// Those of a node.
    pub fn of(&self, node: usize) -> Keys {
        self.lock()[node].clone()
    }

    /// Changes those of a node.
    pub fn change(&self, node: usize, change: impl FnOnce(&mut Keys)) {
        change(&mut self.lock()[node]);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Keys>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// 32 hexadecimal digits, as a key has.
fn drawn() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}
