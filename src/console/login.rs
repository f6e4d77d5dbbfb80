//! Sessions of the operator `admin`.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use subtle::ConstantTimeEq;
use uuid::Uuid;

/// Who has logged in, in this process.
pub(super) struct Sessions {
    password: Option<String>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    sessions: HashMap<Uuid, Instant>,
}

/// What came of an attempt to log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Login {
    Welcome(Uuid),
    Wrong,
    /// No password is set.
    Closed,
}

/// A session unused for this long ends.
const IDLE: Duration = Duration::from_secs(30 * 60);
/// More sessions than operators ever have; the oldest goes first.
const MOST: usize = 100;

impl Sessions {
    pub(super) fn new(password: Option<String>) -> Self {
        Self { password: password.filter(|password| !password.is_empty()), state: Mutex::default() }
    }

    pub(super) fn login(&self, user: &str, password: &str, now: Instant) -> Login {
        let Some(expected) = &self.password else { return Login::Closed };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let right: bool = expected.as_bytes().ct_eq(password.as_bytes()).into();
        if !right || user != "admin" {
            return Login::Wrong;
        }
        state.sessions.retain(|_, used| now.duration_since(*used) < IDLE);
        if state.sessions.len() >= MOST
            && let Some(oldest) = state.sessions.iter().min_by_key(|(_, used)| **used).map(|(id, _)| *id)
        {
            state.sessions.remove(&oldest);
        }
        let id = Uuid::new_v4();
        state.sessions.insert(id, now);
        Login::Welcome(id)
    }

    /// Whether the session lives; using it keeps it alive.
    pub(super) fn is_live(&self, id: Uuid, now: Instant) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match state.sessions.get_mut(&id) {
            Some(used) if now.duration_since(*used) < IDLE => {
                *used = now;
                true
            }
            _ => false,
        }
    }

    pub(super) fn logout(&self, id: Uuid) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).sessions.remove(&id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_password_opens_and_nobody_can_lock_the_operator_out() {
        let sessions = Sessions::new(Some("right".to_owned()));
        let start = Instant::now();
        assert_eq!(sessions.login("admin", "wrong", start), Login::Wrong);
        assert_eq!(sessions.login("root", "right", start), Login::Wrong);
        let Login::Welcome(id) = sessions.login("admin", "right", start) else { panic!("refused") };
        assert!(sessions.is_live(id, start));
        assert!(!sessions.is_live(Uuid::new_v4(), start));
        assert!(!sessions.is_live(id, start + IDLE));
    }

    #[test]
    fn logout_ends_a_session() {
        let sessions = Sessions::new(Some("right".to_owned()));
        let now = Instant::now();
        let Login::Welcome(id) = sessions.login("admin", "right", now) else { panic!("refused") };
        sessions.logout(id);
        assert!(!sessions.is_live(id, now));
    }

    #[test]
    fn without_a_password_the_console_stays_closed() {
        for password in [None, Some(String::new())] {
            assert_eq!(Sessions::new(password).login("admin", "", Instant::now()), Login::Closed);
        }
    }
}
