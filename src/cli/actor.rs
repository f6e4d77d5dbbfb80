//! In whose name a command acts.

use crate::apps::Actor;

/// Who runs this command, for the note of the act.
pub(super) fn actor() -> Actor {
    let uid = nix::unistd::getuid();
    let known = nix::unistd::User::from_uid(uid).ok().flatten().map(|user| user.name);
    let mut user = known.unwrap_or_else(|| format!("uid {uid}"));
    // Behind sudo everyone is root; who it was is said by sudo alone.
    if let Ok(before) = std::env::var("SUDO_USER") {
        user = format!("{user} (sudo by {before})");
    }
    let host = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    Actor { user, host: host.unwrap_or_else(|| "unknown".to_owned()) }
}
