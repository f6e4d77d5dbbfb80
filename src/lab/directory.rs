//! A server's directory: one owner at a time, and a note of which process runs there.

use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::fcntl::{Flock, FlockArg};

use super::error::LabError;
use super::process;

/// The file that is locked; it holds the owner's process id, for people.
pub(super) const LOCK_FILE: &str = "lock";

/// How long a process left over from an earlier run may take to vanish after kill -9.
const VANISH: Duration = Duration::from_secs(10);

/// A directory this process alone may run a server in, until it is dropped.
#[derive(Debug)]
pub(super) struct ServerDirectory {
    path: PathBuf,
    /// Held for its lock, which the kernel drops with the process; servers do not inherit it.
    _lock: Flock<File>,
}

impl ServerDirectory {
    /// Makes the directory if need be, locks it, and ends a server that an earlier owner could not end.
    pub fn claim(path: &Path) -> Result<Self, LabError> {
        fs::create_dir_all(path).map_err(LabError::io("create", path))?;
        let path = path.canonicalize().map_err(LabError::io("find", path))?;
        let lock = lock(&path)?;
        let directory = Self { path, _lock: lock };
        directory.end_leftover()?;
        Ok(directory)
    }

    /// The absolute path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A directory in this one, made if need be.
    pub fn subdirectory(&self, name: &str) -> Result<PathBuf, LabError> {
        let path = self.path.join(name);
        fs::create_dir_all(&path).map_err(LabError::io("create", &path))?;
        Ok(path)
    }

    /// Notes the process, for the next owner.
    pub fn note(&self, pid: i32) -> Result<(), LabError> {
        let identity = process::identity(pid).unwrap_or_default();
        fs::write(self.note_path(), format!("{pid} {identity}")).map_err(LabError::io("write", &self.note_path()))
    }

    fn note_path(&self) -> PathBuf {
        self.path.join("server.process")
    }

    fn end_leftover(&self) -> Result<(), LabError> {
        let Some((pid, identity)) = fs::read_to_string(self.note_path()).ok().and_then(|note| parse_note(&note)) else {
            return Ok(());
        };
        let runs = || process::identity(pid).as_deref() == Some(&identity);
        if runs() {
            tracing::warn!(pid, dir = %self.path.display(), "ending a server left over from an earlier run");
            process::kill_family(pid);
        }
        let deadline = Instant::now() + VANISH;
        while runs() {
            if Instant::now() > deadline {
                return Err(LabError::Undying { pid, dir: self.path.clone() });
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

fn parse_note(note: &str) -> Option<(i32, String)> {
    let (pid, identity) = note.split_once(' ')?;
    let pid = pid.parse().ok().filter(|pid| *pid > 1)?;
    (!identity.is_empty()).then(|| (pid, identity.to_owned()))
}

/// Takes a directory for this process, until the lock is dropped.
pub(super) fn lock(dir: &Path) -> Result<Flock<File>, LabError> {
    let path = dir.join(LOCK_FILE);
    let file = File::options().read(true).write(true).create(true).truncate(false).open(&path);
    let file = file.map_err(LabError::io("open", &path))?;
    match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(mut lock) => {
            let written = write_owner(&mut lock);
            written.map_err(LabError::io("write", &path))?;
            Ok(lock)
        }
        Err((mut file, nix::errno::Errno::EWOULDBLOCK)) => {
            let mut holder = String::new();
            // Best effort: the message is worth having without the number, too.
            let known = file.read_to_string(&mut holder).is_ok() && !holder.trim().is_empty();
            let holder = if known { holder.trim().to_owned() } else { "?".to_owned() };
            Err(LabError::DirectoryInUse { dir: dir.to_owned(), holder })
        }
        Err((_, errno)) => Err(LabError::io("lock", &path)(errno.into())),
    }
}

fn write_owner(file: &mut File) -> io::Result<()> {
    file.rewind()?;
    file.set_len(0)?;
    write!(file, "{}", std::process::id())
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    use super::*;

    #[test]
    fn a_directory_has_one_owner_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let first = ServerDirectory::claim(dir.path()).unwrap();
        let message = ServerDirectory::claim(dir.path()).unwrap_err().to_string();
        assert!(message.contains(&format!("process {}", std::process::id())), "{message}");
        drop(first);
        ServerDirectory::claim(dir.path()).unwrap();
    }

    #[test]
    fn a_leftover_server_is_ended_by_the_next_owner() {
        let dir = tempfile::tempdir().unwrap();
        let mut child = Command::new("sleep").arg("600").process_group(0).spawn().unwrap();
        ServerDirectory::claim(dir.path()).unwrap().note(child.id() as i32).unwrap();
        ServerDirectory::claim(dir.path()).unwrap();
        assert!(child.wait().unwrap().code().is_none(), "ended by a signal");
    }

    #[test]
    fn a_reused_process_id_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let mut child = Command::new("sleep").arg("600").process_group(0).spawn().unwrap();
        let note = format!("{} another-boot 1", child.id());
        fs::write(dir.path().join("server.process"), note).unwrap();
        ServerDirectory::claim(dir.path()).unwrap();
        assert!(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
