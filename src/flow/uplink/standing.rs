//! Whether the link works, and why not.

use crate::metrics;
use std::sync::{Arc, Mutex, PoisonError};

/// How the link to the parent is. Clones share it.
#[derive(Clone, Default)]
pub struct Standing {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
enum State {
    #[default]
    Unknown,
    Up,
    Down(String),
}

impl Standing {
    /// It works.
    pub(super) fn up(&self) {
        ::metrics::gauge!(metrics::UPLINK_UP).set(1.0);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*state, State::Down(_)) {
            tracing::info!("the link to the parent works again");
        }
        *state = State::Up;
    }

    /// It does not, for this reason.
    pub(super) fn down(&self, reason: &str) {
        ::metrics::gauge!(metrics::UPLINK_UP).set(0.0);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !matches!(&*state, State::Down(known) if known == reason) {
            tracing::warn!(reason, "the link to the parent does not work; batches wait, and nothing fails");
            *state = State::Down(reason.to_owned());
        }
    }

    /// Whether it is known to work; in words for people.
    pub fn look(&self) -> Result<&'static str, String> {
        match &*self.state.lock().unwrap_or_else(PoisonError::into_inner) {
            State::Unknown => Ok("not used yet"),
            State::Up => Ok("works"),
            State::Down(reason) => Err(reason.clone()),
        }
    }
}
