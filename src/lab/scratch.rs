//! Directories for the servers of a test run, which cannot clean up after itself: its servers live until the process
//! ends, and a process that is killed does nothing any more. So each run removes what ended runs have left.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use nix::fcntl::Flock;

use super::directory;
use super::error::LabError;

/// A new directory, this process's own as long as the value lives. The next [`Scratch::new`] of the same place and
/// prefix after that removes it.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
    _lock: Flock<File>,
}

impl Scratch {
    /// Makes a directory below `place`, its name beginning with `prefix`, that every user can pass through, and removes
    /// those of processes that have ended.
    pub fn new(place: &Path, prefix: &str) -> Result<Self, LabError> {
        sweep(place, prefix);
        let name = format!("{prefix}-{}", hex::encode(rand::random::<[u8; 6]>()));
        // It gets its name once it is locked, so that no other process takes it for a left one meanwhile.
        let (unfinished, path) = (place.join(format!(".{name}")), place.join(name));
        fs::create_dir_all(&unfinished).map_err(LabError::io("create", &unfinished))?;
        let open_to_all = fs::Permissions::from_mode(0o755);
        fs::set_permissions(&unfinished, open_to_all).map_err(LabError::io("open", &unfinished))?;
        let lock = directory::lock(&unfinished)?;
        fs::rename(&unfinished, &path).map_err(LabError::io("rename", &unfinished))?;
        Ok(Self { path, _lock: lock })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Removes what can be removed; another user's directories cannot.
fn sweep(place: &Path, prefix: &str) {
    let prefix = format!("{prefix}-");
    for entry in fs::read_dir(place).into_iter().flatten().flatten() {
        let is_ours = entry.file_name().to_string_lossy().starts_with(&prefix);
        let has_lock = || entry.path().join(directory::LOCK_FILE).is_file();
        if is_ours && has_lock() && directory::lock(&entry.path()).is_ok() {
            // A server may be ending in there and still write; then the next sweep removes the rest.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_lives_as_long_as_its_owner_and_the_next_removes_it() {
        let place = tempfile::tempdir().unwrap();
        let foreign = place.path().join("run-by-someone-else");
        fs::create_dir(&foreign).unwrap();
        let first = Scratch::new(place.path(), "run").unwrap();
        fs::write(first.path().join("data"), "1").unwrap();
        let second = Scratch::new(place.path(), "run").unwrap();
        assert!(first.path().join("data").exists(), "its owner lives");
        let left = first.path().to_owned();
        drop(first);
        Scratch::new(place.path(), "run").unwrap();
        assert!(!left.exists());
        assert!(second.path().exists() && foreign.exists());
    }
}
