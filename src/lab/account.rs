//! Who PostgreSQL runs as: it refuses root, so root hands it to the user `postgres`.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::unistd::{Uid, User};

use super::error::LabError;

/// The user a database server runs as.
#[derive(Debug, Clone)]
pub(super) enum Account {
    /// This process's own user.
    Own,
    /// Another user, since we are root.
    Other(Box<User>),
}

impl Account {
    /// The user for PostgreSQL.
    pub fn for_postgres() -> Result<Self, LabError> {
        if !Uid::effective().is_root() {
            return Ok(Account::Own);
        }
        // An error of the user database reads like an absent user; the remedy is the same.
        let user = User::from_name("postgres").ok().flatten().ok_or(LabError::NoPostgresUser)?;
        Ok(Account::Other(Box::new(user)))
    }

    /// Makes a command run as this user. Setting the ids in the child, unlike `runuser`, adds no process in between,
    /// so the child's id is the server's.
    pub fn apply<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        match self {
            Account::Own => command,
            Account::Other(user) => command.uid(user.uid.as_raw()).gid(user.gid.as_raw()),
        }
    }

    /// A directory for this user's files: `wanted`, or one under /var/tmp if the user cannot reach that.
    pub fn reachable(&self, wanted: PathBuf) -> Result<PathBuf, LabError> {
        let Account::Other(user) = self else {
            fs::create_dir_all(&wanted).map_err(LabError::io("create", &wanted))?;
            return Ok(wanted);
        };
        self.give(&wanted, user)?;
        let mut test = Command::new("/bin/sh");
        test.args(["-c", r#"test -x "$1""#, "test"]).arg(&wanted).current_dir("/").stderr(Stdio::null());
        if self.apply(&mut test).status().is_ok_and(|status| status.success()) {
            return Ok(wanted);
        }
        let other = Path::new("/var/tmp").join(format!("sesame-lab-{:016x}", fingerprint(&wanted)));
        tracing::warn!(
            "user {} cannot reach {}; the database is kept in {} instead (`chmod a+x` the directories above to change that)",
            user.name,
            wanted.display(),
            other.display()
        );
        self.give(&other, user)?;
        Ok(other)
    }

    /// Hands a file to this user.
    pub fn own(&self, file: &Path) -> Result<(), LabError> {
        match self {
            Account::Own => Ok(()),
            Account::Other(user) => {
                chown(file, Some(user.uid.as_raw()), Some(user.gid.as_raw())).map_err(LabError::io("hand over", file))
            }
        }
    }

    /// Makes a directory that only `user` can enter, unless it is there already.
    fn give(&self, dir: &Path, user: &User) -> Result<(), LabError> {
        if fs::symlink_metadata(dir).is_err() {
            fs::create_dir(dir).map_err(LabError::io("create", dir))?;
        }
        // Anyone can make a file in /var/tmp: a link or someone else's directory must not be taken for ours.
        let there = fs::symlink_metadata(dir).map_err(LabError::io("look at", dir))?;
        let ours = [0, user.uid.as_raw()].contains(&there.uid());
        if !there.is_dir() || !ours {
            return Err(LabError::ForeignDirectory { dir: dir.to_owned(), user: user.name.clone() });
        }
        fs::set_permissions(dir, fs::Permissions::from_mode(0o700)).map_err(LabError::io("protect", dir))?;
        self.own(dir)
    }
}

/// Tells the directories of two clones apart. It need not be the same in another build: a new directory is made then.
fn fingerprint(path: &Path) -> u64 {
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    hasher.finish()
}
