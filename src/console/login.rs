//! Sessions of the operator `admin`, and what keeps its password from being guessed.

use std::collections::HashMap;
use std::net::IpAddr;
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
    /// Until when an address that gave a wrong password is not listened to.
    held: HashMap<IpAddr, Instant>,
}

/// What came of an attempt to log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Login {
    Welcome(Uuid),
    Wrong,
    /// Not looked at: the attempt before from there was wrong, a moment ago.
    Held,
    /// No password is set.
    Closed,
}

impl Login {
    /// The label of the metric.
    pub(super) fn result(self) -> &'static str {
        match self {
            Login::Welcome(_) => "welcome",
            Login::Wrong => "wrong",
            Login::Held => "held",
            Login::Closed => "closed",
        }
    }
}

/// A session unused for this long ends.
const IDLE: Duration = Duration::from_secs(30 * 60);
/// More sessions than operators ever have; the oldest goes first.
const MOST: usize = 100;
/// After a wrong password nothing is looked at from the same address for this long.
pub(super) const HOLD: Duration = Duration::from_secs(1);
/// More addresses than guess within [`HOLD`]; beyond them nobody is listened to for that moment.
const MOST_HELD: usize = 10_000;

impl Sessions {
    pub(super) fn new(password: Option<String>) -> Self {
        Self { password: password.filter(|password| !password.is_empty()), state: Mutex::default() }
    }

    /// Judges an attempt from an address.
    ///
    /// An answer that only came late would hold up no guesser, who need not wait for it: what answers at once was right. So an
    /// attempt is not looked at while its address is held, right or wrong, whatever has become of the connection before.
    /// Other addresses are answered at once: no guesser elsewhere keeps the operator waiting.
    pub(super) fn login(&self, from: IpAddr, user: &str, password: &str, now: Instant) -> Login {
        let Some(expected) = &self.password else { return Login::Closed };
        let (from, mut state) = (network(from), self.state.lock().unwrap_or_else(PoisonError::into_inner));
        state.held.retain(|_, until| *until > now);
        if state.held.contains_key(&from) || state.held.len() >= MOST_HELD {
            return Login::Held;
        }
        let right: bool = expected.as_bytes().ct_eq(password.as_bytes()).into();
        if !right || user != "admin" {
            state.held.insert(from, now + HOLD);
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

/// Whom an address stands for: of IPv6 a whole /64, which one machine has at its command.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() >> 64 << 64).into()),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
    const THERE: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2));

    #[test]
    fn only_the_password_opens_and_nobody_can_lock_the_operator_out() {
        let sessions = Sessions::new(Some("right".to_owned()));
        let start = Instant::now();
        assert_eq!(sessions.login(HERE, "admin", "wrong", start), Login::Wrong);
        assert_eq!(sessions.login(THERE, "root", "right", start), Login::Wrong);
        let Login::Welcome(id) = sessions.login(HERE, "admin", "right", start + HOLD) else { panic!("refused") };
        assert!(sessions.is_live(id, start));
        assert!(!sessions.is_live(Uuid::new_v4(), start));
        assert!(!sessions.is_live(id, start + HOLD + IDLE));
    }

    #[test]
    fn an_address_has_one_guess_at_a_time_and_others_are_not_kept_waiting() {
        let sessions = Sessions::new(Some("right".to_owned()));
        let start = Instant::now();
        assert_eq!(sessions.login(HERE, "admin", "a", start), Login::Wrong);
        // Neither a wrong nor the right password can be told from the other.
        for password in ["b", "right"] {
            assert_eq!(sessions.login(HERE, "admin", password, start + HOLD / 2), Login::Held);
        }
        assert!(matches!(sessions.login(THERE, "admin", "right", start), Login::Welcome(_)));
        // What was not looked at prolongs nothing.
        assert!(matches!(sessions.login(HERE, "admin", "right", start + HOLD), Login::Welcome(_)));
        let [one, same, other] =
            ["2001:db8::1", "2001:db8::ffff:2", "2001:db8:0:1::1"].map(|text| text.parse().unwrap());
        assert_eq!(sessions.login(one, "admin", "a", start), Login::Wrong);
        assert_eq!(sessions.login(same, "admin", "a", start), Login::Held);
        assert_eq!(sessions.login(other, "admin", "a", start), Login::Wrong);
    }

    #[test]
    fn logout_ends_a_session() {
        let sessions = Sessions::new(Some("right".to_owned()));
        let now = Instant::now();
        let Login::Welcome(id) = sessions.login(HERE, "admin", "right", now) else { panic!("refused") };
        sessions.logout(id);
        assert!(!sessions.is_live(id, now));
    }

    #[test]
    fn without_a_password_the_console_stays_closed() {
        for password in [None, Some(String::new())] {
            assert_eq!(Sessions::new(password).login(HERE, "admin", "", Instant::now()), Login::Closed);
        }
    }
}
